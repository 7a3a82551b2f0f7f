/**
 * The wrappers: what runs in place of a captured function.
 *
 * Start tick and site are locals, so recursion and awaiting need no stack. Rest parameters and
 * `Reflect.apply` are as fast as wrappers of fixed arity, and stay so on newer Node. Method
 * shorthand makes functions that cannot be constructed.
 */

import { types } from 'node:util'

import { watchGenerator } from './generators.js'
import * as promises from './promises.js'
import * as records from './record.js'
import * as scratch from './scratch.js'
import * as thenables from './thenables.js'
import type { CaptureSettings } from './capture-options.js'
import type { Site } from './record.js'

export type Callable = (this: unknown, ...args: unknown[]) => unknown
type Class = new (...args: unknown[]) => object

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { doubles, words, tick, end } = scratch
const { kindAsync, kindGenerator, kindSync, outcomeError, outcomeOk, recordGuarded } = records
const { chain, settleLater } = promises
const { thenOf } = thenables
const { apply, construct } = Reflect

/** Plain functions: any result, and promises among them. */
function wrapPlain(fn: Callable, site: Site): Callable {
  const { database } = site
  const okTag = site.tag | kindSync | outcomeOk
  const errorTag = site.tag | kindSync | outcomeError
  const { wrapper } = {
    wrapper(this: unknown, ...args: unknown[]): unknown {
      tick()
      const start = doubles[0] as number
      let result
      try {
        result = apply(fn, this, args)
      } catch (error) {
        recordGuarded(start, errorTag, database)
        throw error
      }
      if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
        const then = thenOf(result)
        if (then !== undefined) return settleLater(result, then, start, site, kindAsync, okTag)
      }
      doubles[0] = start
      words[2] = okTag
      words[3] = database
      end()
      return result
    },
  }
  return wrapper
}

/** Functions that can be constructed: as plain ones when called. */
function wrapConstructible(fn: Callable, site: Site): Callable {
  const { database } = site
  const okTag = site.tag | kindSync | outcomeOk
  const errorTag = site.tag | kindSync | outcomeError
  return function wrapper(this: unknown, ...args: unknown[]): unknown {
    tick()
    const start = doubles[0] as number
    let result
    try {
      result =
        new.target === undefined
          ? apply(fn, this, args)
          : construct(fn as unknown as Class, args, new.target === wrapper ? fn : new.target)
    } catch (error) {
      recordGuarded(start, errorTag, database)
      throw error
    }
    if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
      const then = new.target === undefined ? thenOf(result) : undefined
      if (then !== undefined) return settleLater(result, then, start, site, kindAsync, okTag)
    }
    doubles[0] = start
    words[2] = okTag
    words[3] = database
    end()
    return result
  }
}

/** Async functions: a promise of this realm or another, never anything else. */
function wrapAsync(fn: Callable, site: Site): Callable {
  const { database } = site
  const tag = site.tag | kindAsync
  const { wrapper } = {
    wrapper(this: unknown, ...args: unknown[]): unknown {
      tick()
      const start = doubles[0] as number
      let promise
      try {
        promise = apply(fn, this, args)
      } catch (error) {
        recordGuarded(start, tag | outcomeError, database)
        throw error
      }
      return chain(promise as Promise<unknown>, start, tag, database)
    },
  }
  return wrapper
}

/** Generator functions, sync and async. */
function wrapGenerator(fn: Callable, site: Site): Callable {
  const { wrapper } = {
    wrapper(this: unknown, ...args: unknown[]): unknown {
      const start = records.now()
      let generator
      try {
        generator = apply(fn, this, args)
      } catch (error) {
        recordGuarded(start, site.tag | kindGenerator | outcomeError, site.database)
        throw error
      }
      watchGenerator(generator as object, site)
      return generator
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
export function wrap(fn: Callable, site: Site, _settings: CaptureSettings): Callable {
  if (types.isGeneratorFunction(fn)) return wrapGenerator(fn, site)
  if (types.isAsyncFunction(fn)) return wrapAsync(fn, site)
  return isConstructible(fn) ? wrapConstructible(fn, site) : wrapPlain(fn, site)
}
