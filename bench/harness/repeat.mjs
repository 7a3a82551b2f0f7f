// Runs again what failed, or was measured while something else used the machine.

import { spread } from './median.mjs'

const SPREAD_MAX = 0.1
const RUN_COUNT_MAX = 3

function percent(share) {
  return `${(100 * share).toFixed(0)} %`
}

/**
 * Runs again, at most three times in all, what throws: a run that lost calls is invalid.
 * Returns `{ result, remarks }`.
 */
export async function repeatWhileInvalid(what, run) {
  const remarks = []
  for (;;) {
    try {
      return { result: await run(), remarks }
    } catch (error) {
      remarks.push(`${what}: an invalid run was repeated (${error.message})`)
      if (remarks.length === RUN_COUNT_MAX) throw error
    }
  }
}

/**
 * Runs until the baselines of the processes of one run lie within 10 %, at most three times.
 * `run()` gives what was measured, `baselinesOf` the baseline of each process. Returns the
 * steadiest run, and what has to be said about it.
 */
export async function repeatWhileNoisy(what, { run, baselinesOf, runCountMax = RUN_COUNT_MAX }) {
  let best
  const spreads = []
  const remarks = []
  while (spreads.length < runCountMax) {
    const valid = await repeatWhileInvalid(what, run)
    remarks.push(...valid.remarks)
    const noise = spread(baselinesOf(valid.result))
    spreads.push(noise)
    if (best === undefined || noise < best.noise) best = { result: valid.result, noise }
    if (noise <= SPREAD_MAX) break
  }
  const told = `${what}: baselines of the processes differ by ${spreads.map(percent).join(', ')}`
  if (spreads.length > 1) remarks.push(`${told}; run ${spreads.length} times, the steadiest counts`)
  if (best.noise > SPREAD_MAX) remarks.push(`${told}: NOISY, this needs a quiet machine`)
  return { ...best, runCount: spreads.length, remarks }
}
