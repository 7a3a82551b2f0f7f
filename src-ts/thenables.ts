/**
 * Thenables that are no plain promises: lazy queries, promise subclasses.
 *
 * The same object goes back to the caller. Its `then` is never called by us, or a lazy query
 * would run twice; instead it gets a `then` of its own, until the first consumer has called it.
 * That one's handlers record the call; what it leaves out is seen by the promise that it gets.
 */

import { types } from 'node:util'

import { chainOnce } from './chained.js'
import { outcomeError, outcomeOk, record } from './record.js'
import type { Handlers } from './chained.js'
import type { Thrown, Told } from './tell.js'

type Then = (this: unknown, ...args: unknown[]) => unknown

/** A call that waits to be recorded. */
interface Waiting {
  readonly start: number
  readonly tag: number
  readonly database: number
  readonly told: Told | undefined
}

interface Watch {
  readonly waiting: Waiting[]
}

// oxlint-disable-next-line unicorn/no-thenable -- the very purpose of this file
const key = 'then'

// A builder that returns itself from every call would grow the list for ever.
const waitingCountMax = 64

const watches = new WeakMap<object, Watch>()

/** The `then` of a value if it has one; read once, and guarded, because getters may throw. */
export function thenOf(value: object): Then | undefined {
  try {
    const { then } = value as { then?: unknown }
    return typeof then === 'function' ? (then as Then) : undefined
  } catch {
    return undefined
  }
}

function settle(watch: Watch, outcome: number, thrown?: Thrown): void {
  for (const { start, tag, database, told } of watch.waiting) {
    record(start, tag | outcome, database, thrown, told)
  }
  watch.waiting.length = 0
}

function passOn(value: unknown): unknown {
  return value
}

function throwOn(error: unknown): never {
  throw error
}

/** A handler that records the call first. */
function settled(watch: Watch, outcome: number, next: Then): Then {
  return function handler(this: unknown, ...args: unknown[]): unknown {
    settle(watch, outcome, outcome === outcomeError ? { error: args[0] } : undefined)
    return Reflect.apply(next, this, args)
  }
}

/** Handlers as a consumer gave them, that also record. */
function watchedHandlers(watch: Watch, isPromise: boolean, handlers: unknown[]): unknown[] {
  // Only a promise is known to treat what is no function like these.
  const [ok, error] = isPromise ? [passOn, throwOn] : []
  const wrap = (handler: unknown, otherwise: Then | undefined, outcome: number): unknown => {
    const next = typeof handler === 'function' ? (handler as Then) : otherwise
    return next === undefined ? handler : settled(watch, outcome, next)
  }
  const watched = [...handlers]
  if (isPromise || handlers.length > 0) watched[0] = wrap(handlers[0], ok, outcomeOk)
  if (isPromise || handlers.length > 1) watched[1] = wrap(handlers[1], error, outcomeError)
  return watched
}

/**
 * Gives the consumer what `then` returned. One that has not given both handlers sees by that how
 * it ends: mostly a promise.
 */
function follow(watch: Watch, handlers: readonly unknown[], next: unknown): unknown {
  const isSeen = handlers.map((handler) => typeof handler === 'function')
  if ((isSeen[0] && isSeen[1]) || watch.waiting.length === 0) return next
  if (types.isPromise(next)) {
    const chained = chainOnce(next, [
      settled(watch, outcomeOk, passOn) as Handlers[0],
      settled(watch, outcomeError, throwOn) as Handlers[1],
    ])
    if (chained !== undefined) return chained
  }
  const isObject = (typeof next === 'object' && next !== null) || typeof next === 'function'
  const then = isObject && !watches.has(next) ? thenOf(next) : undefined
  const isFollowed = then !== undefined && tryToBegin(next as object, then, watch)
  // Nobody will tell how it ended.
  if (!isFollowed && !isSeen[0]) settle(watch, outcomeOk)
  return next
}

/** Puts back what was there, an own property or none, unless somebody else was quicker. */
function restore(target: object, own: PropertyDescriptor | undefined, ours: Then): void {
  if (Reflect.getOwnPropertyDescriptor(target, key)?.value !== ours) return
  if (own === undefined) Reflect.deleteProperty(target, key)
  else Reflect.defineProperty(target, key, own)
}

/** What stands in place of `then` until the first consumer has called it. */
function watchedThen(
  target: object,
  then: Then,
  watch: Watch,
  own: PropertyDescriptor | undefined,
): Then {
  const isPromise = types.isPromise(target)
  return function watched(this: unknown, ...handlers: unknown[]): unknown {
    const isFirst = this === target && watches.get(target) === watch
    if (!isFirst) return Reflect.apply(then, this, handlers)
    watches.delete(target)
    restore(target, own, watched)
    let next
    let isOver = false
    try {
      next = Reflect.apply(then, this, watchedHandlers(watch, isPromise, handlers))
      isOver = true
    } finally {
      if (!isOver) settle(watch, outcomeError)
    }
    return isPromise ? next : follow(watch, handlers, next)
  }
}

/** False if the `then` of this object cannot be replaced, or is no longer what is called. */
function begin(target: object, then: Then, watch: Watch): boolean {
  const own = Reflect.getOwnPropertyDescriptor(target, key)
  if (own !== undefined && (!own.configurable || own.get !== undefined)) return false
  const value = watchedThen(target, then, watch, own)
  Object.defineProperty(value, 'name', { value: key, configurable: true })
  const enumerable = own?.enumerable ?? false
  const descriptor = { value, enumerable, configurable: true, writable: true }
  if (!Reflect.defineProperty(target, key, descriptor)) return false
  if (types.isProxy(target) && thenOf(target) !== value) {
    restore(target, own, value)
    return false
  }
  watches.set(target, watch)
  return true
}

function tryToBegin(target: object, then: Then, watch: Watch): boolean {
  try {
    return begin(target, then, watch)
  } catch {
    // A proxy that refuses.
    return false
  }
}

/** Records the call when the first consumer sees it settle. False if that cannot be watched. */
export function watchThenable(target: object, then: Then, waiting: Waiting): boolean {
  const present = watches.get(target)
  if (present === undefined) return tryToBegin(target, then, { waiting: [waiting] })
  if (present.waiting.length >= waitingCountMax) return false
  present.waiting.push(waiting)
  return true
}
