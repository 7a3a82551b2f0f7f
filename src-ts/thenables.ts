/**
 * Thenables that are no plain promises: lazy queries, promise subclasses.
 *
 * The same object goes back to the caller. Its `then` is never called by us, or a lazy query
 * would run twice; instead it gets a `then` of its own, until the first consumer has called it.
 */

import { types } from 'node:util'

import { outcomeError, outcomeOk, record } from './record.js'

type Then = (this: unknown, ...args: unknown[]) => unknown

/** A call that waits to be recorded. */
interface Waiting {
  readonly start: number
  readonly tag: number
  readonly database: number
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

function settle(watch: Watch, outcome: number): void {
  for (const { start, tag, database } of watch.waiting) record(start, tag | outcome, database)
  watch.waiting.length = 0
}

function passOn(value: unknown): unknown {
  return value
}

function throwOn(error: unknown): never {
  throw error
}

/** Handlers as a consumer gave them, that also record. */
function watchedHandlers(watch: Watch, isPromise: boolean, handlers: unknown[]): unknown[] {
  const [onFulfilled, onRejected, ...rest] = handlers
  const wrap = (handler: unknown, otherwise: Then, outcome: number): unknown => {
    // Only a promise is known to treat what is no function like `otherwise`.
    if (typeof handler !== 'function' && !isPromise) return handler
    const next = typeof handler === 'function' ? (handler as Then) : otherwise
    return function settled(this: unknown, ...args: unknown[]): unknown {
      settle(watch, outcome)
      return Reflect.apply(next, this, args)
    }
  }
  const fulfilled = wrap(onFulfilled, passOn, outcomeOk)
  return [fulfilled, wrap(onRejected, throwOn, outcomeError), ...rest]
}

/** Puts back what was there, an own property or none, unless somebody else was quicker. */
function restore(target: object, own: PropertyDescriptor | undefined, ours: Then): void {
  if (Reflect.getOwnPropertyDescriptor(target, key)?.value !== ours) return
  if (own === undefined) Reflect.deleteProperty(target, key)
  else Reflect.defineProperty(target, key, own)
}

function begin(target: object, then: Then): Watch | undefined {
  const own = Reflect.getOwnPropertyDescriptor(target, key)
  if (own !== undefined && (!own.configurable || own.get !== undefined)) return undefined
  const watch: Watch = { waiting: [] }
  const isPromise = types.isPromise(target)
  const value = function watched(this: unknown, ...handlers: unknown[]): unknown {
    const isFirst = this === target && watches.get(target) === watch
    if (!isFirst) return Reflect.apply(then, this, handlers)
    watches.delete(target)
    restore(target, own, value)
    return Reflect.apply(then, this, watchedHandlers(watch, isPromise, handlers))
  }
  const enumerable = own?.enumerable ?? false
  const descriptor = { value, enumerable, configurable: true, writable: true }
  Object.defineProperty(value, 'name', { value: key, configurable: true })
  return Reflect.defineProperty(target, key, descriptor) ? watch : undefined
}

/** Records the call when the first consumer sees it settle. False if that cannot be watched. */
export function watchThenable(target: object, then: Then, waiting: Waiting): boolean {
  try {
    const present = watches.get(target)
    const watch = present ?? begin(target, then)
    if (watch === undefined || watch.waiting.length >= waitingCountMax) return false
    if (present === undefined) watches.set(target, watch)
    watch.waiting.push(waiting)
    return true
  } catch {
    // A proxy that refuses.
    return false
  }
}
