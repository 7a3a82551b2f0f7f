// Answers: Kronicler and its rivals on the same ten million rows, asked in turn, and `kr` itself.

import { closeSync, openSync, readSync, statSync } from 'node:fs'
import path from 'node:path'
import { withDirectory } from '../harness/directory.mjs'
import { figure } from '../harness/figure.mjs'
import { barsOf } from '../harness/plot.mjs'
import { repeatWhileNoisy } from '../harness/repeat.mjs'
import { askRival, findRivals, loadRival } from '../rivals/rivals.mjs'
import { buildEngine } from '../store/engine.mjs'
import { checkAnswers, checkSketches } from './agree.mjs'
import { measureBlocking } from './blocking.mjs'
import { measureCommands, rehearseCommands } from './commands.mjs'
import { others, questions } from './questions.mjs'

const full = { rounds: 3, rows: 10_000_000, repeat: 5, memory: 4_000 }
const short = { rounds: 2, rows: 200_000, repeat: 2, memory: 1_000 }

const PERIOD_COUNT = 200n

const ours = { name: 'kronicler', title: 'Kronicler' }

/** When the first and the last row ended, in nanoseconds. */
function endsOf(columns) {
  const file = path.join(columns, 'ends.i64')
  const descriptor = openSync(file, 'r')
  const read = (position) => {
    const bytes = Buffer.alloc(8)
    readSync(descriptor, bytes, 0, 8, position)
    return bytes.readBigInt64LE()
  }
  const ends = [read(0), read(statSync(file).size - 8)]
  closeSync(descriptor)
  return ends
}

/**
 * Which rows the questions mean: ten minutes in the middle, or a quarter of what is shorter; for
 * the heatmap 200 columns over all, which begin at multiples of their width.
 */
function windowsOf(columns) {
  const [first, last] = endsOf(columns)
  const tenMinutes = 600_000_000_000n
  const quarter = (last - first) / 4n
  const since = first + (last - first) / 2n
  const until = since + (quarter < tenMinutes ? quarter : tenMinutes)
  const width = (last - first) / (PERIOD_COUNT - 1n) + 1n
  const begin = first - (first % width)
  const windows = { since, until, begin, width }
  return Object.entries(windows).flatMap(([name, value]) => [`--${name}`, String(value)])
}

/** Stores the rows everywhere. */
async function loadAll(engine, rivals, { rows, memory, dir, columns }) {
  await engine('generate', columns, '--rows', rows)
  await engine('ingest', path.join(dir, ours.name), '--rows', rows)
  for (const rival of rivals) {
    await loadRival(rival, { dir: path.join(dir, rival.name), columns, memory })
  }
}

/** Asks all in turn, in another order each time: for each round the measures by arm. */
async function askAll(engine, rivals, { rounds, repeat, memory, dir, columns }) {
  const windows = windowsOf(columns)
  const ask = (arm) => {
    const folder = path.join(dir, arm.name)
    return arm === ours
      ? engine('query', folder, '--repeat', repeat, ...windows)
      : askRival(arm, { dir: folder, columns, memory, repeat }, windows)
  }
  const measured = []
  for (let round = 0; round < rounds; round++) {
    const due = rivals.filter(({ roundsMax = Infinity }) => round < roundsMax)
    const told = {}
    const arms = round % 2 === 0 ? [ours, ...due] : [...due, ours]
    for (const arm of arms) told[arm.name] = await ask(arm)
    checkSketches(told.kronicler)
    for (const rival of due) checkAnswers(rival, told[rival.name], told.kronicler)
    measured.push(told)
  }
  return measured
}

function valuesOf(measured, arm, measure) {
  return measured.flatMap((round) => round[arm]?.[measure]?.value ?? [])
}

function asked(question, { title }, unit, values, goal) {
  const isRatio = unit === 'x'
  const label = `${question}: ${title}${isRatio ? `, of ${ours.title}` : ''}`
  return { ...figure(label, unit, values, goal), part: 'Questions', question, engine: title }
}

/** What a rival takes, and how many times as long as Kronicler in the same round. */
function compare(measured, { measure, label, unit }, rival, atLeast) {
  const theirs = valuesOf(measured, rival.name, measure)
  if (theirs.length === 0) return []
  const kronicler = valuesOf(measured, ours.name, measure)
  const ratios = theirs.map((value, index) => value / kronicler[index])
  const figures = [
    asked(label, rival, unit, theirs),
    asked(label, rival, 'x', ratios, atLeast && { atLeast }),
  ]
  return figures.map((one) => Object.assign(one, { command: `rival.py ${rival.name} query` }))
}

