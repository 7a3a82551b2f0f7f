// What a row costs as an object, beside the typed arrays that it is read from.

import { runChild } from '../harness/child.mjs'
import { withDirectory } from '../harness/directory.mjs'
import { figure } from '../harness/figure.mjs'
import { barsOf } from '../harness/plot.mjs'

const full = { count: 1_000_000, streamed: 10_000_000, repeat: 9, logs: [1e4, 1e5, 1e6] }
const short = { count: 100_000, streamed: 1_000_000, repeat: 3, logs: [1e4, 1e5] }

const script = new URL('process.mjs', import.meta.url)

function ask(task, settings) {
  return runChild(script, { task, ...settings }, { execArgv: ['--expose-gc'] })
}

function compareFigures(rows, { columns, fetchAll, rowBytes }) {
  const ratios = fetchAll.map((time, index) => time / columns[index])
  return [
    figure(`${rows} rows as typed arrays`, 'ms', columns),
    figure(`fetchAll of ${rows} rows`, 'ms', fetchAll),
    figure('fetchAll, of the typed arrays alone', 'x', ratios, { atMost: 3 }),
    figure('memory of a row of fetchAll', 'bytes', [rowBytes]),
  ]
}

function streamFigures(rows, { seconds, peak, end }) {
  return [
    figure(`rows() over ${rows} rows, each looked at`, 's', [seconds]),
    figure('memory at its end', 'MB', [end]),
    figure('highest after the first tenth, of that', 'x', [peak / end], { atMost: 1.25 }),
  ]
}

function logsFigures(counts, times) {
  return counts.map((count, index) =>
    figure(`logs() of ${count.toLocaleString('en')} rows as JSON`, 'ms', times[index]))
}

export async function run({ isShort, say }) {
  const { count, streamed, repeat, logs: counts } = isShort ? short : full
  const results = await withDirectory(async (dir) => {
    const { clock } = await ask('fill', { dir, count })
    const compared = await ask('compare', { dir, count, repeat })
    return { clock, compared, logs: await ask('logs', { dir, counts, repeat: 3 }) }
  })
  const stream = await withDirectory(async (dir) => {
    await ask('fill', { dir, count: streamed })
    return ask('stream', { dir, count: streamed })
  })
  const [rows, many] = [count, streamed].map((number) => number.toLocaleString('en'))
  const compared = compareFigures(rows, results.compared)
  const figures = [
    ...compared,
    ...streamFigures(many, stream),
    ...logsFigures(counts, results.logs),
  ]
  for (const one of figures) say(one)
  const bars = barsOf(figures.filter(({ unit }) => unit === 'ms'))
  return {
    title: 'Rows in JavaScript',
    clock: results.clock,
    figures,
    remarks: [],
    plots: [{ title: `${rows} rows`, axis: 'ms', bars }],
    raw: { ...results, stream },
  }
}
