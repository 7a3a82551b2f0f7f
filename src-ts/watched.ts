/**
 * Captured by a `Proxy`: functions that are more than their code, and what the options `callback`,
 * `stream`, `message`, `args`, `trace` and `context` are for.
 *
 * What somebody changes on the function, or on what stands in its place, is changed on both:
 * counters in statics, `app.get` of an Express application, the calls that a mock has seen. It
 * costs some 50 ns more at each call, so plain functions have plain wrappers.
 */

import { types } from 'node:util'

import { Call } from './call.js'
import { watchCallback } from './callbacks.js'
import { chainOnce } from './chained.js'
import { isBound } from './constructors.js'
import { handOut, settleLater } from './promises.js'
import { kindAsync, kindSync, outcomeError, outcomeOk, tagOf } from './record.js'
import { watchStream } from './streams.js'
import { thenOf } from './thenables.js'
import type { CaptureSettings } from './capture-options.js'
import type { Callable, Class } from './constructors.js'
import type { Site } from './record.js'

const { apply, construct, getOwnPropertyDescriptor, ownKeys } = Reflect

const instanceOf: unknown = Function.prototype[Symbol.hasInstance]

/** What functions are born with. */
const usualKeys = new Set<PropertyKey>(['length', 'name', 'prototype', 'arguments', 'caller'])

/** Whether a plain wrapper would be another thing than the function after the first change. */
export function isMore(fn: Callable): boolean {
  if (types.isProxy(fn) || ownKeys(fn).some((key) => !usualKeys.has(key))) return true
  // That of a class cannot be assigned to.
  return getOwnPropertyDescriptor(fn, 'prototype')?.writable === false
}

/** A call that is to be recorded, or undefined. */
function begin(
  site: Site,
  self: unknown,
  args: unknown[],
  settings: CaptureSettings,
): Call | undefined {
  const tag = tagOf(site, self)
  if (tag < 0) return undefined
  const call = new Call(tag, site.database, settings, args)
  if (settings.callback !== undefined) call.isHeld = watchCallback(args, settings.callback, call)
  return call
}

function fail(call: Call | undefined): void {
  call?.finish((call.isHeld ? kindAsync : kindSync) | outcomeError)
}

/**
 * Runs a call and looks at what it throws: Node then reports an error that nobody catches as thrown
 * here, so it is done only for those who ask for messages.
 */
function look<T>(call: Call, work: () => T): T {
  try {
    return call.run(work)
  } catch (error) {
    call.thrown = { error }
    throw error
  }
}

/** A promise whose value may be a stream. */
function chainStream(promise: Promise<unknown>, call: Call): Promise<unknown> | undefined {
  const onFulfilled = (value: unknown): unknown => {
    if (!watchStream(value, call)) call.finish(kindAsync | outcomeOk)
    return value
  }
  const onRejected = (error: unknown): never => {
    call.finish(kindAsync | outcomeError, { error })
    throw error
  }
  return chainOnce(promise, [onFulfilled, onRejected])
}

/** Looks at what was returned, and gives what the caller gets. */
function leave(result: unknown, call: Call, settings: CaptureSettings, isNew: boolean): unknown {
  if (call.isHeld) return result
  if (settings.stream && watchStream(result, call)) return result
  const isObject = (typeof result === 'object' && result !== null) || typeof result === 'function'
  if (isObject && !isNew && settings.promise === 'chained') {
    if (settings.stream && types.isPromise(result)) {
      const chained = chainStream(result, call)
      if (chained !== undefined) return chained
    }
    const then = thenOf(result)
    const { start, tag, database } = call
    if (then !== undefined) {
      return settleLater(result, then, start, tag, database, call)
    }
  }
  call.finish(kindSync | outcomeOk)
  return result
}

/** `instanceof` asks a bound function for what is in it, and any other for its prototype. */
function getOfBound(fn: Callable, key: PropertyKey, self: unknown): unknown {
  const value: unknown = Reflect.get(fn, key, self)
  const isUsual = value === instanceOf || value === undefined
  if (key !== Symbol.hasInstance || !isUsual) return value
  return (object: unknown) => object instanceof (fn as unknown as Class)
}

/** A function in place of this one, that records each call when it has ended. */
export function watch(fn: Callable, site: Site, settings: CaptureSettings): Callable {
  const isSame = settings.promise === 'same'
  const isLooking = settings.asked?.message === true
  // What stands between would stand in stack traces.
  const isBare = !isLooking && !settings.context
  const run = <T>(call: Call, work: () => T): T => (isLooking ? look(call, work) : call.run(work))
  const traps: ProxyHandler<Callable> = {
    // What somebody put on `Object.prototype` is no trap.
    // @ts-expect-error -- a handler has no such property, an object literal does
    __proto__: null,
    apply(target, self, args: unknown[]) {
      const call = begin(site, self, args, settings)
      let result
      let isOver = false
      try {
        result =
          isBare || call === undefined
            ? apply(target, self, args)
            : run(call, () => apply(target, self, args))
        isOver = true
      } finally {
        try {
          if (!isOver) fail(call)
        } catch {
          // The stack is full: the error of the host goes on, not this one.
        }
      }
      if (call !== undefined) return leave(result, call, settings, false)
      return isSame ? result : handOut(site, result)
    },
    construct(target, args: unknown[], newTarget) {
      const call = begin(site, undefined, args, settings)
      let result
      let isOver = false
      try {
        const seen = (newTarget as unknown) === proxy ? target : newTarget
        const make = (): object => construct(target as unknown as Class, args, seen) as object
        result = isBare || call === undefined ? make() : run(call, make)
        isOver = true
      } finally {
        try {
          if (!isOver) fail(call)
        } catch {
          // The stack is full: the error of the host goes on, not this one.
        }
      }
      return call === undefined ? result : (leave(result, call, settings, true) as object)
    },
  }
  if (isBound(fn)) traps.get = getOfBound
  const proxy = new Proxy(fn, traps)
  return proxy
}

