/** Statistics of a function. */

import type { NativeStats } from './native.js'
import type { Row } from './row.js'

/** Statistics as JSON, with the keys that `kr --json` uses. */
export interface StatsJson {
  name: string
  source: string
  count: number
  errors: number
  sum_ns: number
  mean_ns: number
  stddev_ns: number
  stderr_ns: number
  min_ns: number
  median_ns: number
  p75_ns: number
  p90_ns: number
  p95_ns: number
  p99_ns: number
  p999_ns: number
  max_ns: number
  relative_error: number
  slowest_id: number | null
  expired: number
  resolution: 'hour' | 'day' | null
  rows: number
}

/**
 * Statistics of a function; times are in nanoseconds.
 *
 * Count, sum, mean, deviation, minimum and maximum are exact. Percentiles are nearest-rank, at
 * most 1 % away from the exact one, which `percentiles` with `exact` gives.
 */
export class Stats {
  readonly name: string
  /** `file:line` where the function was wrapped. */
  readonly source: string
  /** Calls, also those that rows of the option `every` stand for. */
  readonly count: number
  /** Calls that did not end well. */
  readonly errors: number
  readonly sum: number
  readonly mean: number
  readonly min: number
  readonly max: number
  /** Sample standard deviation; 0 for a single call. */
  readonly stdDev: number
  /** Standard error of the mean, by the rows that there are; 0 for a single one. */
  readonly stdErr: number
  readonly median: number
  readonly p75: number
  readonly p90: number
  readonly p95: number
  readonly p99: number
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

  constructor(native: NativeStats, fetch: (id: number) => Row | undefined) {
    this.name = native.name
    this.source = native.source
    this.count = native.count
    this.errors = native.errors
    this.sum = native.sum
    this.mean = native.mean
    this.min = native.min
    this.max = native.max
    this.stdDev = native.stdDev
    this.stdErr = native.stdErr
    this.median = native.median
    this.p75 = native.p75
    this.p90 = native.p90
    this.p95 = native.p95
    this.p99 = native.p99
    this.p999 = native.p999
    this.relativeError = native.relativeError
    this.slowestId = native.slowestId
    this.expired = native.expired
    this.resolution = native.resolution as 'hour' | 'day' | undefined
    this.rows = native.rows
    this.#fetch = fetch
  }

  /** The slowest call, fetched when it is asked for; undefined once it is gone. */
  get slowest(): Row | undefined {
    return this.slowestId === undefined ? undefined : this.#fetch(this.slowestId)
  }

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
