// The mean of a function out of many rows, against SELECT AVG and a running mean in SQLite.

import { runChild } from '../harness/child.mjs'
import { withDirectory } from '../harness/directory.mjs'
import { figure } from '../harness/figure.mjs'
import { barsOf } from '../harness/plot.mjs'

const fillScript = new URL('mean-process.mjs', import.meta.url)
const reopenScript = new URL('reopen-process.mjs', import.meta.url)

async function runKronicler(count, runs) {
  return withDirectory(async (dir) => {
    const filled = await runChild(fillScript, { arm: 'kronicler', dir, count, meanCount: 1_001 })
    const reopen = async (how) => {
      const results = []
      const settings = { dir, totals: filled.totals, ...how }
      while (results.length < runs) results.push(await runChild(reopenScript, settings))
      return results
    }
    return {
      filled,
      reopened: await reopen({}),
      reader: await reopen({ isReader: true }),
    }
  })
}

function runSqlite(arm, count, meanCount) {
  return withDirectory((dir) => runChild(fillScript, { arm, dir, count, meanCount }))
}

const isFast = { atMost: 20 }

function figuresOf({ filled, reopened, reader }, what) {
  const us = (label, results, key, goal) =>
    figure(`${label}, ${what}`, 'us', results.map((one) => one[key]), goal)
  const open = (label, results, goal) =>
    figure(`${label}, ${what}`, 's', results.map((one) => one.open / 1e6), goal)
  return {
    mean: us('mean: Kronicler', [filled], 'mean', isFast),
    waiting: us('mean while 10,000 rows wait', [filled], 'meanWaiting'),
    open: open('open', reopened, { atMost: 1 }),
    veryFirst: us('very first mean after that', reopened, 'veryFirstMean'),
    first: us('first 30 means after that, median', reopened, 'firstMeans', isFast),
    reopened: us('mean after reopening', reopened, 'mean', isFast),
    openReader: open('open as a reader', reader),
    reader: us('mean as a reader', reader, 'mean'),
  }
}

async function measure(count, { runs, meanCount }) {
  const what = `${count.toLocaleString('en')} rows`
  const kronicler = await runKronicler(count, runs)
  const sqlite = await runSqlite('sqlite', count, meanCount)
  // A running mean is as fast whatever the number of rows.
  const means = await runSqlite('means', Math.min(count, 100_000), 1_001)
  const { mean } = kronicler.filled
  const own = figuresOf(kronicler, what)
  const average = figure(`mean: SQLite, SELECT AVG, ${what}`, 'us', [sqlite.mean])
  const running = figure(`mean: SQLite, running mean, ${what}`, 'us', [means.mean])
  const ratios = [
    figure(`SELECT AVG, of Kronicler's mean, ${what}`, 'x', [sqlite.mean / mean]),
    figure(`running mean in SQLite, of Kronicler's, ${what}`, 'x', [means.mean / mean]),
  ]
  const { totals: _, ...filled } = kronicler.filled
  return {
    figures: [...Object.values(own), average, running, ...ratios],
    compared: [own.mean, own.first, own.reopened, running, average],
    raw: { what, ...kronicler, filled, sqlite, means },
  }
}

export async function measureMean({ isShort, say }) {
  const counts = isShort ? [100_000, 1_000_000] : [100_000, 10_000_000]
  const parts = []
  for (const count of counts) {
    const part = await measure(count, { runs: isShort ? 1 : 5, meanCount: isShort ? 3 : 31 })
    for (const one of part.figures) say(one)
    parts.push(part)
  }
  return {
    figures: parts.flatMap((part) => part.figures),
    plot: {
      name: 'mean',
      title: 'The mean of a function, out of many rows',
      axis: 'microseconds',
      isLog: true,
      bars: barsOf(parts.flatMap((part) => part.compared)),
    },
    raw: parts.map((part) => part.raw),
  }
}
