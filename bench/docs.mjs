// Writes the runs in bench/out into docs/benchmarks.md, its plots and README.md: no figure is typed
// by hand. What there is no full run of stays as it was.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { outFolder } from './harness/directory.mjs'
import { digits, goalText } from './harness/figure.mjs'
import { names } from './harness/names.mjs'
import { writePlots } from './harness/plot.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const plotFolder = path.join(root, 'docs/plots')

function rowOf({ label, unit, value, min, max, runs, goal, isMet, command }, hasCommands) {
  const range = runs > 1 ? `${digits(min)} to ${digits(max)}` : ''
  const verdict = isMet ? 'met' : '**missed**'
  const held = goal === undefined ? '' : `${goalText(goal)}: ${verdict}`
  const cells = [label, `${digits(value)} ${unit}`, range, held]
  if (hasCommands) cells.push(command === undefined ? '' : `\`${command}\``)
  return `| ${cells.join(' | ')} |`
}

function headOf({ name, figures, machine, clock, dropped, rivals = {} }) {
  const { when, cpu, cpuCount, system, kernelClock, node, kronicler, revision } = machine
  const others = Object.entries(rivals).map(([rival, version]) => `, ${rival} ${version}`)
  const versions = `kronicler ${kronicler} (${revision}), Node ${node}${others.join('')}`
  return `\`npm run bench -- ${name}\`, ${when.slice(0, 10)}, ${versions}; `
    + `${cpu}, ${cpuCount} CPUs, ${system}, kernel clock ${kernelClock}; `
    + `clock ${clock}, ${dropped} calls dropped. `
    + `Medians of ${Math.max(...figures.map(({ runs }) => runs))} rounds where a range is shown.`
}

/** The full run of a bench, if there is one. */
function readRun(name) {
  const file = path.join(outFolder, `${name}.json`)
  const run = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
  if (run !== undefined && !run.isShort) return run
  const found = run === undefined ? 'there is no run of it' : 'its last run was a short one'
  process.stdout.write(`${name} stays as it was: ${found} (npm run bench -- ${name})\n`)
  return undefined
}

/** A table of its own for each part of a bench. */
function tableOf(part, figures) {
  const hasCommands = figures.some(({ command }) => command !== undefined)
  const heading = part === '' ? [] : [`#### ${part}`, '']
  const columns = ['what', 'median', 'least to most', 'goal', ...(hasCommands ? ['command'] : [])]
  const head = [`| ${columns.join(' | ')} |`, `|${'---|'.repeat(columns.length)}`]
  return [...heading, ...head, ...figures.map((one) => rowOf(one, hasCommands)), '']
}

/** Draws the plots of a run in place of those of the run before; lines that show them. */
function drawPlots({ name, plots = [] }) {
  mkdirSync(plotFolder, { recursive: true })
  const isOld = (file) => file === `${name}.svg` || file.startsWith(`${name}-`)
  for (const file of readdirSync(plotFolder).filter(isOld)) rmSync(path.join(plotFolder, file))
  return writePlots(plotFolder, name, plots)
    .flatMap(({ file, title }) => [`![${title}](plots/${file})`, ''])
}

function sectionOf(run) {
  const parts = [...new Set(run.figures.map(({ part = '' }) => part))]
  return [
    `### ${run.title}`,
    '',
    headOf(run),
    '',
    ...drawPlots(run),
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
    `Medians of ${shown[0].runs} processes, \`npm run bench:capture\`; `
      + `${machine.when.slice(0, 10)}, ${machine.cpu}.`,
  ].join('\n')
}

/** What each engine takes for each question, in milliseconds. */
function answerTable({ figures, machine }) {
  const shown = figures.filter(({ question, unit }) => question !== undefined && unit === 'ms')
  const engines = ['Kronicler', 'DuckDB', 'ClickHouse (chdb)', 'SQLite']
  const cellOf = (question, engine) => {
    const found = shown.find((one) => one.question === question && one.engine === engine)
    return found === undefined ? '' : `${digits(found.value)} ms`
  }
  const asked = [...new Set(shown.map(({ question }) => question))]
  const rows = asked.map(
    (one) => `| ${one} | ${engines.map((engine) => cellOf(one, engine)).join(' | ')} |`,
  )
  return [
    `| ten million rows | ${engines.join(' | ')} |`,
    `|---|${'--:|'.repeat(engines.length)}`,
    ...rows,
    '',
    `One thread each, warm, \`npm run bench -- answers\`; `
      + `${machine.when.slice(0, 10)}, ${machine.cpu}.`,
  ].join('\n')
}

/** Writes between two comments of a page. */
function fill(page, what, content) {
  const file = path.join(root, page)
  const text = readFileSync(file, 'utf8')
  const [begin, end] = [`<!-- ${what} -->`, `<!-- end of ${what} -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`${page} lacks ${begin} or ${end}`)
  const before = text.slice(0, from + begin.length)
  writeFileSync(file, `${before}\n\n${content}\n\n${text.slice(to)}`)
}

for (const name of names) {
  const run = readRun(name)
  if (run === undefined) continue
  fill('docs/benchmarks.md', `figures of ${name}`, sectionOf(run))
  if (name === 'capture') fill('README.md', 'cost', costTable(run))
  if (name === 'answers') fill('README.md', 'answers', answerTable(run))
}
