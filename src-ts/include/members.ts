/**
 * Members of a module's exports: those that were asked for get a function that records itself in
 * their place. A class stands for its methods. Getters are not called, and what cannot be replaced
 * stays as it is.
 */

import {
  captured,
  checkCaptureOptions,
  debug,
  nameOf,
  shared,
  siteOf,
  storeFor,
  tellLeftAlone,
} from '../inner.js'
import { placeOf } from './places.js'
import { isOfRuntime } from './runtime.js'
import type { Callable } from '../wrapper.js'

const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect

/** What holds members: an object, or what a module exports. */
export interface Holder {
  /** Names of its own members that are functions. */
  keys(): string[]
  get(key: string): unknown
  /** Whether the value has been replaced. */
  set(key: string, value: Callable): boolean
}

/** What was asked for of a module, and what it is called by. */
export interface Asked {
  /** What stands before the colon in names. */
  readonly label: string
  /** Where in the exports; the last part may be `*`. */
  readonly member: readonly string[]
  /** What stands in names in place of the first part. */
  readonly alias?: string
}

const settings = checkCaptureOptions(undefined)
// Own properties of functions, and the way back to a class: not what was meant by all.
const passedOver = new Set(['arguments', 'caller', 'constructor', 'prototype', 'super_'])
// Prototypes of a proxy may go on for ever.
const prototypeCountMax = 100

/** Syntax tells: old ones, functions with a prototype, are called like any other. */
function isClass(value: Callable): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value))
}

function isHolder(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** A property, own or of a prototype. */
function lookUp(object: object, key: string): PropertyDescriptor | undefined {
  let holder: object | null = object
  for (let count = 0; holder !== null && count < prototypeCountMax; count += 1) {
    const found = getOwnPropertyDescriptor(holder, key)
    if (found !== undefined) return found
    holder = getPrototypeOf(holder)
  }
  return undefined
}

/** Names of own properties; lists and bytes, which may be long, have none that are meant. */
export function ownNames(object: object): string[] {
  if (Array.isArray(object) || ArrayBuffer.isView(object)) return []
  return ownKeys(object).filter((key): key is string => typeof key === 'string')
}

/** An object's members. One of a prototype is replaced on the object alone. */
export function holderOf(object: object): Holder {
  return {
    keys: () =>
      ownNames(object).filter(
        (key) =>
          !passedOver.has(key) &&
          typeof getOwnPropertyDescriptor(object, key)?.value === 'function',
      ),
    get: (key) => lookUp(object, key)?.value as unknown,
    set(key, value) {
      const found = lookUp(object, key)
      return found !== undefined && defineProperty(object, key, { ...found, value })
    },
  }
}

function shownName({ label }: Asked, path: readonly string[]): string {
  return `${label}:${path.filter((part) => part !== 'prototype').join('.')}`
}

/** What stands in names for a member: a name of its own says more than `default`. */
function shownPart(asked: Asked, path: readonly string[], key: string, value: unknown): string {
  if (path.length > 0) return key
  if (asked.alias !== undefined) return asked.alias
  return (key === 'default' && nameOf(value)) || key
}

/** Puts functions that record themselves into the exports of one file. */
class Wrapping {
  readonly #asked: Asked
  readonly #file: string
  readonly names: string[] = []

  constructor(asked: Asked, file: string) {
    this.#asked = asked
    this.#file = file
  }

  /** What `member` leads to, from what `path` led to. */
  walk(holder: Holder, member: readonly string[], path: readonly string[]): void {
    const [key = '*', ...rest] = member
    if (key === '*') {
      for (const one of holder.keys()) this.#attempt(holder, one, path)
    } else if (rest.length === 0) {
      this.#attempt(holder, key, path)
    } else {
      const value = holder.get(key)
      const part = shownPart(this.#asked, path, key, value)
      if (!isHolder(value) || isOfRuntime(value)) return
      this.walk(holderOf(value), rest, [...path, part])
    }
  }

  /** One member that refuses leaves the others alone. */
  #attempt(holder: Holder, key: string, above: readonly string[]): void {
    try {
      const value = holder.get(key)
      if (typeof value !== 'function' || isOfRuntime(value)) return
      const path = [...above, shownPart(this.#asked, above, key, value)]
      if (isClass(value as Callable)) this.#wrapMethods(value as Callable, path)
      else this.#wrap(holder, key, value as Callable, path)
    } catch (error) {
      tellLeftAlone(shownName(this.#asked, [...above, key]), String(error))
    }
  }

  #wrapMethods(of: Callable, path: readonly string[]): void {
    for (const object of [of, of.prototype as unknown]) {
      if (!isHolder(object)) continue
      const holder = holderOf(object)
      for (const key of holder.keys()) {
        const value = holder.get(key) as Callable
        if (!isClass(value)) this.#wrap(holder, key, value, [...path, key], of)
      }
    }
  }

  /** `of`: the class that it is a method of. */
  #wrap(
    holder: Holder,
    key: string,
    fn: Callable,
    path: readonly string[],
    of?: Callable,
  ): void {
    const name = shownName(this.#asked, path)
    if (shared.captured.has(fn)) {
      this.names.push(name)
      return
    }
    const store = storeFor({})
    if (store === undefined) return
    const source = placeOf(fn, nameOf(fn), this.#file, of)
    const wrapper = captured(fn, () => siteOf(store, name, source, true), settings)
    if (!holder.set(key, wrapper)) {
      tellLeftAlone(name, 'it cannot be replaced')
      return
    }
    this.names.push(name)
    debug(`captures ${name} (${source || this.#file})`)
  }
}

/** Captures what was asked for; says what these members are called. Never throws. */
export function wrapMembers(exported: Holder, asked: Asked, file: string): string[] {
  const wrapping = new Wrapping(asked, file)
  try {
    wrapping.walk(exported, asked.member, [])
  } catch (error) {
    // Exports that are a proxy which refuses to be looked at.
    tellLeftAlone(file, String(error))
  }
  return wrapping.names
}
