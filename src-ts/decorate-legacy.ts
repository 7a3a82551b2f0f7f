/**
 * `capture` as a decorator of TypeScript's `experimentalDecorators`.
 *
 * It is handed a target, which is a class for static members, else its prototype, a key, and a
 * descriptor unless the member is a field.
 */

import { captured, storeFor } from './captured.js'
import { checkFunction, siteOfDecorated, withPrefix, wrapBoth } from './decoration.js'
import { classNameOf, memberName } from './members.js'
import type { Decoration, WrapMember } from './decoration.js'
import type { Member } from './members.js'
import type { NativeStore } from './native.js'
import type { Site } from './record.js'
import type { Callable } from './wrapper.js'

/** A member, and the class that it is declared in. */
interface Declared extends Member {
  readonly target: object
  readonly className: string
}

export function isKey(value: unknown): value is PropertyKey {
  return typeof value === 'string' || typeof value === 'symbol' || typeof value === 'number'
}

export function isDescriptor(value: unknown): value is PropertyDescriptor {
  if (typeof value !== 'object' || value === null) return false
  return ['value', 'get', 'set'].some((key) => Object.hasOwn(value, key))
}

/** Whether the target can have such a field: a class that has it by now, or a prototype. */
export function hasField(target: object, key: PropertyKey): boolean {
  if (typeof target === 'function') return Object.hasOwn(target, key)
  if (!Object.hasOwn(target, 'constructor')) return false
  const made: unknown = target.constructor
  return typeof made === 'function' && made.prototype === target
}

function declaredIn(target: object, key: PropertyKey): Declared {
  const isStatic = typeof target === 'function'
  return { target, key, isStatic, prefix: '', className: classNameOf(target, isStatic) }
}

/** Decorators of parameters are handed an index in place of the descriptor. */
export function refuseParameter(target: object, key: PropertyKey | undefined): never {
  const declared = declaredIn(target, key ?? 'constructor')
  const method = memberName(declared.className, declared)
  throw new TypeError(`@capture decorates functions, not a parameter of ${method}`)
}

/** Field of an object: there is nothing yet, so it is captured when it is set. */
function setLater({ target, key }: Declared, wrap: (value: unknown) => unknown): void {
  const inherited = Reflect.getPrototypeOf(target) ?? {}
  Reflect.defineProperty(target, key, {
    configurable: true,
    get(this: unknown): unknown {
      return Reflect.get(inherited, key, this)
    },
    set(this: object, value: unknown) {
      const own = { enumerable: true, configurable: true, writable: true }
      Reflect.defineProperty(this, key, { value: wrap(value), ...own })
    },
  })
}

export function decorateLegacyField(target: object, key: PropertyKey, given: Decoration): void {
  const declared = declaredIn(target, key)
  const name = memberName(declared.className, declared)
  const store = storeFor(given.settings)
  let site: Site | undefined
  const wrap = (value: unknown): unknown => {
    if (value === undefined || value === null) return value
    const fn = checkFunction(value, `field ${name}`)
    if (store === undefined) return fn
    return captured(fn, () => (site ??= siteOfDecorated(store, given, name)), given.settings)
  }
  if (declared.isStatic) Reflect.set(target, key, wrap(Reflect.get(target, key)))
  else if (store !== undefined) setLater(declared, wrap)
}

function wrapIn(className: string, store: NativeStore, given: Decoration): WrapMember {
  return (fn, member) => {
    const own = memberName(className, member)
    const makeSite = (): Site => siteOfDecorated(store, withPrefix(given, member), own)
    return captured(fn, makeSite, given.settings)
  }
}

/** The descriptor that is to stand in place of the member's. */
export function decorateLegacy(
  target: object,
  key: PropertyKey,
  descriptor: PropertyDescriptor,
  given: Decoration,
): PropertyDescriptor | undefined {
  const declared = declaredIn(target, key)
  const isAccessor = descriptor.get !== undefined || descriptor.set !== undefined
  if (!isAccessor) {
    checkFunction(descriptor.value, `member ${memberName(declared.className, declared)}`)
  }
  const store = storeFor(given.settings)
  if (store === undefined) return undefined
  const wrap = wrapIn(declared.className, store, given)
  if (isAccessor) return Object.assign({ ...descriptor }, wrapBoth(descriptor, declared, wrap))
  const value: unknown = wrap(descriptor.value as Callable, declared)
  return { ...descriptor, value }
}
