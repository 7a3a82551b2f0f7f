/**
 * Arguments of a call as they are stored in a detail: what was asked for by path, small, and
 * without what is usually secret. Nothing that they are or do is to harm the call.
 */

import { types } from 'node:util'

import { hasSecret, isSecret, namesSecret, redacted } from './detail-secrets.js'

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

/** Longer numbers take long to be written. */
const numberMax = 2n ** 256n
/** Keys whose value may be the name of what stands beside it. */
const labelKeys = ['name', 'key', 'header']

/** A path as `0.id` or `1.headers.host`; undefined if it is none. */
export function parsePath(text: string): ArgumentPath | undefined {
  const [index = '', ...keys] = text.split('.')
  const isPath = /^\d{1,3}$/.test(index) && keys.every((key) => key !== '')
  return isPath && text.length <= textLengthMax ? { text, index: Number(index), keys } : undefined
}

/** Characters that can still be told of the present argument: no more is looked at. */
let room = 0

function cut(text: string): string {
  return text.length > textLengthMax ? `${text.slice(0, textLengthMax)}…` : text
}

function tellText(text: string): string {
  const told = cut(text)
  room -= told.length
  return hasSecret(told) ? redacted : told
}

/** What an own property holds, unless that is to be found out by running code. */
function ownValue(object: object, key: PropertyKey): unknown {
  return Reflect.getOwnPropertyDescriptor(object, key)?.value
}

function plainProperty(object: object, key: PropertyKey, depth: number): unknown {
  const own = Reflect.getOwnPropertyDescriptor(object, key)
  return own?.get === undefined ? plain(own?.value, depth + 1) : '[Getter]'
}

function plainObject(value: object, depth: number): unknown {
  if (depth >= depthMax) return '[Object]'
  const told: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  const keys = Object.keys(value)
  const isLabelled = labelKeys.some((key) => namesSecret(ownValue(value, key)))
  for (const key of keys.slice(0, entryCountMax)) {
    const isHidden = isSecret(key) || (isLabelled && !labelKeys.includes(key))
    told[cut(key)] = isHidden ? redacted : plainProperty(value, key, depth)
    room -= key.length
  }
  if (keys.length > entryCountMax) told['…'] = `${keys.length - entryCountMax} more`
  return told
}

function plainArray(value: readonly unknown[], depth: number): unknown {
  if (depth >= depthMax) return `[Array(${value.length})]`
  const told: unknown[] = []
  let isHidden = false
  for (let at = 0; at < Math.min(value.length, entryCountMax); at++) {
    told.push(isHidden ? redacted : plainProperty(value, at, depth))
    // Headers are handed around as names and values in turn.
    isHidden = !isHidden && namesSecret(ownValue(value, at))
  }
  if (value.length > entryCountMax) told.push(`… ${value.length - entryCountMax} more`)
  return told
}

/** What JSON can hold of a value: no code of it runs, and depth makes an end to cycles. */
function plain(value: unknown, depth: number): unknown {
  room -= 1
  if (room < 0) return null
  switch (typeof value) {
    case 'string':
      return tellText(value)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'boolean':
      return value
    case 'bigint':
      return value > -numberMax && value < numberMax ? `${value}n` : '[BigInt]'
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
  if (types.isStringObject(object)) return plain(String.prototype.valueOf.call(object), depth)
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
      room = jsonLengthMax
      const json = JSON.stringify(plain(value, 0))
      const isShort = json.length <= jsonLengthMax
      told.push([path.text, isShort ? json : JSON.stringify(`${json.slice(0, jsonLengthMax)}…`)])
    } catch {
      // A getter on the way has thrown.
    }
  }
  return told
}
