/** What wrappers need so that `new` on them is `new` on the function in them. */

export type Callable = (this: unknown, ...args: unknown[]) => unknown
export type Class = new (...args: unknown[]) => object

const { defineProperty, getOwnPropertyDescriptor } = Reflect

/** Gives a wrapper the prototype of its function, as far as it can be read; returns what it has. */
export function adoptPrototype(from: Callable, to: Callable): unknown {
  try {
    const descriptor = getOwnPropertyDescriptor(from, 'prototype')
    if (descriptor !== undefined && !defineProperty(to, 'prototype', descriptor)) {
      // One that cannot be removed: other attributes than the present ones are refused.
      defineProperty(to, 'prototype', { value: descriptor.value as unknown })
    }
  } catch {
    // A proxy that refuses to be looked at.
  }
  return to.prototype as unknown
}

/** Whether it can be constructed and has no prototype: bound functions, and `Proxy`. */
export function isBound(fn: Callable): boolean {
  try {
    return getOwnPropertyDescriptor(fn, 'prototype') === undefined
  } catch {
    return false
  }
}

/** Only a bound function can be constructed and has no prototype: it must be one, too. */
export function likeBound(fn: Callable, wrapper: Callable): Callable {
  defineProperty(wrapper, Symbol.hasInstance, {
    value: (value: unknown) => value instanceof (fn as unknown as Class),
  })
  return wrapper.bind(undefined)
}
