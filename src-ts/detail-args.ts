/**
 * Arguments of a call as they are stored in a detail: what was asked for by path, small, and
 * without what is usually secret. Nothing that they are or do is to harm the call.
 */

import { types } from 'node:util'

/** A part of the arguments: an index, then keys. */
export interface ArgumentPath {
  readonly text: string
  readonly index: number
  readonly keys: readonly string[]
}

const depthMax = 3
const entryCountMax = 16
const textLengthMax = 256
const jsonLengthMax = 1_024

const redacted = '[redacted]'
const secretWords = [
  'passw',
  'pwd',
  'secret',
  'token',
  'authori[sz]ation',
  'cookie',
  'session',
  'credential',
  'private',
  'signature',
  '(api|access)[-_]?key',
]
const secrets = new RegExp(secretWords.join('|'), 'i')

/** Whether a value under this key is usually not to be told. */
export function isSecret(key: string): boolean {
  return secrets.test(key)
}

/** A path as `0.id` or `1.headers.host`; undefined if it is none. */
export function parsePath(text: string): ArgumentPath | undefined {
  const [index = '', ...keys] = text.split('.')
  const isPath = /^\d{1,3}$/.test(index) && keys.every((key) => key !== '')
  return isPath && text.length <= textLengthMax ? { text, index: Number(index), keys } : undefined
}

function cut(text: string): string {
  return text.length > textLengthMax ? `${text.slice(0, textLengthMax)}…` : text
}

function plainObject(value: object, depth: number): unknown {
  if (depth >= depthMax) return '[Object]'
  const told: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  const keys = Object.keys(value)
  for (const key of keys.slice(0, entryCountMax)) {
    const own = Reflect.getOwnPropertyDescriptor(value, key)
    if (isSecret(key)) told[cut(key)] = redacted
    else if (own?.get === undefined) told[cut(key)] = plain(own?.value, depth + 1)
    else told[cut(key)] = '[Getter]'
  }
  if (keys.length > entryCountMax) told['…'] = `${keys.length - entryCountMax} more`
  return told
}

function plainArray(value: readonly unknown[], depth: number): unknown {
  if (depth >= depthMax) return `[Array(${value.length})]`
  const told: unknown[] = []
  for (let at = 0; at < Math.min(value.length, entryCountMax); at++) {
    const own = Reflect.getOwnPropertyDescriptor(value, at)
    told.push(own?.get === undefined ? plain(own?.value, depth + 1) : '[Getter]')
  }
  if (value.length > entryCountMax) told.push(`… ${value.length - entryCountMax} more`)
  return told
}

/** What JSON can hold of a value: no code of it runs, and depth makes an end to cycles. */
function plain(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return cut(value)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'boolean':
      return value
    case 'bigint':
      return cut(`${value}n`)
    case 'function':
      return '[Function]'
    case 'symbol':
      return '[Symbol]'
    case 'undefined':
      return '[undefined]'
    default:
  }
  if (value === null) return null
  const object = value as object
  if (types.isProxy(object)) return '[Proxy]'
  if (types.isDate(object)) return plain(Date.prototype.getTime.call(object), depth)
  if (Array.isArray(object)) return plainArray(object, depth)
  if (ArrayBuffer.isView(object) || types.isAnyArrayBuffer(object)) return '[bytes]'
  if (types.isMap(object)) return '[Map]'
  if (types.isSet(object)) return '[Set]'
  return plainObject(object, depth)
}

function find(args: readonly unknown[], { index, keys }: ArgumentPath): unknown {
  let value = args[index]
  for (const key of keys) {
    if (value === undefined || value === null) return undefined
    if (types.isProxy(value)) return '[Proxy]'
    value = Reflect.get(Object(value) as object, key, value)
  }
  return value
}

/** The values at these paths as JSON; those that are not there, or throw, are left out. */
export function tellArguments(
  args: readonly unknown[],
  paths: readonly ArgumentPath[],
): [path: string, json: string][] {
  const told: [string, string][] = []
  for (const path of paths) {
    try {
      const value = path.keys.some(isSecret) ? redacted : find(args, path)
      if (value === undefined) continue
      const json = JSON.stringify(plain(value, 0))
      const isShort = json.length <= jsonLengthMax
      told.push([path.text, isShort ? json : JSON.stringify(`${json.slice(0, jsonLengthMax)}…`)])
    } catch {
      // A getter on the way has thrown.
    }
  }
  return told
}
