/**
 * Calls that end later: promises and other thenables.
 *
 * A promise is chained with plain closures, the cheapest of the ways that leave unhandled
 * rejections as they were: the promise that is handed out settles identically, one microtask
 * later. See section 8 of the design for the other rules.
 */

import { types } from 'node:util'

import { chainOnce, promisePrototype, promiseThen } from './chained.js'
import { kindAsync, outcomeError, outcomeOk, record } from './record.js'
import { flight } from './tell.js'
import * as scratch from './scratch.js'
import { watchThenable } from './thenables.js'
import type { Handlers } from './chained.js'
import type { Site } from './record.js'
import type { Told } from './tell.js'

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { isPaused } = scratch

// Taken at load, so that whoever replaces them later does not change what is captured.
const { apply, getPrototypeOf } = Reflect

/** Handlers that record the call and pass on what the promise settled with. */
function recorders(start: number, tag: number, database: number, told?: Told): Handlers {
  flight.count += 1
  const onFulfilled = (value: unknown): unknown => {
    flight.count -= 1
    record(start, tag | outcomeOk, database, undefined, told)
    return value
  }
  const onRejected = (error: unknown): never => {
    flight.count -= 1
    record(start, tag | outcomeError, database, { error }, told)
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
  try {
    return apply(promiseThen, promise, recorders(start, tag, database)) as Promise<unknown>
  } catch {
    // Somebody has replaced what `then` makes its promise with, or the stack is full.
    flight.count -= 1
    record(start, tag | outcomeOk, database)
    return promise
  }
}

/**
 * What a call hands out that `every` leaves out: a promise like those of the calls that are
 * recorded, so that the same promise returned twice is the same promise twice.
 */
export function handOut(site: Site, result: unknown): unknown {
  if (typeof result !== 'object' || site.choose === undefined || isPaused(site.database)) {
    return result
  }
  return types.isPromise(result) ? (chainOnce(result, []) ?? result) : result
}

/**
 * Lets a result that has a `then` record the call when it settles; returns what the caller gets.
 * Where that is not possible the sync part is recorded.
 */
export function settleLater(
  result: object,
  then: (...args: unknown[]) => unknown,
  start: number,
  syncTag: number,
  database: number,
  told?: Told,
): unknown {
  const tag = syncTag | kindAsync
  if (types.isPromise(result)) {
    const chained = chainOnce(result, recorders(start, tag, database, told))
    if (chained !== undefined) return chained
    flight.count -= 1
    if (getPrototypeOf(result) === promisePrototype) {
      record(start, syncTag, database, undefined, told)
      return result
    }
  }
  if (!watchThenable(result, then, { start, tag, database, told })) {
    record(start, syncTag, database, undefined, told)
  }
  return result
}
