/**
 * The wrappers: what runs in place of a captured function.
 *
 * Start tick and tag are locals, so recursion and awaiting need no stack. Rest parameters and
 * `Reflect.apply` are as fast as wrappers of fixed arity, and stay so on newer Node. Method
 * shorthand makes functions that cannot be constructed. `words[8]` is not 0 while capturing is
 * paused; a negative tag has to be asked for, and a call that still has none is not recorded. A
 * function sees itself as `new.target`, unless somebody has given its wrapper another prototype;
 * that is written out here, because a helper makes Node 26 allocate the arguments of each call.
 */

import { types } from 'node:util'

import { adoptPrototype, isBound, likeBound } from './constructors.js'
import { EverySite } from './every.js'
import { wrapGenerator } from './generators.js'
import * as promises from './promises.js'
import * as records from './record.js'
import * as scratch from './scratch.js'
import * as thenables from './thenables.js'
import { watch, watchConstructible } from './watched.js'
import type { CaptureSettings } from './capture-options.js'
import type { Callable, Class } from './constructors.js'
import type { Site } from './record.js'

export type { Callable } from './constructors.js'

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { doubles, words, tick, end } = scratch
const { kindAsync, outcomeError, record, tagOf } = records
const { chain, settleLater } = promises
const { thenOf } = thenables
const { apply, construct } = Reflect

/** Plain functions: any result, and promises among them. */
function wrapPlain(fn: Callable, site: Site, isSame: boolean): Callable {
  const { database } = site
  const { wrapper } = {
    wrapper(this: unknown, ...args: unknown[]): unknown {
      let { tag } = site
      if (words[8] !== 0 || tag < 0) tag = tagOf(site, this)
      tick()
      const start = doubles[0] as number
      let result
      try {
        result = apply(fn, this, args)
      } catch (error) {
        try {
          if (tag >= 0) record(start, tag | outcomeError, database)
        } catch {
          // The stack is full: the error of the host goes on, not this one.
        }
        throw error
      }
      if (tag < 0) return result
      if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
        const then = isSame ? undefined : thenOf(result)
        if (then !== undefined) {
          return settleLater(result, then, start, tag | kindAsync, tag, database)
        }
      }
      doubles[0] = start
      words[2] = tag
      words[3] = database
      end()
      return result
    },
  }
  return wrapper
}

/** Functions that can be constructed: as plain ones when called. */
function wrapConstructible(fn: Callable, site: Site, isSame: boolean): Callable {
  const { database } = site
  function wrapper(this: unknown, ...args: unknown[]): unknown {
    let { tag } = site
    if (words[8] !== 0 || tag < 0) tag = tagOf(site, this)
    tick()
    const start = doubles[0] as number
    let result
    try {
      result =
        new.target === undefined
          ? apply(fn, this, args)
          : construct(
              fn as unknown as Class,
              args,
              new.target === wrapper && wrapper.prototype === prototype ? fn : new.target,
            )
    } catch (error) {
      try {
        if (tag >= 0) record(start, tag | outcomeError, database)
      } catch {
        // The stack is full: the error of the host goes on, not this one.
      }
      throw error
    }
    if (tag < 0) return result
    if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
      const then = isSame || new.target !== undefined ? undefined : thenOf(result)
      if (then !== undefined) {
        return settleLater(result, then, start, tag | kindAsync, tag, database)
      }
    }
    doubles[0] = start
    words[2] = tag
    words[3] = database
    end()
    return result
  }
  const prototype = adoptPrototype(fn, wrapper)
  return wrapper
}

/** Async functions: a promise of this realm or another, never anything else. */
function wrapAsync(fn: Callable, site: Site): Callable {
  const { database } = site
  const { wrapper } = {
    wrapper(this: unknown, ...args: unknown[]): unknown {
      let { tag } = site
      if (words[8] !== 0 || tag < 0) tag = tagOf(site, this)
      tick()
      const start = doubles[0] as number
      let promise
      try {
        promise = apply(fn, this, args)
      } catch (error) {
        try {
          if (tag >= 0) record(start, tag | kindAsync | outcomeError, database)
        } catch {
          // The stack is full: the error of the host goes on, not this one.
        }
        throw error
      }
      if (tag < 0) return promise
      return chain(promise as Promise<unknown>, start, tag | kindAsync, database)
    },
  }
  return wrapper
}

/** Asks without calling it: the trap answers in place of the function. */
function isConstructible(fn: Callable): boolean {
  try {
    const Stand = new Proxy(fn as unknown as Class, { construct: () => ({}) })
    return typeof new Stand() === 'object'
  } catch {
    return false
  }
}

/** A function in place of this one, that records each call. */
export function wrap(fn: Callable, site: Site, settings: CaptureSettings): Callable {
  const chosen = settings.every > 1 ? new EverySite(site, settings.every) : site
  if (types.isGeneratorFunction(fn)) return wrapGenerator(fn, chosen)
  const isSame = settings.promise === 'same'
  const isWatched = settings.callback !== undefined || settings.stream
  if (!isWatched && !isSame && types.isAsyncFunction(fn)) return wrapAsync(fn, chosen)
  if (!isConstructible(fn)) {
    return isWatched ? watch(fn, chosen, settings) : wrapPlain(fn, chosen, isSame)
  }
  const wrapper = isWatched
    ? watchConstructible(fn, chosen, settings)
    : wrapConstructible(fn, chosen, isSame)
  return isBound(fn) ? likeBound(fn, wrapper) : wrapper
}
