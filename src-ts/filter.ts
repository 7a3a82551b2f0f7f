/** Filters: which rows a question is about. */

import { bare, checkCount, checkOptions, checkString, rangeError, typeError } from './arguments.js'
import { kinds, outcomes } from './columns.js'
import type { Kind, Outcome } from './columns.js'
import type { NativeFilter } from './native.js'

/** A class of http status codes: `2xx`, `4xx`, `5xx`. */
export type StatusClass = `${number}xx`

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
  /** Calls that took at most so many nanoseconds. */
  maxDuration?: number
  /** Calls with this outcome. */
  outcome?: Outcome
  /** Calls of this kind. */
  kind?: Kind
  /** Http answers with a status of this class: `2xx`, `4xx`, `5xx`. */
  status?: StatusClass
  /** Calls of exactly this service; `''` stands for those without one. */
  service?: string
  /** Calls of exactly this version of a service; `''` stands for those without one. */
  version?: string
  /** Calls of this instance: by its name, or `host/pid` where it has none. */
  instance?: string
  /** Calls of this lane: those of one process at a time. */
  lane?: number
  /** Calls of this thread, in whatever process; 0 is the main one. */
  thread?: number
  /** At most so many rows. */
  limit?: number
}

/** A filter as the addon takes it, and the limit. */
export interface CheckedFilter {
  native: NativeFilter
  limit: number | undefined
}

const texts = ['service', 'version', 'instance'] as const
const keys = [
  ...(['name', 'since', 'until', 'minDuration', 'maxDuration'] as const),
  ...(['outcome', 'kind', 'status'] as const),
  ...texts,
  ...(['lane', 'thread', 'limit'] as const),
] as const
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

function checkDuration(name: string, value: unknown): number {
  if (typeof value !== 'number') throw typeError(name, 'a number of nanoseconds', value)
  if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
    throw rangeError(name, 'from 0 to 2^53 - 1', value)
  }
  return value
}

function checkOutcome(value: unknown): Outcome {
  const name = 'filter.outcome'
  const word = checkString(name, value)
  const known = outcomes.find((outcome) => outcome === word)
  if (known === undefined) throw rangeError(name, "'ok', 'error' or 'aborted'", value)
  return known
}

function checkKind(value: unknown): Kind {
  const word = checkString('filter.kind', value)
  const known = kinds.find((kind) => kind === word)
  if (known === undefined) throw rangeError('filter.kind', `one of ${kinds.join(', ')}`, value)
  return known
}

function checkStatus(value: unknown): string {
  const word = checkString('filter.status', value)
  if (!/^[1-9]xx$/.test(word)) throw rangeError('filter.status', "'2xx', '4xx' or the like", value)
  return word
}

type NativeKey = Exclude<(typeof keys)[number], 'limit'>

function put(native: NativeFilter, key: NativeKey, value: unknown): void {
  const name = `filter.${key}`
  if (key === 'name') native.names = checkNames(value)
  else if (key === 'since' || key === 'until') native[key] = checkTime(name, value)
  else if (key === 'minDuration') native.minDuration = Math.ceil(checkDuration(name, value))
  else if (key === 'maxDuration') native.maxDuration = Math.floor(checkDuration(name, value))
  else if (key === 'outcome') native.outcome = checkOutcome(value)
  else if (key === 'status') native.status = checkStatus(value)
  else if (key === 'kind') native.kind = checkKind(value)
  else if (key === 'lane' || key === 'thread') native[key] = checkCount(name, value, 0)
  else native[key] = checkString(name, value)
}

/** A filter that has been looked at, with keys that only some questions take. */
export function checkFilterAnd<K extends string>(
  value: unknown,
  more: readonly K[],
): CheckedFilter & { more: Map<K, unknown> } {
  const given = checkOptions('filter', value, [...keys, ...more])
  const native = bare<NativeFilter>()
  const others = new Map<K, unknown>()
  let limit: number | undefined
  for (const [key, option] of given) {
    const known = keys.find((candidate) => candidate === key)
    if (known === undefined) others.set(key as K, option)
    else if (known === 'limit') limit = checkCount('filter.limit', option, 1)
    else put(native, known, option)
  }
  return { native, limit, more: others }
}

/** A filter that has been looked at. */
export function checkFilter(value: unknown): CheckedFilter {
  const { native, limit } = checkFilterAnd(value, [])
  return { native, limit }
}

/** A question about one function, by its very name, or about what a filter wants. */
export function checkQuestion(value: unknown): CheckedFilter {
  if (typeof value !== 'string') return checkFilter(value)
  return { native: bare<NativeFilter>({ name: checkString('name', value) }), limit: undefined }
}
