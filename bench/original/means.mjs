// Asks for means: whether they are right, and how long that takes.

import { median } from '../harness/median.mjs'

/** Throws unless every mean is exact to 1e-9. */
export function checkMeans(average, totals) {
  for (const [name, { count, total }] of totals) {
    if (count === 0) continue
    const expected = total / count
    const found = average(name)
    if (!(Math.abs(found - expected) <= 1e-9 * expected)) {
      throw new Error(`the mean of ${name} is ${found} instead of ${expected}`)
    }
  }
}

/** Microseconds of a mean, of many names in turn. */
export function timeMeans(average, names, count) {
  const times = []
  for (let index = 0; index < count; index++) {
    const start = process.hrtime.bigint()
    average(names[index % names.length])
    times.push(Number(process.hrtime.bigint() - start) / 1_000)
  }
  return median(times)
}
