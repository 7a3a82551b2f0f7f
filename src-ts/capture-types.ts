/** The types of `capture`: whatever is captured keeps its own. */

import type { CaptureOptions } from './capture-options.js'
import type { Span } from './span.js'

/** What can be captured: functions, also async and generators, and classes. */
export type Capturable = ((...args: never) => unknown) | (abstract new (...args: never) => unknown)

/** Contexts of standard decorators of what is a function itself. */
type FunctionContext =
  | ClassMethodDecoratorContext
  | ClassGetterDecoratorContext
  | ClassSetterDecoratorContext
  | ClassDecoratorContext

/** What has a field: an object or a class, but no function, which a name may wrongly follow. */
export type FieldTarget<T> = T extends (...args: never) => unknown ? never : T

/**
 * A decorator that captures what it stands at: methods, getters, setters and accessors, static and
 * private ones too, fields that hold a function, and classes, of which it captures the constructor.
 *
 * It is made by `capture()`, `capture(name, options?)` and `capture(options)`, and `capture` is
 * one itself. It serves standard decorators and those of `experimentalDecorators`.
 */
export interface CaptureDecorator {
  /** A standard decorator of a method, getter, setter or class. */
  <F extends Capturable>(value: F, context: FunctionContext): F
  /** A standard decorator of an `accessor`: reading and writing are captured. */
  <This, Value>(
    value: ClassAccessorDecoratorTarget<This, Value>,
    context: ClassAccessorDecoratorContext<This, Value>,
  ): ClassAccessorDecoratorResult<This, Value>
  /** A standard decorator of a field that holds a function, of each object its own. */
  <This, F extends Capturable | undefined>(
    value: undefined,
    context: ClassFieldDecoratorContext<This, F>,
  ): (this: This, initial: F) => F
  /** With `experimentalDecorators`: a method, getter or setter, of a class or its prototype. */
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): void
  /**
   * With `experimentalDecorators`: a field that holds a function. Of an object it is captured when
   * it is set, so TypeScript must be told `"useDefineForClassFields": false`.
   */
  <T extends object>(target: FieldTarget<T>, key: string | symbol): void
  /** A class with `experimentalDecorators`, or any function. */
  <F extends Capturable>(fn: F): F
}

/** `capture` and what hangs on it. */
export interface Capture {
  /** A standard decorator of a method, getter, setter or class: `@capture`. */
  <F extends Capturable>(value: F, context: FunctionContext): F
  /** A standard decorator of an `accessor`: reading and writing are captured. */
  <This, Value>(
    value: ClassAccessorDecoratorTarget<This, Value>,
    context: ClassAccessorDecoratorContext<This, Value>,
  ): ClassAccessorDecoratorResult<This, Value>
  /** A standard decorator of a field that holds a function. */
  <This, F extends Capturable | undefined>(
    value: undefined,
    context: ClassFieldDecoratorContext<This, F>,
  ): (this: This, initial: F) => F
  /** A decorator of a method, getter or setter with `experimentalDecorators`. */
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): void
  /** A decorator of a field with `experimentalDecorators`. */
  <T extends object>(target: FieldTarget<T>, key: string | symbol): void

  /**
   * A function like this one, of the same type, that records each call: how long it took, and
   * whether it failed. It is called by the name of the function, or by the place of this call.
   *
   * @param fn - a function, also async or a generator, or a class
   * @param options - what is captured of it, and where to
   * @returns a function to be used in its place; `fn` itself where nothing is captured
   * @throws `TypeError` when `fn` is no function or an option is wrong, `KroniclerError` when the
   * database is a reader; nothing when it is called
   * @example
   * ```ts
   * const add = capture((a: number, b: number) => a + b)
   * ```
   */
  <F extends Capturable>(fn: F, options?: CaptureOptions): F
  /**
   * As before, under a name that you choose.
   *
   * @param name - used as it is; an empty one counts as none
   * @param fn - a function, also async or a generator, or a class
   * @param options - what is captured of it, and where to
   * @example
   * ```ts
   * const findUser = capture('users.find', async (id: number) => ({ id }))
   * ```
   */
  <F extends Capturable>(name: string, fn: F, options?: CaptureOptions): F
  /**
   * A decorator, under a name that you choose.
   *
   * @example
   * ```ts
   * class Users {
   *   @capture('users.find') find() {}
   * }
   * ```
   */
  (name: string, options?: CaptureOptions): CaptureDecorator
  /**
   * A decorator; the name is that of the member: `Class.method`.
   *
   * @example
   * ```ts
   * class Users {
   *   @capture() find() {}
   * }
   * ```
   */
  (): CaptureDecorator
  /**
   * A decorator with options; the name is that of the member: `Class.method`.
   *
   * @example
   * ```ts
   * class Users {
   *   @capture({ every: 100 }) find() {}
   * }
   * ```
   */
  (options: CaptureOptions): CaptureDecorator

  /**
   * Runs a block, sync or async, and records it with kind `block`.
   *
   * @param name - what the block is called
   * @param block - is called once, at once, without arguments
   * @returns what the block returns; a promise settles as the block's, one microtask later
   * @throws `TypeError` for wrong arguments, and whatever the block throws
   * @example
   * ```ts
   * const page = await capture.run('load page', () => fetch('http://localhost/'))
   * ```
   */
  run<T>(name: string, block: () => T): T
  /**
   * Begins a block that `end()`, `fail()` or `using` ends. One that is never ended is not recorded.
   *
   * @param name - what the block is called
   * @throws `TypeError` when `name` is no string
   * @example
   * ```ts
   * using span = capture.start('handle message')
   * ```
   */
  start(name: string): Span
  /**
   * Pauses capturing in all threads of this process: calls are made as if they were not captured,
   * and are not counted as seen. Rows that `db.capture` inserts by hand are stored as ever.
   */
  pause(): void
  /** Goes on after a pause, however often `pause` was called. */
  resume(): void
  /**
   * Whether calls are captured in this thread: not with `KRONICLER_ENABLED=0`, nor without the
   * addon, nor while captures into the default database are paused.
   */
  readonly enabled: boolean
}
