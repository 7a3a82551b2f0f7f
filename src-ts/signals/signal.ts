/** Signals of the runtime: what kept a thread beside its calls, as rows of kind `signal`. */

import { recordGiven } from '../given-times.js'
import { kindSignal, outcomeOk } from '../record.js'
import type { Names } from '../register/names.js'
import { aheadMs, timeOrigin } from './clocks.js'

// Taken at load, so that fake clocks of tests do not move what is stored.
const { now: epochMs } = Date

// By so much two readings of clocks, one in whole milliseconds, may differ without a reason.
const driftMaxMs = 2

/** Milliseconds from the Unix epoch to the zero of `performance.now()`, as the clock is now. */
function originMs(): number {
  const origin = timeOrigin()
  const now = aheadMs(epochMs)
  return Math.abs(now - origin) > driftMaxMs ? now : origin
}

/** Records a signal; times are milliseconds as `performance.now()` gives them. Never throws. */
export function recordSignal(names: Names, name: string, startMs: number, endMs: number): void {
  try {
    const site = names.get(name)
    if (site === undefined) return
    const origin = originMs()
    const [start, end] = [startMs, endMs].map((ms) => BigInt(Math.round((origin + ms) * 1e6)))
    if (start === undefined || end === undefined) return
    recordGiven(start, end, site.tag | kindSignal | outcomeOk, site.database)
  } catch {
    // Times that are no numbers, or a database that refuses.
  }
}
