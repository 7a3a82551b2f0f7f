/** Options of a captured function. */

import { checkOptions, rangeError, typeError } from './arguments.js'
import { isContextual } from './context.js'
import { parsePath } from './detail-args.js'
import type { Database } from './database.js'
import type { ArgumentPath } from './detail-args.js'
import type { Asked } from './tell.js'

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
  /**
   * Milliseconds above which a call is slow, so that its row gets a detail. Default: what about one
   * call in a hundred of the function takes, once it was called 200 times, and at least 0.1.
   * `Infinity`: none is.
   */
  slowMs?: number
  /**
   * Whether details of failed calls hold the message of what was thrown. Of functions that throw
   * without a promise this is also the way to know its class: Node then reports an error that
   * nobody catches as thrown in Kronicler. Default: false.
   */
  message?: boolean
  /**
   * Arguments that details hold, as they are when the call ends: `'0.id'` is the property `id` of
   * the first one, `'1.headers.host'`. At most 16. Values under keys that sound secret (password,
   * token, authorization, cookie, ...), and texts with such ones in them, are not told.
   * Default: none.
   */
  args?: readonly string[]
  /**
   * Whether details hold trace and span of `@opentelemetry/api`, when that is in use.
   * Default: false.
   */
  trace?: boolean
  /**
   * Whether each call knows who made it, through promises, timers and callbacks: rows then hold
   * `call`, `parent` and `request`, and `kr why` and `kr tree` follow them. It takes an
   * `AsyncLocalStorage`, which on Node 20 and 22 makes all promises of the process a little dearer.
   * Default: what `configure({ context })` says, else `KRONICLER_CONTEXT`, else false.
   */
  context?: boolean
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
  readonly slowMs: number | undefined
  /** What details hold besides what they always do, if that was asked for. */
  readonly asked: Asked | undefined
  /** Whether a call knows who made it. */
  readonly context: boolean
}

const everyMax = 1_000_000
// As many arguments as a function can ever be called with, and more.
const callbackIndexMax = 65_535
const pathCountMax = 16

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

function checkSlow(value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number') throw typeError('options.slowMs', 'a number', value)
  if (!(value >= 0)) throw rangeError('options.slowMs', 'a number from 0', value)
  return value
}

function checkPaths(value: unknown): ArgumentPath[] {
  if (!Array.isArray(value)) throw typeError('options.args', 'an array of paths', value)
  if (value.length > pathCountMax) {
    throw rangeError('options.args', `at most ${pathCountMax} paths`, value)
  }
  return Array.from(value, (text: unknown) => {
    if (typeof text !== 'string') throw typeError('a path in options.args', 'a string', text)
    const path = parsePath(text)
    if (path === undefined) throw rangeError('a path in options.args', "like '0.id'", text)
    return path
  })
}

/** Options as they were given; a `TypeError` or `RangeError` names the wrong one. */
export function checkCaptureOptions(value: unknown): CaptureSettings {
  const keys = [
    'db',
    'every',
    'promise',
    'callback',
    'stream',
    'slowMs',
    'message',
    'args',
    'trace',
    'context',
  ] as const
  const given = checkOptions("capture's options", value, keys)
  const or = (key: (typeof keys)[number], otherwise: unknown): unknown =>
    given.has(key) ? given.get(key) : otherwise
  const asked = {
    message: checkBoolean('options.message', or('message', false)),
    args: checkPaths(or('args', [])),
    trace: checkBoolean('options.trace', or('trace', false)),
  }
  const asksAnything = asked.message || asked.trace || asked.args.length > 0
  return {
    ...(given.has('db') ? { db: given.get('db') } : {}),
    every: checkWhole('options.every', or('every', 1), 1, everyMax),
    promise: checkPromise(or('promise', 'chained')),
    callback: checkCallback(or('callback', false)),
    stream: checkBoolean('options.stream', or('stream', false)),
    slowMs: checkSlow(or('slowMs', undefined)),
    asked: asksAnything ? asked : undefined,
    context: checkBoolean('options.context', or('context', isContextual())),
  }
}
