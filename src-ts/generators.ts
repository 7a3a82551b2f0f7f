/**
 * Calls of generator functions, sync and async: from the first `next` to the end.
 *
 * The generator itself goes to the caller, with a `next`, `return` and `throw` of its own until
 * it has ended. One that is never started is not recorded, nor is one that never ends.
 */

import { types } from 'node:util'

import { promiseThen } from './chained.js'
import { adoptPrototype } from './constructors.js'
import { beginContext, runIn } from './context.js'
import { Given } from './given.js'
import {
  kindGenerator,
  now,
  outcomeError,
  outcomeOk,
  record,
  tagOf,
} from './record.js'
import type { CaptureSettings } from './capture-options.js'
import type { Callable } from './constructors.js'
import type { CallContext } from './context.js'
import type { Site } from './record.js'
import type { Asked, Thrown, Told } from './tell.js'

type Step = (this: unknown, ...args: unknown[]) => unknown

const { apply, defineProperty, deleteProperty, setPrototypeOf } = Reflect
const stepNames = ['next', 'return', 'throw'] as const

/** One run of a generator. */
class Run implements Told {
  #start: number | undefined
  /** Whether a step is on the stack. */
  isRunning = false
  #isOver = false
  readonly #generator: object
  readonly #tag: number
  readonly #database: number
  readonly asked: Asked | undefined
  readonly args: readonly unknown[] | undefined
  readonly context: CallContext | undefined

  constructor(generator: object, tag: number, database: number, told: Told) {
    this.#generator = generator
    this.#tag = tag
    this.#database = database
    this.asked = told.asked
    this.args = told.args
    this.context = told.context
  }

  begin(): void {
    this.#start ??= now()
  }

  /** One that ends before its start, by `return` or `throw`, never ran: it is not recorded. */
  finish(outcome: number, thrown?: Thrown): void {
    if (this.#isOver) return
    this.#isOver = true
    // What was added last goes first: V8 takes back what it did, and generators stay fast.
    deleteProperty(this.#generator, 'throw')
    deleteProperty(this.#generator, 'return')
    deleteProperty(this.#generator, 'next')
    if (this.#start !== undefined) {
      record(this.#start, this.#tag | outcome, this.#database, thrown, this)
    }
  }

  /** Looks at what a step gave: by `yield*` anything, a getter that throws included. */
  note(result: unknown): void {
    let isDone
    try {
      isDone = (result as { done?: unknown } | undefined)?.done
    } catch {
      return
    }
    // Whoever asks for the next step asks whether it is truthy.
    if (isDone) this.finish(outcomeOk)
  }

  fail(thrown?: Thrown): void {
    this.finish(outcomeError, thrown)
  }
}

/** The promise of an async generator's step, seen when it settles. */
function chain(promise: Promise<unknown>, run: Run): unknown {
  const onFulfilled = (result: unknown): unknown => {
    run.note(result)
    return result
  }
  const onRejected = (error: unknown): never => {
    run.fail({ error })
    throw error
  }
  try {
    return apply(promiseThen, promise, [onFulfilled, onRejected])
  } catch {
    // Somebody has replaced what `then` makes its promise with.
    return promise
  }
}

/** Gives a generator its run, where nobody sees it. */
class Watched extends Given {
  readonly #run: Run

  private constructor(generator: object, run: Run) {
    super(generator)
    this.#run = run
  }

  static put(generator: object, run: Run): void {
    // oxlint-disable-next-line no-new -- it is the generator that changes
    new Watched(generator, run)
  }

  static runOf(object: unknown): Run | undefined {
    const isObject = typeof object === 'object' && object !== null
    return isObject && #run in object ? object.#run : undefined
  }
}

/** A step that tells the run of its generator. */
function watched(step: Step, name: (typeof stepNames)[number]): Step {
  const isFirst = name === 'next'
  const { value } = {
    value(this: unknown, ...args: unknown[]): unknown {
      const run = Watched.runOf(this)
      // One that asks itself for more gets an error and goes on.
      if (run === undefined || run.isRunning) return apply(step, this, args)
      if (isFirst) run.begin()
      let result
      let isOver = false
      run.isRunning = true
      try {
        const { context } = run
        result =
          context === undefined
            ? apply(step, this, args)
            : runIn(context, () => apply(step, this, args) as unknown)
        isOver = true
      } finally {
        run.isRunning = false
        try {
          if (!isOver) run.fail()
        } catch {
          // The stack is full.
        }
      }
      if (types.isPromise(result)) return chain(result, run)
      run.note(result)
      return result
    },
  }
  return defineProperty(value, 'name', { value: name, configurable: true }) ? value : step
}

// Most generators have the same steps, those of the language: made once, they cost little.
const watchedSteps = {
  next: new WeakMap<Step, PropertyDescriptor>(),
  return: new WeakMap<Step, PropertyDescriptor>(),
  throw: new WeakMap<Step, PropertyDescriptor>(),
}

function watchedStep(step: Step, name: (typeof stepNames)[number]): PropertyDescriptor {
  const known = watchedSteps[name].get(step)
  if (known !== undefined) return known
  const descriptor = { value: watched(step, name), configurable: true, writable: true }
  watchedSteps[name].set(step, descriptor)
  return descriptor
}

function watchSteps(generator: object, run: Run): void {
  Watched.put(generator, run)
  for (const name of stepNames) {
    const step = (generator as Record<string, unknown>)[name]
    if (typeof step === 'function') {
      defineProperty(generator, name, watchedStep(step as Step, name))
    }
  }
}

/** Lets a generator record itself; one that cannot be changed goes unrecorded. */
function watchGenerator(generator: object, tag: number, database: number, told: Told): void {
  try {
    watchSteps(generator, new Run(generator, tag, database, told))
  } catch {
    // Its prototype is the user's, and may have getters that throw.
  }
}

/** Somebody has given the wrapper another prototype: generators are to have it. */
function inherit(generator: unknown, prototype: unknown): void {
  if (typeof prototype === 'object') setPrototypeOf(generator as object, prototype)
}

/** Generator functions, sync and async. */
export function wrapGenerator(fn: Callable, site: Site, settings: CaptureSettings): Callable {
  const { database } = site
  const { asked } = settings
  const wantsArguments = asked !== undefined && asked.args.length > 0
  const { wrapper }: { wrapper: Callable } = {
    wrapper(this: unknown, ...args: unknown[]): unknown {
      const tag = tagOf(site, this)
      const start = now()
      let generator
      let isOver = false
      try {
        generator = apply(fn, this, args)
        isOver = true
      } finally {
        try {
          if (!isOver && tag >= 0) record(start, tag | kindGenerator | outcomeError, database)
        } catch {
          // The stack is full: the error of the host goes on, not this one.
        }
      }
      if (wrapper.prototype !== prototype) inherit(generator, wrapper.prototype)
      if (tag >= 0) {
        const context = settings.context ? beginContext() : undefined
        const told = { asked, context, args: wantsArguments ? args : undefined }
        watchGenerator(generator as object, tag | kindGenerator, database, told)
      }
      return generator
    },
  }
  const prototype = adoptPrototype(fn, wrapper)
  return wrapper
}
