/** Options of a captured function. */

import { checkOptions, rangeError, typeError } from './arguments.js'
import type { Database } from './database.js'

/** How a function is captured. */
export interface CaptureOptions {
  /** The database to capture into. Default: `database()`. */
  db?: Database
  /**
   * Records one call in so many, chosen at random in each group of that size; its row stands for
   * all of them. From 1, the default, to 1,000,000.
   */
  every?: number
  /**
   * `'chained'`, the default: a returned promise is timed until it settles; you get one that
   * settles identically, one microtask later. `'same'`: you get the very result of the function,
   * whatever it is, and the time until the return is recorded.
   */
  promise?: 'chained' | 'same'
  /**
   * The call ends when its callback is called for the first time: the last argument (`true`), or
   * the one at this index. A truthy first argument of the callback means that the call failed.
   */
  callback?: boolean | number
  /** The call ends when the stream that it returns, or promises, has ended. */
  stream?: boolean
}

/** The callback is the last argument, wherever that is. */
export const lastArgument = -1

/** Options after the check; what was not given is absent or has its default. */
export interface CaptureSettings {
  readonly db?: unknown
  readonly every: number
  readonly promise: 'chained' | 'same'
  /** Index of the argument, `lastArgument`, or undefined: none. */
  readonly callback: number | undefined
  readonly stream: boolean
}

const everyMax = 1_000_000
// As many arguments as a function can ever be called with, and more.
const callbackIndexMax = 65_535

function checkWhole(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number') throw typeError(name, 'a number', value)
  if (!Number.isInteger(value) || value < min || value > max) {
    throw rangeError(name, `a whole number from ${min} to ${max}`, value)
  }
  return value
}

function checkPromise(value: unknown): 'chained' | 'same' {
  if (value === 'chained' || value === 'same') return value
  const check = typeof value === 'string' ? rangeError : typeError
  throw check('options.promise', "'chained' or 'same'", value)
}

function checkCallback(value: unknown): number | undefined {
  if (value === false) return undefined
  if (value === true) return lastArgument
  if (typeof value !== 'number') {
    throw typeError('options.callback', 'true or the index of an argument', value)
  }
  return checkWhole('options.callback', value, 0, callbackIndexMax)
}

function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw typeError(name, 'true or false', value)
  return value
}

/** Options as they were given; a `TypeError` or `RangeError` names the wrong one. */
export function checkCaptureOptions(value: unknown): CaptureSettings {
  const keys = ['db', 'every', 'promise', 'callback', 'stream'] as const
  const given = checkOptions("capture's options", value, keys)
  const or = (key: (typeof keys)[number], otherwise: unknown): unknown =>
    given.has(key) ? given.get(key) : otherwise
  return {
    ...(given.has('db') ? { db: given.get('db') } : {}),
    every: checkWhole('options.every', or('every', 1), 1, everyMax),
    promise: checkPromise(or('promise', 'chained')),
    callback: checkCallback(or('callback', false)),
    stream: checkBoolean('options.stream', or('stream', false)),
  }
}
