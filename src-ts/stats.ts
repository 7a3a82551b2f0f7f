/** Statistics of a function. */

import { at } from './columns.js'
import type { NativeStats } from './native.js'
import type { Row } from './row.js'

/** Values of a function in a table. */
const valueCount = 19

/** How far a percentile that is not exact may lie from the exact one, relative to it. */
const relativeError = 0.01

const resolutions = [undefined, 'hour', 'day'] as const

/** Statistics of functions as columns. */
interface StatsTable {
  readonly names: readonly string[]
  readonly sources: readonly string[]
  readonly values: Float64Array
}

/** The first `limit` of what the addon gives. */
export function toStats(
  native: NativeStats,
  limit: number | undefined,
  fetch: (id: number) => Row | undefined,
): Stats[] {
  // Of this realm: in a test runner the addon's arrays are of another one.
  const [names, sources] = [Array.from(native.names), Array.from(native.sources)]
  const table = { names, sources, values: new Float64Array(native.values) }
  const length = Math.min(native.count, limit ?? Infinity)
  return Array.from({ length }, (_, index) => new Stats(table, index, fetch))
}

/** Statistics as JSON, with the keys that `kr --json` uses. */
export interface StatsJson {
  /** Of the function. */
  name: string
  /** `file:line` where it was wrapped. */
  source: string
  /** Calls. */
  count: number
  /** Calls that did not end well. */
  errors: number
  /** Nanoseconds of all calls. */
  sum_ns: number
  /** Their mean. */
  mean_ns: number
  /** Sample standard deviation; 0 for a single call. */
  stddev_ns: number
  /** Standard error of the mean; 0 for a single row. */
  stderr_ns: number
  /** The fastest call. */
  min_ns: number
  /** Half of the calls took at most so long. */
  median_ns: number
  /** 75 % of the calls took at most so long. */
  p75_ns: number
  /** 90 % did. */
  p90_ns: number
  /** 95 % did. */
  p95_ns: number
  /** 99 % did. */
  p99_ns: number
  /** 99.9 % did. */
  p999_ns: number
  /** The slowest call. */
  max_ns: number
  /** How far a percentile may lie from the exact one, relative to it. */
  relative_error: number
  /** Id of the slowest call; null when it has expired. */
  slowest_id: number | null
  /** Calls whose rows have expired. */
  expired: number
  /** By what the times of expired calls are known; null without any. */
  resolution: 'hour' | 'day' | null
  /** Rows that tell of the calls. */
  rows: number
}

/**
 * Statistics of a function; times are in nanoseconds.
 *
 * Count, sum, mean, deviation, minimum and maximum are exact. Percentiles are nearest-rank, at
 * most 1 % away from the exact one, which `percentiles` with `exact` gives.
 *
 * @example
 * ```ts
 * const stats = database().stats('users.find')
 * if (stats) console.log(stats.count, stats.p99, stats.slowest?.startDate)
 * ```
 */
export class Stats {
  /** Of the function. */
  readonly name: string
  /** `file:line` where the function was wrapped. */
  readonly source: string
  /** Calls, also those that rows of the option `every` stand for. */
  readonly count: number
  /** Calls that did not end well. */
  readonly errors: number
  /** Of the durations of all calls. */
  readonly sum: number
  /** `sum / count`. */
  readonly mean: number
  /** The fastest call. */
  readonly min: number
  /** The slowest call. */
  readonly max: number
  /** Sample standard deviation; 0 for a single call. */
  readonly stdDev: number
  /** Standard error of the mean, by the rows that there are; 0 for a single one. */
  readonly stdErr: number
  /** Half of the calls took at most so long. */
  readonly median: number
  /** 75 % of the calls took at most so long. */
  readonly p75: number
  /** 90 % did. */
  readonly p90: number
  /** 95 % did. */
  readonly p95: number
  /** 99 % did. */
  readonly p99: number
  /** 99.9 % did. */
  readonly p999: number
  /** How far a percentile may lie from the exact one, relative to it. */
  readonly relativeError: number
  /** Undefined when the slowest call has expired and is not among those that are remembered. */
  readonly slowestId: number | undefined
  /** Calls among them whose rows have expired: only with `since`, see `maxAge` and `maxBytes`. */
  readonly expired: number
  /** Expired calls count by whole hours, or days: a period of which a part was asked for. */
  readonly resolution: 'hour' | 'day' | undefined
  /** Rows that tell of the calls: fewer than `count` where the option `every` was used. */
  readonly rows: number
  readonly #fetch: (id: number) => Row | undefined

  /** @internal */
  constructor(table: StatsTable, index: number, fetch: (id: number) => Row | undefined) {
    const value = (column: number): number => at(table.values, index * valueCount + column)
    const name = value(0)
    this.name = at(table.names, name)
    this.source = at(table.sources, name)
    this.count = value(1)
    this.rows = value(2)
    this.errors = value(3)
    this.sum = value(4)
    this.mean = value(5)
    this.min = value(6)
    this.max = value(7)
    this.stdDev = value(8)
    this.stdErr = value(9)
    this.median = value(10)
    this.p75 = value(11)
    this.p90 = value(12)
    this.p95 = value(13)
    this.p99 = value(14)
    this.p999 = value(15)
    this.relativeError = relativeError
    this.slowestId = value(16) < 0 ? undefined : value(16)
    this.expired = value(17)
    this.resolution = resolutions[value(18)]
    this.#fetch = fetch
  }

  /** The slowest call, fetched when it is asked for; undefined once it is gone. */
  get slowest(): Row | undefined {
    return this.slowestId === undefined ? undefined : this.#fetch(this.slowestId)
  }

  /** The keys that `kr --json` prints; what `JSON.stringify` and `console.table` want. */
  toJSON(): StatsJson {
    return {
      name: this.name,
      source: this.source,
      count: this.count,
      errors: this.errors,
      sum_ns: this.sum,
      mean_ns: this.mean,
      stddev_ns: this.stdDev,
      stderr_ns: this.stdErr,
      min_ns: this.min,
      median_ns: this.median,
      p75_ns: this.p75,
      p90_ns: this.p90,
      p95_ns: this.p95,
      p99_ns: this.p99,
      p999_ns: this.p999,
      max_ns: this.max,
      relative_error: this.relativeError,
      slowest_id: this.slowestId ?? null,
      expired: this.expired,
      resolution: this.resolution ?? null,
      rows: this.rows,
    }
  }
}
