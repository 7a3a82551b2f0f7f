/**
 * Timers of the program: how late each begins, told by what Node itself notes on it.
 *
 * What sets timers is replaced: a callback runs in one of ours, whose `this` is its timer, and that
 * says when it was due, also when it repeats or was refreshed. Timers of another make, such as the
 * fake ones of tests, have no such notes, and are let alone. Promised timers show none: they are
 * due by the clock, and one that is late settles a microtask later still.
 */

import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import promises from 'node:timers/promises'

import { bare } from '../arguments.js'
import { promiseThen } from '../chained.js'
import { disguise } from '../disguise.js'
import { Names } from '../register/names.js'
import { aheadMs, clock } from './clocks.js'
import { recordSignal } from './signal.js'

type Callable = (...args: never) => unknown

/** What Node notes on a timer: milliseconds of its loop, and those that it waits. */
interface Notes {
  readonly _idleStart?: unknown
  readonly _idleTimeout?: unknown
}

const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect

/** Below that nobody notices. */
const lateMinMs = 50
/** Node makes 1 ms of longer waits. */
const delayMaxMs = 2 ** 31 - 1

/** Where the function lies that one of ours stands for: no copy of the package replaces ours. */
const originalKey = Symbol.for('kronicler.timers')
const kept = ['setTimeout', 'setInterval'] as const

const names = new Names('late timer')
/** What the clock shows when Node's loop shows 0. */
let zeroMs = NaN

function nothing(): void {}

function tellIfLate(dueMs: number): void {
  const nowMs = clock()
  if (nowMs - dueMs >= lateMinMs) recordSignal(names, 'late timer', dueMs, nowMs)
}

function look(timer: unknown): void {
  try {
    const { _idleStart: start, _idleTimeout: delay } = timer as Notes
    if (typeof start === 'number' && typeof delay === 'number') tellIfLate(zeroMs + start + delay)
  } catch {
    // Called by somebody else, with any `this`.
  }
}

function watchCallback(callback: Callable): Callable {
  return function lateTimer(this: unknown, ...args: never[]): unknown {
    look(this)
    return apply(callback, this, args)
  }
}

function watchSetter(original: Callable): Callable {
  return function set(this: unknown, ...args: unknown[]): unknown {
    const [callback] = args
    if (typeof callback === 'function') args[0] = watchCallback(callback as Callable)
    return apply(original, this, args)
  }
}

/** What a promised timer waits for, unless it is something that Node makes a number of. */
function delayOf(delay: unknown): number {
  if (delay === undefined) return 1
  if (typeof delay !== 'number') return NaN
  return delay >= 1 && delay <= delayMaxMs ? delay : 1
}

function watchPromised(original: Callable): Callable {
  return function set(this: unknown, ...args: unknown[]): unknown {
    const dueMs = clock() + delayOf(args[0])
    const promise = apply(original, this, args) as Promise<unknown>
    const onFulfilled = (value: unknown): unknown => {
      tellIfLate(dueMs)
      return value
    }
    try {
      return apply(promiseThen, promise, [onFulfilled])
    } catch {
      // No promise of Node's.
      return promise
    }
  }
}

/** The function that others have before it is replaced. */
function originalOf(fn: unknown): unknown {
  if (typeof fn !== 'function') return undefined
  return getOwnPropertyDescriptor(fn, originalKey)?.value ?? fn
}

/** What stands for a function, equal to it in all that can be seen of it but its text. */
function replacement(original: Callable, watch: (fn: Callable) => Callable): Callable {
  const made = watch(original)
  disguise(original, made)
  defineProperty(made, originalKey, { value: original })
  return made
}

/** Puts a function in place of another, where that is not frozen. */
function put(holder: object, key: string, fn: unknown): void {
  const found = getOwnPropertyDescriptor(holder, key)
  if (found === undefined || !('value' in found)) return
  defineProperty(holder, key, bare(found, { value: fn }))
}

function replace(holder: object, key: string, watch: (fn: Callable) => Callable): void {
  const fn: unknown = Reflect.get(holder, key)
  if (typeof fn !== 'function' || originalOf(fn) !== fn) return
  put(holder, key, replacement(fn as Callable, watch))
}

/** What Node's loop shows, learned from a timer; undefined where timers are not Node's. */
function loopMs(): unknown {
  const timer = timers.setTimeout(nothing, delayMaxMs)
  const { _idleStart: start } = timer as Notes
  timers.clearTimeout(timer)
  return start
}

/** Records each timer of this thread that begins late. */
export function watchTimers(): void {
  zeroMs = -aheadMs(loopMs)
  // Fake ones: replacing them would only be undone, or keep them from being taken away.
  if (Number.isNaN(zeroMs)) return
  for (const key of kept) {
    replace(timers, key, watchSetter)
    // Where a test runner or a tool has put another one there, it stays.
    if (globalThis[key] === originalOf(timers[key])) put(globalThis, key, timers[key])
  }
  replace(promises, 'setTimeout', watchPromised)
  syncBuiltinESMExports()
}
