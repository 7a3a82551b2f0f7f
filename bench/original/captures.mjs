// First experiment of the original: what a capture of a small function costs.

import { runChild } from '../harness/child.mjs'
import { withDirectory } from '../harness/directory.mjs'
import { figure } from '../harness/figure.mjs'
import { barsOf } from '../harness/plot.mjs'

const script = new URL('captures-process.mjs', import.meta.url)
const labels = {
  bare: 'call without capture',
  sqlite: 'captured, SQLite one by one',
  batch: 'captured, SQLite in batches of 1,000',
  kronicler: 'captured, Kronicler',
}

function runProcess(isShort) {
  return withDirectory((dir) => {
    const repeats = isShort ? 20 : 50
    const settings = { dir, captures: 1_000, repeats, warmUpRepeats: 10 }
    return runChild(script, settings, { env: { KRONICLER_DIR: `${dir}/kronicler` } })
  })
}

export async function measureCaptures({ isShort, say }) {
  const results = []
  while (results.length < (isShort ? 1 : 5)) results.push(await runProcess(isShort))
  const times = (arm) => results.map((one) => one.nsPerCapture[arm])
  const ratio = (arm) =>
    results.map(({ nsPerCapture }) => nsPerCapture[arm] / nsPerCapture.kronicler)
  const absolute = Object.entries(labels).map(([arm, label]) => figure(label, 'ns', times(arm)))
  const ratios = [
    figure('SQLite one by one, of Kronicler', 'x', ratio('sqlite')),
    figure('SQLite in batches of 1,000, of Kronicler', 'x', ratio('batch')),
  ]
  for (const one of [...absolute, ...ratios]) say(one)
  return {
    figures: [...absolute, ...ratios],
    plot: {
      name: 'captures',
      title: '1,000 captures of a small function: time of one',
      axis: 'nanoseconds a call',
      isLog: true,
      bars: barsOf(absolute),
    },
    raw: results,
    clock: results[0].clock,
  }
}
