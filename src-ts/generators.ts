/**
 * Calls of generator functions, sync and async: from the first `next` to the end.
 *
 * The generator itself goes to the caller, with a `next`, `return` and `throw` of its own until
 * it has ended. One that is never started is not recorded, nor is one that never ends.
 */

import { types } from 'node:util'

import { adoptPrototype } from './constructors.js'
import {
  kindGenerator,
  now,
  outcomeError,
  outcomeOk,
  record,
  tagOf,
} from './record.js'
import type { Callable } from './constructors.js'
import type { Site } from './record.js'

type Step = (this: unknown, ...args: unknown[]) => unknown

const { apply, defineProperty, deleteProperty, setPrototypeOf } = Reflect
const promiseThen = Promise.prototype.then
const stepNames = ['next', 'return', 'throw'] as const

/** One run of a generator. */
class Run {
  #start: number | undefined
  /** Whether a step is on the stack. */
  isRunning = false
  #isOver = false
  readonly #generator: object
  readonly #tag: number
  readonly #database: number

  constructor(generator: object, tag: number, database: number) {
    this.#generator = generator
    this.#tag = tag
    this.#database = database
  }

  begin(): void {
    this.#start ??= now()
  }

  finish(outcome: number): void {
    if (this.#isOver || this.#start === undefined) return
    this.#isOver = true
    for (const name of stepNames) deleteProperty(this.#generator, name)
    record(this.#start, this.#tag | outcome, this.#database)
  }

  /** Looks at what a step gave. */
  note(result: unknown): void {
    if ((result as { done?: unknown } | undefined)?.done === true) this.finish(outcomeOk)
  }

  fail(): void {
    this.finish(outcomeError)
  }
}

/** The promise of an async generator's step, seen when it settles. */
function chain(promise: Promise<unknown>, run: Run): unknown {
  const onFulfilled = (result: unknown): unknown => {
    run.note(result)
    return result
  }
  const onRejected = (error: unknown): never => {
    run.fail()
    throw error
  }
  return apply(promiseThen, promise, [onFulfilled, onRejected])
}

function stepOf(generator: object, run: Run, step: Step, isFirst: boolean): Step {
  return function watched(this: unknown, ...args: unknown[]): unknown {
    if (this !== generator) return apply(step, this, args)
    // One that asks itself for more gets an error and goes on.
    if (run.isRunning) return apply(step, this, args)
    if (isFirst) run.begin()
    let result
    run.isRunning = true
    try {
      result = apply(step, this, args)
    } catch (error) {
      try {
        run.fail()
      } catch {
        // The stack is full.
      }
      throw error
    } finally {
      run.isRunning = false
    }
    if (types.isPromise(result)) return chain(result, run)
    run.note(result)
    return result
  }
}

function watchSteps(generator: object, run: Run): void {
  for (const name of stepNames) {
    const step = (generator as Record<string, unknown>)[name]
    if (typeof step !== 'function') continue
    const value = stepOf(generator, run, step as Step, name === 'next')
    defineProperty(value, 'name', { value: name, configurable: true })
    defineProperty(generator, name, { value, configurable: true, writable: true })
  }
}

/** Lets a generator record itself; one that cannot be changed goes unrecorded. */
function watchGenerator(generator: object, tag: number, database: number): void {
  try {
    watchSteps(generator, new Run(generator, tag, database))
  } catch {
    // Its prototype is the user's, and may have getters that throw.
  }
}

/** Somebody has given the wrapper another prototype: generators are to have it. */
function inherit(generator: unknown, prototype: unknown): void {
  if (typeof prototype === 'object') setPrototypeOf(generator as object, prototype)
}

/** Generator functions, sync and async. */
export function wrapGenerator(fn: Callable, site: Site): Callable {
  const { database } = site
  const { wrapper }: { wrapper: Callable } = {
    wrapper(this: unknown, ...args: unknown[]): unknown {
      const tag = tagOf(site, this)
      const start = now()
      let generator
      try {
        generator = apply(fn, this, args)
      } catch (error) {
        try {
          if (tag >= 0) record(start, tag | kindGenerator | outcomeError, database)
        } catch {
          // The stack is full: the error of the host goes on, not this one.
        }
        throw error
      }
      if (wrapper.prototype !== prototype) inherit(generator, wrapper.prototype)
      if (tag >= 0) watchGenerator(generator as object, tag | kindGenerator, database)
      return generator
    },
  }
  const prototype = adoptPrototype(fn, wrapper)
  return wrapper
}
