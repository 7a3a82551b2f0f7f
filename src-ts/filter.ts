/** Filters: which rows a question is about. */

import { bare, checkCount, checkOptions, checkString, rangeError, typeError } from './arguments.js'
import type { Outcome } from './columns.js'
import type { NativeFilter } from './native.js'

/** Which rows a question is about; absent means any. */
export interface Filter {
  /** Names or patterns: `*` stands for any text, `?` for any one character. */
  name?: string | readonly string[]
  /** Calls that ended at this time or later: a Date, milliseconds, or nanoseconds as a bigint. */
  since?: Date | number | bigint
  /** Calls that ended before this time, given as `since`. */
  until?: Date | number | bigint
  /** Calls that took at least so many nanoseconds. */
  minDuration?: number
  /** Calls with this outcome. */
  outcome?: Outcome
  /** At most so many rows. */
  limit?: number
}

/** A filter as the addon takes it, and the limit. */
export interface CheckedFilter {
  native: NativeFilter
  limit: number | undefined
}

const outcomes: readonly string[] = ['ok', 'error', 'aborted'] satisfies Outcome[]
const keys = ['name', 'since', 'until', 'minDuration', 'outcome', 'limit'] as const
const latestNs = 2n ** 63n - 1n

function checkNames(value: unknown): string[] {
  const name = 'filter.name'
  if (!Array.isArray(value)) return [checkString(name, value)]
  if (value.length === 0) throw rangeError(name, 'a string or a list of at least one', value)
  // `map` would leave out holes.
  return Array.from(value, (element: unknown, index) => checkString(`${name}[${index}]`, element))
}

function nanoseconds(name: string, value: unknown): bigint {
  if (typeof value === 'bigint') return value
  const ms: unknown = value instanceof Date ? value.getTime() : value
  if (typeof ms !== 'number') {
    throw typeError(name, 'a Date, milliseconds, or nanoseconds as a bigint', value)
  }
  if (!Number.isFinite(ms)) throw rangeError(name, 'a valid time', value)
  const whole = Math.floor(ms)
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6))
}

function checkTime(name: string, value: unknown): string {
  const ns = nanoseconds(name, value)
  if (ns < -latestNs || ns > latestNs) {
    throw rangeError(name, 'a time between the years 1677 and 2262', value)
  }
  return ns.toString()
}

function checkDuration(value: unknown): number {
  const name = 'filter.minDuration'
  if (typeof value !== 'number') throw typeError(name, 'a number of nanoseconds', value)
  if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
    throw rangeError(name, 'from 0 to 2^53 - 1', value)
  }
  return Math.ceil(value)
}

function checkOutcome(value: unknown): Outcome {
  const name = 'filter.outcome'
  const word = checkString(name, value)
  if (!outcomes.includes(word)) throw rangeError(name, "'ok', 'error' or 'aborted'", value)
  return word as Outcome
}

/** A filter that has been looked at. */
export function checkFilter(value: unknown): CheckedFilter {
  const given = checkOptions('filter', value, keys)
  const native = bare<NativeFilter>()
  let limit: number | undefined
  for (const [key, option] of given) {
    if (key === 'name') native.names = checkNames(option)
    else if (key === 'since') native.since = checkTime('filter.since', option)
    else if (key === 'until') native.until = checkTime('filter.until', option)
    else if (key === 'minDuration') native.minDuration = checkDuration(option)
    else if (key === 'outcome') native.outcome = checkOutcome(option)
    else limit = checkCount('filter.limit', option, 1)
  }
  return { native, limit }
}

/** A question about one function, by its very name, or about what a filter wants. */
export function checkQuestion(value: unknown): CheckedFilter {
  if (typeof value !== 'string') return checkFilter(value)
  return { native: bare<NativeFilter>({ name: checkString('name', value) }), limit: undefined }
}
