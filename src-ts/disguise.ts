/** Makes a wrapper look like the function in it. */

type Callable = (...args: never) => unknown

const { defineProperty, deleteProperty, getOwnPropertyDescriptor, ownKeys } = Reflect

/** Not copied: sloppy functions own them, and they say nothing. */
const excluded = new Set<PropertyKey>(['arguments', 'caller'])

/** Works one step after the other; one that throws leaves the others alone. */
function attempt(...steps: readonly (() => void)[]): void {
  for (const step of steps) {
    try {
      step()
    } catch {
      // A proxy that refuses to be looked at: the wrapper works without.
    }
  }
}

function keysOf(from: Callable): (string | symbol)[] {
  let keys: (string | symbol)[] = ['length', 'name', 'prototype']
  attempt(() => (keys = ownKeys(from).filter((key) => !excluded.has(key))))
  return keys
}

function copyProperty(from: Callable, to: Callable, key: PropertyKey): void {
  const descriptor = getOwnPropertyDescriptor(from, key)
  if (descriptor === undefined || defineProperty(to, key, descriptor)) return
  // The prototype that a wrapper is born with can be changed, but stays what it is.
  if ('value' in descriptor) defineProperty(to, key, { value: descriptor.value as unknown })
}

/** Own properties, also the ones that a wrapper is born with, in their order. */
function copyProperties(from: Callable, to: Callable): void {
  const keys = keysOf(from)
  // Numbers come first wherever they were put.
  const wanted = keys.filter((key) => typeof key === 'symbol' || !/^\d+$/.test(key))
  let place = 0
  for (const key of ownKeys(to)) {
    if (key === wanted[place]) place += 1
    else deleteProperty(to, key)
  }
  attempt(...keys.map((key) => () => copyProperty(from, to, key)))
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

function copyPrototype(from: Callable, to: Callable): void {
  const prototype = Reflect.getPrototypeOf(from)
  if (Reflect.getPrototypeOf(to) !== prototype) Reflect.setPrototypeOf(to, prototype)
}

/** Name, length, own properties, prototypes and metadata go over, as far as they can be read. */
export function disguise(from: Callable, to: Callable): void {
  attempt(
    () => copyProperties(from, to),
    () => copyPrototype(from, to),
    () => copyMetadata(from, to),
    () => {
      if (!Reflect.isExtensible(from)) Reflect.preventExtensions(to)
    },
  )
}
