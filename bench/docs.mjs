// Writes the figures of bench/out into docs/benchmarks.md and README.md: none is typed by hand.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { outFolder } from './harness/directory.mjs'
import { digits, goalText } from './harness/figure.mjs'

const names = ['capture', 'http', 'original', 'footprint', 'store', 'answers', 'rows']

function rowOf({ label, unit, value, min, max, runs, goal, isMet }) {
  const range = runs > 1 ? `${digits(min)} to ${digits(max)}` : ''
  const verdict = isMet ? 'met' : '**missed**'
  const held = goal === undefined ? '' : `${goalText(goal)}: ${verdict}`
  return `| ${label} | ${digits(value)} ${unit} | ${range} | ${held} |`
}

function headOf({ machine, clock, dropped, rivals = {} }) {
  const { when, cpu, cpuCount, system, kernelClock, node, kronicler, revision } = machine
  const others = Object.entries(rivals).map(([name, version]) => `, ${name} ${version}`)
  const versions = `kronicler ${kronicler} (${revision}), Node ${node}${others.join('')}`
  return `${when.slice(0, 10)}, ${versions}; `
    + `${cpu}, ${cpuCount} CPUs, ${system}, kernel clock ${kernelClock}; `
    + `clock ${clock}, ${dropped} calls dropped.`
}

function readRun(name) {
  const file = path.join(outFolder, `${name}.json`)
  if (!existsSync(file)) throw new Error(`there is no run of ${name}: npm run bench -- ${name}`)
  const run = JSON.parse(readFileSync(file, 'utf8'))
  if (run.isShort) throw new Error(`the run of ${name} was a short one: npm run bench -- ${name}`)
  return run
}

/** A table of its own for each part of a bench. */
function tableOf(part, figures) {
  const heading = part === '' ? [] : [`#### ${part}`, '']
  const head = ['| what | median | least to most | goal |', '|---|---|---|---|']
  return [...heading, ...head, ...figures.map(rowOf), '']
}

function sectionOf(run) {
  const parts = [...new Set(run.figures.map(({ part = '' }) => part))]
  return [
    `### ${run.title}`,
    '',
    headOf(run),
    '',
    ...parts.flatMap((one) =>
      tableOf(one, run.figures.filter(({ part = '' }) => part === one)),
    ),
    ...run.remarks.map((remark) => `- ${remark}`),
  ].join('\n').trim()
}

/** Nanoseconds that each way adds to a call, on each Node. */
function costTable({ figures, machine }) {
  const shown = figures.filter(({ way }) => way !== undefined)
  const nodes = [...new Set(shown.map(({ node }) => node))]
  const cellOf = (way, major) => {
    const found = shown.find((one) => one.way === way && one.node === major)
    return `${digits(found.value)} ns`
  }
  const rows = [...new Set(shown.map(({ way }) => way))].map(
    (way) => `| ${way} | ${nodes.map((major) => cellOf(way, major)).join(' | ')} |`,
  )
  return [
    `| added to a call | ${nodes.map((major) => `Node ${major}`).join(' | ')} |`,
    `|---|${'--:|'.repeat(nodes.length)}`,
    ...rows,
    '',
    `Medians of ${shown[0].runs} processes; ${machine.when.slice(0, 10)}, ${machine.cpu}.`,
  ].join('\n')
}

/** Writes between two comments of a page. */
function fill(page, what, content) {
  const file = fileURLToPath(new URL(`../${page}`, import.meta.url))
  const text = readFileSync(file, 'utf8')
  const [begin, end] = [`<!-- ${what} -->`, `<!-- end of ${what} -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`${page} lacks ${begin} or ${end}`)
  const before = text.slice(0, from + begin.length)
  writeFileSync(file, `${before}\n\n${content}\n\n${text.slice(to)}`)
}

const runs = names.map(readRun)
fill('docs/benchmarks.md', 'figures', runs.map(sectionOf).join('\n\n'))
fill('README.md', 'cost', costTable(runs[0]))
