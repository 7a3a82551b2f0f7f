/** Functions that are now and then far slower than usual. */

import { at } from './columns.js'
import type { NativeOutliers } from './native.js'
import type { Row } from './row.js'
import { toStats } from './stats.js'
import type { Stats } from './stats.js'

/** A function that is now and then far slower than it usually is; times are in nanoseconds. */
export interface Outlier {
  /** Its statistics. */
  stats: Stats
  /** The usual duration. */
  median: number
  /** Above it a call is far slower than usual. */
  limit: number
  /** Calls above the limit. */
  slowCount: number
  /** Their mean duration, within 1 %. */
  slowMean: number
  /** The time they took beyond the median, within 1 %. */
  excess: number
  /** That as a share of all time spent in the function, from 0 to 1. */
  excessShare: number
  /** How far its slow calls are from its usual ones, as one number without a unit. */
  score: number
  /** Median distance from the median, within 2 % of the median. */
  mad: number
  /** Mean of the slowest hundredth of its calls, within 1 %. */
  tailMean: number
}

const valueCount = 9

/** The first `limit` of what the addon gives. */
export function toOutliers(
  native: NativeOutliers,
  limit: number | undefined,
  fetch: (id: number) => Row | undefined,
): Outlier[] {
  const values = new Float64Array(native.values)
  return toStats(native.stats, limit, fetch).map((stats, index): Outlier => {
    const value = (column: number): number => at(values, index * valueCount + column)
    return {
      stats,
      median: value(0),
      limit: value(1),
      slowCount: value(2),
      slowMean: value(3),
      excess: value(4),
      excessShare: value(5),
      score: value(6),
      mad: value(7),
      tailMean: value(8),
    }
  })
}
