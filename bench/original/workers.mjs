// The first experiment again, with four workers that capture into one database at once.

import { runChild } from '../harness/child.mjs'
import { withDirectory } from '../harness/directory.mjs'
import { figure } from '../harness/figure.mjs'
import { barsOf } from '../harness/plot.mjs'

const script = new URL('workers-process.mjs', import.meta.url)
const labels = {
  bare: 'call without capture, 4 workers',
  sqlite: 'captured, SQLite one by one, 4 workers',
  batch: 'captured, SQLite in batches of 1,000, 4 workers',
  kronicler: 'captured, Kronicler, 4 workers',
}

function runProcess(isShort) {
  return withDirectory((dir) => {
    // 50 repeats in five rounds, so that each arm comes at several times.
    const counts = { captures: 1_000, repeats: 10, rounds: isShort ? 2 : 5, warmUpRounds: 1 }
    const settings = { dir, workerCount: 4, ...counts }
    return runChild(script, settings, { env: { KRONICLER_DIR: `${dir}/kronicler` } })
  })
}

export async function measureWorkers({ isShort, say }) {
  const results = []
  while (results.length < (isShort ? 1 : 3)) results.push(await runProcess(isShort))
  const times = (arm) => results.map((one) => one[arm])
  const ratio = (arm) => results.map((one) => one[arm] / one.kronicler)
  const absolute = Object.entries(labels).map(([arm, label]) => figure(label, 'ns', times(arm)))
  const ratios = [
    figure('SQLite one by one, of Kronicler, 4 workers', 'x', ratio('sqlite')),
    figure('SQLite in batches, of Kronicler, 4 workers', 'x', ratio('batch')),
  ]
  for (const one of [...absolute, ...ratios]) say(one)
  return {
    figures: [...absolute, ...ratios],
    plot: {
      name: 'workers',
      title: 'Four workers capture at once: time of one capture',
      axis: 'nanoseconds a call',
      isLog: true,
      bars: barsOf(absolute),
    },
    raw: results,
  }
}
