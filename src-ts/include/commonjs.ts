/**
 * CommonJS: what a module exports is looked at when its code has run, which is before anybody gets
 * it; loading ends with a copy for ES modules.
 */

import nodeModule from 'node:module'
import { types } from 'node:util'

import { holderOf, ownNames } from './members.js'
import { isOfRuntime } from './runtime.js'
import type { Holder } from './members.js'
import type { Include } from './asked.js'
import type { Callable } from '../wrapper.js'

const { apply, defineProperty, getOwnPropertyDescriptor } = Reflect

interface Loaded {
  exports: unknown
  readonly filename?: unknown
  readonly loaded?: boolean
}

/** What has been there since Node was young, and other tools replace, too. */
interface Loader {
  _cache: Record<string, Loaded | undefined>
  _resolveFilename: Callable
  prototype: { _compile: Callable }
}

/** Compilers of ES modules put getters into `exports`, which have no effects. */
function isCompiled(exports: object): boolean {
  return getOwnPropertyDescriptor(exports, '__esModule')?.value === true
}

/**
 * What stands for exports whose getters cannot be replaced: it hands out functions that record
 * themselves in place of those that the getters give.
 */
function mirror(exports: object, wrappers: ReadonlyMap<unknown, Callable>): object {
  return new Proxy(exports, {
    // What somebody put on `Object.prototype` is no trap.
    // @ts-expect-error -- a handler has no such property, an object literal does
    __proto__: null,
    get(target, key) {
      const value: unknown = Reflect.get(target, key)
      const descriptor = getOwnPropertyDescriptor(target, key)
      return descriptor?.get === undefined ? value : (wrappers.get(value) ?? value)
    },
  })
}

class Exports implements Holder {
  readonly #module: Loaded
  readonly #exports: object
  readonly #own: Holder
  readonly #wrappers = new Map<unknown, Callable>()
  #isMirrored = false

  constructor(module: Loaded, exports: object) {
    this.#module = module
    this.#exports = exports
    this.#own = holderOf(exports)
  }

  /** Exports that are one function are `default`. */
  #isWhole(key: string): boolean {
    return (
      key === 'default' &&
      typeof this.#exports === 'function' &&
      !Object.hasOwn(this.#exports, 'default')
    )
  }

  #getterOf(key: string): PropertyDescriptor | undefined {
    const found = getOwnPropertyDescriptor(this.#exports, key)
    return found?.get !== undefined && isCompiled(this.#exports) ? found : undefined
  }

  keys(): string[] {
    const getters = ownNames(this.#exports).filter(
      (key) => this.#getterOf(key) !== undefined && this.#isFunction(key),
    )
    return [...this.#own.keys(), ...getters, ...(this.#isWhole('default') ? ['default'] : [])]
  }

  #isFunction(key: string): boolean {
    try {
      return typeof this.get(key) === 'function'
    } catch {
      // Of a module in a cycle that is not there yet.
      return false
    }
  }

  get(key: string): unknown {
    if (this.#isWhole(key)) return this.#exports
    const getter = this.#getterOf(key)?.get
    return getter === undefined ? this.#own.get(key) : apply(getter, this.#exports, [])
  }

  set(key: string, value: Callable): boolean {
    if (this.#isWhole(key)) {
      this.#module.exports = value
      return true
    }
    const descriptor = this.#getterOf(key)
    if (descriptor === undefined) return this.#own.set(key, value)
    this.#wrappers.set(this.get(key), value)
    if (descriptor.configurable === true) return this.#replaceGetter(key, descriptor)
    if (!this.#isMirrored) this.#module.exports = mirror(this.#exports, this.#wrappers)
    this.#isMirrored = true
    return true
  }

  #replaceGetter(key: string, descriptor: PropertyDescriptor): boolean {
    const wrappers = this.#wrappers
    const get = descriptor.get as Callable
    return defineProperty(this.#exports, key, {
      ...descriptor,
      get(this: unknown) {
        const value = apply(get, this, [])
        return wrappers.get(value) ?? value
      },
    })
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function look(include: Include, module: Loaded): void {
  const { exports, filename } = module
  if (typeof filename !== 'string') return
  const rules = include.rulesOf(filename)
  if (rules.length === 0 || !isObject(exports)) return
  // An ES module that was required has been looked at where it was loaded.
  if (types.isModuleNamespaceObject(exports) || isOfRuntime(exports)) return
  include.wrap(new Exports(module, exports), filename, rules)
}

function attempt(act: () => void): void {
  try {
    act()
  } catch {
    // A module that refuses to be looked at is loaded as ever.
  }
}

/** Captures what was asked for of a module whose code has run. Never throws. */
export function lookAtModule(include: Include, module: unknown): void {
  attempt(() => look(include, module as Loaded))
}

/** Captures what was asked for of each CommonJS module that is loaded from now on. */
export function hookCommonJs(include: Include): void {
  const loader = nodeModule as unknown as Loader
  const { _resolveFilename: resolve } = loader
  const { _compile: compile } = loader.prototype
  // Other runtimes load otherwise.
  if (typeof compile !== 'function') return
  loader.prototype._compile = function compile_(this: Loaded, ...args) {
    const result = apply(compile, this, args)
    attempt(() => look(include, this))
    return result
  } as Callable
  if (!include.hasSpecifiers) return
  loader._resolveFilename = function resolve_(this: unknown, ...args) {
    const file = apply(resolve, this, args)
    attempt(() => {
      if (!include.resolved(String(args[0]), String(file))) return
      // It was loaded before, by its path.
      const present = loader._cache[String(file)]
      if (present?.loaded === true) look(include, present)
    })
    return file
  }
}
