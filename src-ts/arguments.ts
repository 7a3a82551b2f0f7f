/** Checks of what callers pass: errors name the argument or option, and show its value. */

import { inspect } from 'node:util'

/** A value as an error message shows it. */
export function show(value: unknown): string {
  try {
    if (typeof value === 'function') return 'a function'
    const text = inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 60 })
    return text.length > 80 ? `${text.slice(0, 77)}...` : text
  } catch {
    // Proxies and objects that inspect themselves may throw.
    return `a value of type ${typeof value}`
  }
}

export function typeError(name: string, wanted: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${wanted}, not ${show(value)}`)
}

export function rangeError(name: string, wanted: string, value: unknown): RangeError {
  return new RangeError(`${name} must be ${wanted}, not ${show(value)}`)
}

export function checkString(name: string, value: unknown): string {
  if (typeof value !== 'string') throw typeError(name, 'a string', value)
  return value
}

/**
 * An object for the addon, which reads properties by name: one without a prototype, so that what
 * somebody put on `Object.prototype` is not taken for an option.
 */
export function bare<T extends object>(...parts: readonly T[]): T {
  return Object.assign(Object.create(null) as T, ...parts) as T
}

/** What a proxy or a getter gives; an error of its own is the cause of one that names the place. */
export function read<T>(name: string, look: () => T): T {
  try {
    return look()
  } catch (error) {
    throw new TypeError(`${name} cannot be read`, { cause: error })
  }
}

/** Own properties of an options object with known keys; what a prototype has does not count. */
export function checkOptions<K extends string>(
  name: string,
  value: unknown,
  keys: readonly K[],
): Map<K, unknown> {
  const found = new Map<K, unknown>()
  if (value === undefined) return found
  if (typeof value !== 'object' || value === null || read(name, () => Array.isArray(value))) {
    throw typeError(name, 'an object', value)
  }
  for (const key of read(name, () => Object.keys(value))) {
    const known = keys.find((candidate) => candidate === key)
    if (known === undefined) {
      throw new TypeError(`${name} has an unknown key '${key}'; known are ${keys.join(', ')}`)
    }
    const option: unknown = read(`${name}: '${key}'`, () => Reflect.get(value, key))
    if (option !== undefined) found.set(known, option)
  }
  return found
}

/** A path of a directory. */
export function checkDir(name: string, value: unknown): string {
  const dir = checkString(name, value)
  if (dir === '' || dir.includes('\0')) throw rangeError(name, 'the path of a directory', value)
  return dir
}

/** A whole number from `min` on that 32 bits hold. */
export function checkCount(name: string, value: unknown, min: number): number {
  if (typeof value !== 'number') throw typeError(name, 'a number', value)
  if (!Number.isInteger(value) || value < min || value > 0xffff_ffff) {
    throw rangeError(name, `a whole number from ${min} to 4294967295`, value)
  }
  return value
}
