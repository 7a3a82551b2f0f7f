// Second experiment of the original: the mean of many manual captures, exact and at once.

import { runChild } from '../harness/child.mjs'
import { withDirectory } from '../harness/directory.mjs'
import { figure } from '../harness/figure.mjs'
import { barsOf } from '../harness/plot.mjs'

const script = new URL('large-process.mjs', import.meta.url)

function runProcess(count, isKept) {
  return withDirectory((dir) => runChild(script, { dir, count, isKept }))
}

function secondsOf({ captureSeconds, syncSeconds }) {
  return captureSeconds + syncSeconds
}

async function measure(count, isKept, runs) {
  const results = []
  while (results.length < runs) results.push(await runProcess(count, isKept))
  const what = `${count.toLocaleString('en')} rows, ${isKept ? 'durations kept' : 'sum only'}`
  const values = (pick) => results.map(pick)
  return {
    insert: figure(`insert and sync: ${what}`, 's', values(secondsOf)),
    mean: figure(`mean: ${what}`, 'us', values((one) => one.meanMedian), { atMost: 20 }),
    error: figure(`error of the mean: ${what}`, '', values((one) => one.error), { atMost: 1e-9 }),
    raw: { what, results },
  }
}

export async function measureLarge({ isShort, say }) {
  const counts = isShort ? [100_000, 1_000_000] : [100_000, 10_000_000]
  const measured = []
  for (const count of counts) {
    for (const isKept of [true, false]) {
      const one = await measure(count, isKept, isShort ? 1 : 3)
      for (const shown of [one.insert, one.mean, one.error]) say(shown)
      measured.push(one)
    }
  }
  return {
    figures: measured.flatMap(({ insert, mean, error }) => [insert, mean, error]),
    plot: {
      name: 'large',
      title: 'Many manual captures, one by one, and then a sync',
      axis: 'seconds',
      isLog: true,
      bars: barsOf(measured.map((one) => one.insert)),
    },
    raw: measured.map((one) => one.raw),
  }
}
