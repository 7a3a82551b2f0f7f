/** What functions and members of classes are called: `Class.method`. */

import type { Callable } from './wrapper.js'

// Prototypes of a proxy may go on for ever.
const prototypeCountMax = 100

/** A member of a class, as a decorator meets it. */
export interface Member {
  readonly key: PropertyKey
  readonly isStatic: boolean
  /** `get ` or `set ` for these. */
  readonly prefix: '' | 'get ' | 'set '
}

/** The own name of a function or class, or '' where it has none that can be told. */
export function nameOf(fn: unknown): string {
  if (typeof fn !== 'function') return ''
  try {
    const { name } = fn as { name: unknown }
    return typeof name === 'string' ? name : ''
  } catch {
    // A static getter `name`, or a proxy.
    return ''
  }
}

/** `Class.key`, as V8 shows it; the key alone where the class has no name. */
export function memberName(className: string, { prefix, key }: Member): string {
  const text = typeof key === 'symbol' ? `[${key.description ?? ''}]` : String(key)
  return className === '' ? `${prefix}${text}` : `${className}.${prefix}${text}`
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** The name of the class that these objects are made of: the class itself if they are static. */
export function classNameOf(holder: unknown, isStatic: boolean): string {
  try {
    if (!isObject(holder)) return ''
    return nameOf(isStatic ? holder : Reflect.get(holder, 'constructor'))
  } catch {
    // Proxies and getters may throw.
    return ''
  }
}

/** `self` and its prototypes. */
function* chainOf(self: object): Generator<object> {
  let holder: object | null = self
  for (let count = 0; holder !== null && count < prototypeCountMax; count++) {
    yield holder
    holder = Reflect.getPrototypeOf(holder)
  }
}

/**
 * Who declares the member whose wrapper is called on `self`, which may be of a subclass. Under
 * another decorator the wrapper is not found: then it is the nearest one that has the key.
 */
export function holderOf(self: unknown, key: PropertyKey, wrapper: Callable): unknown {
  if (!isObject(self)) return undefined
  let nearest: object | undefined
  for (const holder of chainOf(self)) {
    const own = Reflect.getOwnPropertyDescriptor(holder, key)
    if (own === undefined) continue
    if (own.value === wrapper || own.get === wrapper || own.set === wrapper) return holder
    nearest ??= holder
  }
  return nearest ?? self
}
