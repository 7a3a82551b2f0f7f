/** The clock of signals, and how far others are from it. */

import { performance } from 'node:perf_hooks'

/** Milliseconds of `performance.now()`, taken at load: fake clocks do not change what is told. */
export const clock: () => number = performance.now.bind(performance)

// A reading is believed at once when it took no longer; else the best of so many counts.
const leastMs = 1
const tries = 5

/**
 * Milliseconds from the zero of another clock to that of `clock`, or not a number when the other
 * gives none. A thread that is put off between two readings would move all times that follow, so
 * the other is read between two of ours.
 */
export function aheadMs(other: () => unknown): number {
  let [ahead, shortestMs] = [NaN, Infinity]
  for (let n = 0; n < tries && shortestMs > leastMs; n += 1) {
    const beforeMs = clock()
    const read = other()
    const tookMs = clock() - beforeMs
    if (typeof read !== 'number') return NaN
    if (tookMs < shortestMs) [ahead, shortestMs] = [read - beforeMs, tookMs]
  }
  return ahead
}
