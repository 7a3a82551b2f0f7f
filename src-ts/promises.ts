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

// Taken at load, so that whoever replaces them later does not change what is captured.
const { apply, getPrototypeOf, isExtensible } = Reflect
const { getOwnPropertyNames } = Object
const promisePrototype = Promise.prototype
const promiseThen = promisePrototype.then

/** What is done when a promise settles; what they return or throw is what the caller gets. */
type Handlers = [onFulfilled: (value: unknown) => unknown, onRejected: (error: unknown) => never]

/** Handlers that record the call and pass on what the promise settled with. */
function recorders(start: number, tag: number, database: number): Handlers {
  const onFulfilled = (value: unknown): unknown => {
    record(start, tag | outcomeOk, database)
    return value
  }
  const onRejected = (error: unknown): never => {
    record(start, tag | outcomeError, database)
    throw error
  }
  return [onFulfilled, onRejected]
}

/** A promise like this one that records the call when it settles. */
export function chain(
  promise: Promise<unknown>,
  start: number,
  tag: number,
  database: number,
): Promise<unknown> {
  return apply(promiseThen, promise, recorders(start, tag, database)) as Promise<unknown>
}

/**
 * Whether nobody has made more of a promise than it is. Symbols do not count: Node itself puts
 * some on every promise while AsyncLocalStorage is in use (Node 20 and 22).
 */
export function isPlain(promise: Promise<unknown>): boolean {
  if (getPrototypeOf(promise) !== promisePrototype || !isExtensible(promise)) return false
  return getOwnPropertyNames(promise).length === 0
}

function nothing(): void {}

/** One promise in, one promise out: functions that remember their results go on doing so. */
export function chainOnce(promise: Promise<unknown>, handlers: Handlers): Promise<unknown> {
  const known = chainedOf(promise)
  const chained = apply(promiseThen, promise, handlers) as Promise<unknown>
  if (known === undefined) {
    rememberChained(promise, chained)
    return chained
  }
  // Nobody gets this one, so its rejection is nobody's.
  apply(promiseThen, chained, [undefined, nothing])
  return known
}

/**
 * Lets a result that has a `then` record the call when it settles; returns what the caller gets.
 * Where that is not possible the sync part is recorded, with `syncTag`.
 */
export function settleLater(
  result: object,
  then: (...args: unknown[]) => unknown,
  start: number,
  tag: number,
  syncTag: number,
  database: number,
): unknown {
  if (types.isPromise(result)) {
    if (isPlain(result)) return chainOnce(result, recorders(start, tag, database))
    if (getPrototypeOf(result) === promisePrototype) {
      record(start, syncTag, database)
      return result
    }
  }
  if (!watchThenable(result, then, { start, tag, database })) record(start, syncTag, database)
  return result
}
