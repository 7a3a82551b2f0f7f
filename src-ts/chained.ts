/**
 * One promise in, one promise out: remembers which one was handed out instead of another.
 *
 * As a private field on the promise itself, which nobody can see: a WeakMap costs four times as
 * much (60 to 100 ns instead of 210 to 350, Node 20 to 24), most of it in the garbage collector.
 */

import { Given } from './given.js'

type Handle = Promise<unknown>

/** What is done when a promise settles; what they return or throw is what the caller gets. */
export type Handlers = [
  onFulfilled: (value: unknown) => unknown,
  onRejected: (error: unknown) => never,
]

// Taken at load, so that whoever replaces them later does not change what is captured.
const { apply, getPrototypeOf, isExtensible } = Reflect
const { getOwnPropertyNames } = Object
// Of what async functions return: `Promise` itself may be somebody's replacement by now (zone.js).
/** The prototype of native promises. */
export const promisePrototype = getPrototypeOf((async () => {})()) as Promise<unknown>
/** Their `then`. */
export const promiseThen: Promise<unknown>['then'] = promisePrototype.then

class Chained extends Given {
  readonly #handle: Handle

  private constructor(target: Handle, handle: Handle) {
    super(target)
    this.#handle = handle
  }

  static put(target: Handle, handle: Handle): void {
    // oxlint-disable-next-line no-new -- it is the target that changes
    new Chained(target, handle)
  }

  static get(target: Handle): Handle | undefined {
    return #handle in target ? target.#handle : undefined
  }
}

/**
 * Whether nobody has made more of a promise than it is. Symbols do not count: Node itself puts
 * some on every promise while AsyncLocalStorage is in use (Node 20 and 22).
 */
function isPlain(promise: Handle): boolean {
  if (getPrototypeOf(promise) !== promisePrototype || !isExtensible(promise)) return false
  return getOwnPropertyNames(promise).length === 0
}

function nothing(): void {}

function chain(promise: Handle, handlers: Handlers | []): Handle {
  const known = Chained.get(promise)
  if (known !== undefined && handlers.length === 0) return known
  const chained = apply(promiseThen, promise, handlers) as Handle
  if (known === undefined) {
    Chained.put(promise, chained)
    return chained
  }
  // Nobody gets this one, so its rejection is nobody's.
  apply(promiseThen, chained, [undefined, nothing])
  return known
}

/**
 * What is handed out instead of a plain promise, the same each time: functions that remember their
 * results go on doing so. Undefined if it is not plain, or somebody has broken what `then` uses.
 */
export function chainOnce(promise: Handle, handlers: Handlers | []): Handle | undefined {
  try {
    return isPlain(promise) ? chain(promise, handlers) : undefined
  } catch {
    return undefined
  }
}
