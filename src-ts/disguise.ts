/** Makes a wrapper look like the function in it. */

type Callable = (...args: never) => unknown

/** Not copied: sloppy functions own them, and they say nothing. */
const excluded = new Set<PropertyKey>(['arguments', 'caller', 'prototype'])

/** A class's prototype cannot be replaced, a function's can: the wrapper keeps that, too. */
function copyPrototype(from: Callable, to: Callable): void {
  const descriptor = Reflect.getOwnPropertyDescriptor(from, 'prototype')
  if (descriptor === undefined || !('value' in descriptor)) return
  const own = Reflect.getOwnPropertyDescriptor(to, 'prototype')
  if (own === undefined) Reflect.defineProperty(to, 'prototype', descriptor)
  else Reflect.defineProperty(to, 'prototype', { value: descriptor.value as unknown })
}

function copyProperties(from: Callable, to: Callable): void {
  for (const key of Reflect.ownKeys(from)) {
    if (excluded.has(key)) continue
    const descriptor = Reflect.getOwnPropertyDescriptor(from, key)
    if (descriptor !== undefined) Reflect.defineProperty(to, key, descriptor)
  }
}

/** Metadata as reflect-metadata keeps it: beside the function, not on it. */
function copyMetadata(from: Callable, to: Callable): void {
  const reflect = Reflect as unknown as Record<string, unknown>
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata } = reflect
  if (
    typeof getOwnMetadataKeys !== 'function' ||
    typeof getOwnMetadata !== 'function' ||
    typeof defineMetadata !== 'function'
  ) {
    return
  }
  const keys: unknown = Reflect.apply(getOwnMetadataKeys, Reflect, [from])
  for (const key of keys as unknown[]) {
    const value: unknown = Reflect.apply(getOwnMetadata, Reflect, [key, from])
    Reflect.apply(defineMetadata, Reflect, [key, value, to])
  }
}

/** Name, length, own properties, prototypes and metadata go over, as far as they can be read. */
export function disguise(from: Callable, to: Callable): void {
  const steps = [
    () => copyProperties(from, to),
    () => copyPrototype(from, to),
    () => {
      const prototype = Reflect.getPrototypeOf(from)
      if (Reflect.getPrototypeOf(to) !== prototype) Reflect.setPrototypeOf(to, prototype)
    },
    () => copyMetadata(from, to),
  ]
  for (const step of steps) {
    try {
      step()
    } catch {
      // A proxy that refuses to be looked at: the wrapper works without.
    }
  }
}
