// Writes the figures of bench/out into docs/benchmarks.md, so that none is typed by hand.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { outFolder } from './harness/directory.mjs'
import { digits, goalText } from './harness/figure.mjs'

const page = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))
const names = ['capture', 'http', 'original', 'footprint', 'store', 'rows']

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

function sectionOf(name) {
  const file = path.join(outFolder, `${name}.json`)
  if (!existsSync(file)) throw new Error(`there is no run of ${name}: npm run bench -- ${name}`)
  const run = JSON.parse(readFileSync(file, 'utf8'))
  if (run.isShort) throw new Error(`the run of ${name} was a short one: npm run bench -- ${name}`)
  return [
    `### ${run.title}`,
    '',
    headOf(run),
    '',
    '| what | median | least to most | goal |',
    '|---|---|---|---|',
    ...run.figures.map(rowOf),
    '',
    ...run.remarks.map((remark) => `- ${remark}`),
  ].join('\n')
}

function replaceBetween(text, begin, end, content) {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`docs/benchmarks.md lacks ${begin} or ${end}`)
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`
}

const figures = names.map((name) => sectionOf(name).trim()).join('\n\n')
const text = readFileSync(page, 'utf8')
writeFileSync(page, replaceBetween(text, '<!-- figures -->', '<!-- end of figures -->', figures))
