// The reference data: calls of 30 functions as services have them, the same in every run.
//
// Popularity is Zipf with exponent 1.1. Each function has a median between 2 us and 50 ms, drawn
// log-uniformly, and a log-normal spread with a sigma between 0.25 and 1. 1.5 % of the calls come
// from a Pareto tail (alpha 1.3) that begins two sigma above the median and is cut at 500 times
// its beginning. Starts are a Poisson process, one each 2.16 ms on average; rows are in the order
// of their starts here, because manual rows take whatever order they are given.

import { seededRandom } from './random.mjs'

const FUNCTION_COUNT = 30
const ZIPF = 1.1
const MEDIAN_MIN_NS = 2e3
const MEDIAN_MAX_NS = 50e6
const SIGMA_MIN = 0.25
const SIGMA_MAX = 1
const TAIL_SHARE = 0.015
const TAIL_ALPHA = 1.3
const TAIL_CUT = 500
const GAP_NS = 2.16e6
// Any time will do; numbers near 2^60 would not be exact.
const FIRST_START_NS = 1e12

/** Index of a function, by popularity. */
function popularity(random) {
  const weights = Array.from({ length: FUNCTION_COUNT }, (_, rank) => (rank + 1) ** -ZIPF)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let below = 0
  const bounds = weights.map((weight) => (below += weight / total))
  return () => {
    const drawn = random()
    const found = bounds.findIndex((bound) => drawn < bound)
    return found === -1 ? FUNCTION_COUNT - 1 : found
  }
}

/** Standard normal, by Box and Muller; the second of each pair is not used. */
function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

function durationOf({ medianNs, sigma }, random) {
  if (random() >= TAIL_SHARE) return medianNs * Math.exp(sigma * normal(random))
  const beginning = medianNs * Math.exp(2 * sigma)
  return Math.min(beginning * (1 - random()) ** (-1 / TAIL_ALPHA), beginning * TAIL_CUT)
}

function drawFunctions(random) {
  return Array.from({ length: FUNCTION_COUNT }, (_, index) => ({
    name: `function${index}`,
    medianNs: MEDIAN_MIN_NS * (MEDIAN_MAX_NS / MEDIAN_MIN_NS) ** random(),
    sigma: SIGMA_MIN + (SIGMA_MAX - SIGMA_MIN) * random(),
  }))
}

/** Calls `take(name, start, end)` for each row; returns the exact count and total by name. */
export function generate(count, take) {
  const random = seededRandom(42)
  const functions = drawFunctions(random)
  const pick = popularity(random)
  const totals = new Map(functions.map(({ name }) => [name, { count: 0, total: 0 }]))
  let start = FIRST_START_NS
  for (let row = 0; row < count; row++) {
    const fn = functions[pick()]
    start += Math.round(-Math.log(1 - random()) * GAP_NS)
    const duration = Math.max(1, Math.round(durationOf(fn, random)))
    take(fn.name, start, start + duration)
    const total = totals.get(fn.name)
    total.count += 1
    total.total += duration
  }
  return totals
}
