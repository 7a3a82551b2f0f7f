// How many manual captures a second, against SQLite one by one and in batches; all end in a sync.

import { runChild } from '../harness/child.mjs'
import { withDirectory } from '../harness/directory.mjs'
import { figure } from '../harness/figure.mjs'
import { barsOf } from '../harness/plot.mjs'

const script = new URL('rate-process.mjs', import.meta.url)
const arms = [
  { arm: 'kronicler', label: 'Kronicler, db.capture', count: 3_000_000 },
  { arm: 'sqlite', label: 'SQLite one by one', count: 100_000 },
  { arm: 'means', label: 'SQLite one by one, with a running mean', count: 100_000 },
  { arm: 'batch', label: 'SQLite in batches of 1,000', count: 1_000_000 },
]

/** All arms in turn, each in a process and a directory of its own. */
async function runRound(isShort) {
  const results = {}
  for (const { arm, count } of arms) {
    const settings = { arm, count: isShort ? count / 10 : count }
    results[arm] = await withDirectory((dir) => runChild(script, { ...settings, dir }))
  }
  return results
}

export async function measureRate({ isShort, say }) {
  const results = []
  while (results.length < (isShort ? 1 : 5)) results.push(await runRound(isShort))
  const rates = (arm) => results.map((one) => one[arm].rowsPerSecond)
  const ratio = (arm) =>
    results.map((one) => one.kronicler.rowsPerSecond / one[arm].rowsPerSecond)
  const absolute = arms.map(({ arm, label }) => figure(label, 'rows/s', rates(arm)))
  const ratios = [
    figure('db.capture, of SQLite one by one', 'x', ratio('sqlite'), { atLeast: 50 }),
    figure('db.capture, of SQLite with a running mean', 'x', ratio('means')),
    figure('db.capture, of SQLite in batches of 1,000', 'x', ratio('batch'), { atLeast: 1 }),
  ]
  for (const one of [...absolute, ...ratios]) say(one)
  return {
    figures: [...absolute, ...ratios],
    plot: {
      name: 'rate',
      title: 'Manual captures, one call each, ending in a sync',
      axis: 'rows a second',
      isLog: true,
      bars: barsOf(absolute),
    },
    raw: results,
  }
}
