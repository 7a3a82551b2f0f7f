/**
 * The wrappers: what runs in place of a captured function.
 *
 * Start tick and tag are locals, so recursion and awaiting need no stack. Rest parameters and
 * `Reflect.apply` are as fast as wrappers of fixed arity, and stay so on newer Node. Method
 * shorthand makes functions that cannot be constructed. What is more than its code, a class say,
 * is captured by a `Proxy` in watched.ts instead. `finally`, because an error that was caught and
 * thrown again is reported as thrown here, when nobody catches it. `words[8]` is not 0 while
 * something is paused; a negative tag has to be asked for, and a call that still has none is not
 * recorded. A function sees itself as `new.target`, unless somebody has given its wrapper another
 * prototype; that is written out here, because a helper makes Node 26 allocate the arguments of
 * each call. Otherwise as much as can be stands elsewhere: V8 inlines no function whose bytecode
 * is larger than 460 bytes, and a wrapper that is not inlined costs a fifth more.
 */

import { types } from 'node:util'

import { adoptPrototype, isBound, isConstructible, likeBound } from './constructors.js'
import { EverySite } from './every.js'
import { wrapGenerator } from './generators.js'
import * as promises from './promises.js'
import * as records from './record.js'
import * as scratch from './scratch.js'
import * as thenables from './thenables.js'
import { isMore, watch } from './watched.js'
import type { CaptureSettings } from './capture-options.js'
import type { Callable, Class } from './constructors.js'
import type { Site } from './record.js'

export type { Callable } from './constructors.js'

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { doubles, words, tick } = scratch
const { kindAsync, outcomeError, record, tagOf } = records
const { chain, handOut, settleLater } = promises
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
      let isOver = false
      try {
        result = apply(fn, this, args)
        isOver = true
      } finally {
        try {
          if (!isOver && tag >= 0) record(start, tag | outcomeError, database)
        } catch {
          // The stack is full: the error of the host goes on, not this one.
        }
      }
      if (tag < 0) return isSame ? result : handOut(site, result)
      if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
        const then = isSame ? undefined : thenOf(result)
        if (then !== undefined) {
          return settleLater(result, then, start, tag, database)
        }
      }
      record(start, tag, database)
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
    let isOver = false
    try {
      result =
        new.target === undefined
          ? apply(fn, this, args)
          : construct(
              fn as unknown as Class,
              args,
              new.target === wrapper && wrapper.prototype === prototype ? fn : new.target,
            )
      isOver = true
    } finally {
      try {
        if (!isOver && tag >= 0) record(start, tag | outcomeError, database)
      } catch {
        // The stack is full: the error of the host goes on, not this one.
      }
    }
    if (tag < 0) return isSame || new.target !== undefined ? result : handOut(site, result)
    if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
      const then = isSame || new.target !== undefined ? undefined : thenOf(result)
      if (then !== undefined) {
        return settleLater(result, then, start, tag, database)
      }
    }
    record(start, tag, database)
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
      let isOver = false
      try {
        promise = apply(fn, this, args)
        isOver = true
      } finally {
        try {
          if (!isOver && tag >= 0) record(start, tag | kindAsync | outcomeError, database)
        } catch {
          // The stack is full: the error of the host goes on, not this one.
        }
      }
      if (tag < 0) return promise
      return chain(promise as Promise<unknown>, start, tag | kindAsync, database)
    },
  }
  return wrapper
}

/** A function in place of this one, that records each call. */
export function wrap(fn: Callable, site: Site, settings: CaptureSettings): Callable {
  const chosen = settings.every > 1 ? new EverySite(site, settings.every) : site
  if (types.isGeneratorFunction(fn)) return wrapGenerator(fn, chosen, settings)
  const isSame = settings.promise === 'same'
  try {
    const isAwaited = settings.callback !== undefined || settings.stream
    const isTold = settings.asked !== undefined || settings.context
    if (isAwaited || isTold || isMore(fn)) return watch(fn, chosen, settings)
  } catch {
    // A revoked proxy, on Node 20: nothing is left of it but that calls throw.
  }
  if (!isSame && types.isAsyncFunction(fn)) return wrapAsync(fn, chosen)
  if (!isConstructible(fn)) return wrapPlain(fn, chosen, isSame)
  const wrapper = wrapConstructible(fn, chosen, isSame)
  return isBound(fn) ? likeBound(fn, wrapper) : wrapper
}
