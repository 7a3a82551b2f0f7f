/** What environment variables say, read once when the package is loaded. */

import path from 'node:path'

import { bare } from './arguments.js'
import { parseQuantity, rowAge, rowBytes } from './quantities.js'
import type { NativeOptions } from './native.js'
import type { Quantity } from './quantities.js'
import { warn } from './warning.js'

const isOn = new Map([
  ['1', true],
  ['true', true],
  ['on', true],
  ['0', false],
  ['false', false],
  ['off', false],
])

const durabilities = ['sync', 'interval', 'os'] as const
const clocks = ['tsc', 'os'] as const

/** A variable that is set to something, or undefined. */
export function readVariable(name: string): string | undefined {
  try {
    return process.env[name] || undefined
  } catch {
    // Deno asks for a permission.
    return undefined
  }
}

/** Warns of a variable whose value is of no use. */
export function warnOfVariable(name: string, value: string, remedy: string): void {
  const shown = JSON.stringify(value.slice(0, 100))
  warn('KRONICLER_BAD_ENV', name, `${name}=${shown} is ignored: ${remedy}`)
}

function oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
  const value = readVariable(name)
  const known = values.find((word) => word === value?.toLowerCase())
  if (value !== undefined && known === undefined) {
    warnOfVariable(name, value, `use ${values.map((word) => `'${word}'`).join(' or ')}`)
  }
  return known
}

function readQuantity(name: string, quantity: Quantity): number | undefined {
  const value = readVariable(name)
  if (value === undefined) return undefined
  const amount = parseQuantity(value, quantity)
  if (amount === undefined) warnOfVariable(name, value, `use ${quantity.wanted}`)
  return amount
}

function readSwitch(name: string, otherwise: boolean): boolean {
  const value = readVariable(name)
  if (value === undefined) return otherwise
  const known = isOn.get(value.toLowerCase())
  if (known === undefined) warnOfVariable(name, value, "use '1' or '0'")
  return known ?? otherwise
}

function readDir(): string | undefined {
  const dir = readVariable('KRONICLER_DIR')
  try {
    return dir && path.resolve(dir)
  } catch {
    // There is no working directory any more.
    return dir
  }
}

/** Options of the default database as far as variables give them. */
function readOptions(): NativeOptions {
  const options = bare<NativeOptions>()
  const dir = readDir()
  const durability = oneOf('KRONICLER_DURABILITY', durabilities)
  const maxBytes = readQuantity('KRONICLER_MAX_BYTES', rowBytes)
  const maxAgeMs = readQuantity('KRONICLER_MAX_AGE', rowAge)
  if (dir !== undefined) options.dir = dir
  if (durability !== undefined) options.durability = durability
  if (maxBytes !== undefined) options.maxBytes = maxBytes
  if (maxAgeMs !== undefined) options.maxAgeMs = maxAgeMs
  return options
}

/** Whether anything is captured in this process. */
export const isEnabled: boolean = readSwitch('KRONICLER_ENABLED', true)

/** Whether calls know who made them. */
export const wantsContext: boolean = readSwitch('KRONICLER_CONTEXT', false)

export const environmentOptions: Readonly<NativeOptions> = readOptions()

/** The clock to use, when one is wished for. */
export const clockWish: string | undefined = oneOf('KRONICLER_CLOCK', clocks)

/** What to log to stderr, in the syntax of RUST_LOG. */
export const logFilter: string | undefined =
  readVariable('KRONICLER_LOG') ?? readVariable('RUST_LOG')

/** What is captured when it is loaded: patterns with commas between them. */
export const includeList: string | undefined = readVariable('KRONICLER_INCLUDE')

/** Which signals are recorded: words with commas between them. */
export const signalList: string | undefined = readVariable('KRONICLER_SIGNALS')
