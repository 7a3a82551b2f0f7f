/**
 * Calls that end later: promises and other thenables.
 *
 * A promise is chained with plain closures, the cheapest of the ways that leave unhandled
 * rejections as they were: the promise that is handed out settles identically, one microtask
 * later. See section 8 of the design for the other rules.
 */

import { types } from 'node:util'

import { chainedOf, rememberChained } from './chained.js'
import { outcomeError, outcomeOk, record } from './record.js'
import { watchThenable } from './thenables.js'
import type { Site } from './record.js'

// Taken at load, so that whoever replaces them later does not change what is captured.
const { apply, getPrototypeOf, isExtensible } = Reflect
const { getOwnPropertyNames } = Object
const promisePrototype = Promise.prototype
const promiseThen = promisePrototype.then

/** A promise like this one that records the call when it settles. */
export function chain(
  promise: Promise<unknown>,
  start: number,
  tag: number,
  database: number,
): Promise<unknown> {
  const onFulfilled = (value: unknown): unknown => {
    record(start, tag | outcomeOk, database)
    return value
  }
  const onRejected = (error: unknown): never => {
    record(start, tag | outcomeError, database)
    throw error
  }
  return apply(promiseThen, promise, [onFulfilled, onRejected]) as Promise<unknown>
}

/**
 * Whether nobody has made more of a promise than it is. Symbols do not count: Node itself puts
 * some on every promise while AsyncLocalStorage is in use (Node 20 and 22).
 */
function isPlain(promise: Promise<unknown>): boolean {
  if (getPrototypeOf(promise) !== promisePrototype || !isExtensible(promise)) return false
  return getOwnPropertyNames(promise).length === 0
}

/** One promise in, one promise out: functions that remember their results go on doing so. */
function chainOnce(promise: Promise<unknown>, start: number, tag: number, database: number) {
  const known = chainedOf(promise)
  if (known !== undefined) {
    const settle = (outcome: number) => () => record(start, tag | outcome, database)
    apply(promiseThen, promise, [settle(outcomeOk), settle(outcomeError)])
    return known
  }
  const chained = chain(promise, start, tag, database)
  rememberChained(promise, chained)
  return chained
}

/**
 * Lets a result that has a `then` record the call when it settles; returns what the caller gets.
 * Where that is not possible the sync part is recorded, with `syncTag`.
 */
export function settleLater(
  result: object,
  then: (...args: unknown[]) => unknown,
  start: number,
  site: Site,
  kind: number,
  syncTag: number,
): unknown {
  const tag = site.tag | kind
  if (types.isPromise(result)) {
    if (isPlain(result)) return chainOnce(result, start, tag, site.database)
    if (getPrototypeOf(result) === promisePrototype) {
      record(start, syncTag, site.database)
      return result
    }
  }
  const waiting = { start, tag, database: site.database }
  if (!watchThenable(result, then, waiting)) record(start, syncTag, site.database)
  return result
}

