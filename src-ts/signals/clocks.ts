/** The clock of signals, and how far others are from it. */

type Performance = typeof import('node:perf_hooks').performance

/** Node's own, loaded when the first signal is asked for: most programs ask for none. */
let performance: Performance | undefined
let now: (() => number) | undefined

function findPerformance(): Performance {
  performance ??= process.getBuiltinModule('node:perf_hooks').performance
  return performance
}

function findNow(): () => number {
  const own = findPerformance()
  // Fake clocks lie over it; below them is the one that runs.
  const real = Reflect.getPrototypeOf(own) as Partial<Performance> | null
  return (real?.now ?? own.now).bind(own)
}

/** Milliseconds of `performance.now()`, of which fake clocks know nothing. */
export function clock(): number {
  now ??= findNow()
  return now()
}

/** What was the time of day, in milliseconds from the Unix epoch, when `clock` began. */
export function timeOrigin(): number {
  return findPerformance().timeOrigin
}

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
