// The experiments of the original Python package, in Node, against SQLite.

import { versionOf } from '../harness/machine.mjs'
import { repeatWhileInvalid } from '../harness/repeat.mjs'
import { measureCaptures } from './captures.mjs'
import { measureLarge } from './large.mjs'
import { measureMean } from './mean.mjs'
import { measureRate } from './rate.mjs'
import { measureWorkers } from './workers.mjs'

const measures = {
  captures: measureCaptures,
  workers: measureWorkers,
  rate: measureRate,
  large: measureLarge,
  mean: measureMean,
}

export async function run(options) {
  const parts = {}
  const remarks = []
  for (const [name, measure] of Object.entries(measures)) {
    const valid = await repeatWhileInvalid(name, () => measure(options))
    parts[name] = valid.result
    remarks.push(...valid.remarks)
  }
  const all = Object.values(parts)
  return {
    title: "The original's experiments",
    clock: parts.captures.clock,
    rivals: { 'better-sqlite3': versionOf('better-sqlite3') },
    figures: all.flatMap((part) => part.figures),
    remarks,
    plots: all.map((part) => part.plot),
    raw: Object.fromEntries(Object.entries(parts).map(([name, { raw }]) => [name, raw])),
  }
}
