/** Wrappers for the options `callback` and `stream`: the call may end long after its return. */

import { types } from 'node:util'

import { Call } from './call.js'
import { watchCallback } from './callbacks.js'
import { adoptPrototype } from './constructors.js'
import { chainOnce, isPlain, settleLater } from './promises.js'
import { kindAsync, kindSync, outcomeError, outcomeOk, tagOf } from './record.js'
import { watchStream } from './streams.js'
import { thenOf } from './thenables.js'
import type { CaptureSettings } from './capture-options.js'
import type { Callable, Class } from './constructors.js'
import type { Site } from './record.js'

const { apply, construct } = Reflect

/** A call that is to be recorded, or undefined. */
function begin(
  site: Site,
  self: unknown,
  args: unknown[],
  settings: CaptureSettings,
): Call | undefined {
  const tag = tagOf(site, self)
  if (tag < 0) return undefined
  const call = new Call(tag, site.database)
  if (settings.callback !== undefined) call.isHeld = watchCallback(args, settings.callback, call)
  return call
}

function fail(call: Call | undefined): void {
  call?.finish((call.isHeld ? kindAsync : kindSync) | outcomeError)
}

/** A promise whose value may be a stream. */
function chainStream(promise: Promise<unknown>, call: Call): unknown {
  const onFulfilled = (value: unknown): unknown => {
    if (!watchStream(value, call)) call.finish(kindAsync | outcomeOk)
    return value
  }
  const onRejected = (error: unknown): never => {
    call.finish(kindAsync | outcomeError)
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
    if (settings.stream && types.isPromise(result) && isPlain(result)) {
      return chainStream(result, call)
    }
    const then = thenOf(result)
    const { start, tag, database } = call
    if (then !== undefined) return settleLater(result, then, start, tag | kindAsync, tag, database)
  }
  call.finish(kindSync | outcomeOk)
  return result
}

/** As `watchConstructible`, of a function that cannot be constructed. */
export function watch(fn: Callable, site: Site, settings: CaptureSettings): Callable {
  const { wrapper } = {
    wrapper(this: unknown, ...args: unknown[]): unknown {
      const call = begin(site, this, args, settings)
      let result
      try {
        result = apply(fn, this, args)
      } catch (error) {
        try {
          fail(call)
        } catch {
          // The stack is full: the error of the host goes on, not this one.
        }
        throw error
      }
      return call === undefined ? result : leave(result, call, settings, false)
    },
  }
  return wrapper
}

/** A function in place of this one, that records each call when it has ended. */
export function watchConstructible(fn: Callable, site: Site, settings: CaptureSettings): Callable {
  function wrapper(this: unknown, ...args: unknown[]): unknown {
    const call = begin(site, this, args, settings)
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
        fail(call)
      } catch {
        // The stack is full: the error of the host goes on, not this one.
      }
      throw error
    }
    return call === undefined ? result : leave(result, call, settings, new.target !== undefined)
  }
  const prototype = adoptPrototype(fn, wrapper)
  return wrapper
}