function figuresOf({ measure, label, atMost, rivals: goals = {} }, measured, rivals) {
  const { unit } = measured[0].kronicler[measure]
  const own = asked(label, ours, unit, valuesOf(measured, ours.name, measure), atMost && { atMost })
  const compared = rivals.flatMap((rival) =>
    compare(measured, { measure, label, unit }, rival, goals[rival.name]))
  return [Object.assign(own, { command: 'kronicler-bench query' }), ...compared]
}

/** The baseline: what never changes is how long others take to scan all rows. */
function baselinesOf(measured) {
  const scans = valuesOf(measured, 'duckdb', 'statistics')
  return scans.length > 0 ? scans : valuesOf(measured, ours.name, 'percentiles')
}

async function measureReference(engine, { rivals, judge, wanted }, sizes) {
  return withDirectory(async (folder) => {
    const dir = path.join(folder, 'rows')
    const all = { ...sizes, dir, columns: path.join(folder, 'columns') }
    await loadAll(engine, rivals, all)
    const { result, remarks } = await repeatWhileNoisy('answers', {
      run: () => askAll(engine, rivals, all), baselinesOf,
    })
    if (judge !== undefined) {
      const edges = ['--edges', result[0].kronicler.edges.values.map(BigInt).join(',')]
      const right = await askRival(judge, all, [...windowsOf(all.columns), ...edges])
      checkAnswers(judge, right, result[0].kronicler)
    }
    const own = { ...sizes, dir: path.join(dir, ours.name) }
    const commands = await measureCommands(engine, wanted, own)
    // The last, since it adds rows.
    const blocking = await measureBlocking(own)
    return { measured: result, remarks, commands, blocking }
  })
}

/** Ten times the rows: stored once, and only asked what needs few of them. */
function measureTenfold(engine, wanted, { rows, ...sizes }) {
  return withDirectory(async (folder) => {
    const dir = path.join(folder, ours.name)
    const tenfold = { ...sizes, rows: 10 * rows, dir, isTenfold: true }
    await engine('ingest', tenfold.dir, '--rows', tenfold.rows)
    return measureCommands(engine, wanted, tenfold)
  })
}

/** Bars of the questions, those of all engines together. */
function questionPlot(figures, rows) {
  const shown = figures.filter(({ question, unit }) => question !== undefined && unit === 'ms')
  const bars = barsOf(shown).map((bar, index) => {
    const { question: group, engine: label } = shown[index]
    return Object.assign(bar, { group, label, isOther: label !== ours.title })
  })
  const title = `Questions on ${rows} rows, one thread`
  return { name: 'questions', title, axis: 'ms', isLog: true, bars }
}

function commandPlot(figures, rows) {
  const shown = figures.filter(({ part, unit }) => part === 'Whole processes' && unit === 'ms')
  const bars = barsOf(shown)
  const title = `kr from its start to its end, ${rows} rows`
  return { name: 'commands', title, axis: 'ms', bars }
}

export async function run({ isShort, say }) {
  const sizes = isShort ? short : full
  const engine = buildEngine()
  const { wanted, remarks: failures } = await rehearseCommands(engine)
  for (const failure of failures) process.stderr.write(`  ! ${failure}\n`)
  const { rivals, judge, remarks } = await findRivals()
  const reference = await measureReference(engine, { rivals, judge, wanted }, sizes)
  const figures = [
    ...[...questions, ...others].flatMap((one) => figuresOf(one, reference.measured, rivals)),
    ...reference.commands,
    ...reference.blocking,
    ...(await measureTenfold(engine, wanted, sizes)),
  ]
  for (const one of figures) say(one)
  const rows = sizes.rows.toLocaleString('en')
  return {
    title: `Answers, ${rows} rows`,
    clock: 'the system’s',
    rivals: Object.fromEntries(rivals.map(({ title, version }) => [title, version])),
    figures,
    remarks: [...failures, ...remarks, ...reference.remarks],
    plots: [questionPlot(figures, rows), commandPlot(figures, rows)],
    raw: reference.measured,
  }
}
