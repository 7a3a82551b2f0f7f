/** Quantities that are given as numbers or as text with a unit: bytes, and how long. */

import { rangeError, typeError } from './arguments.js'

/** What can be counted in units. */
export interface Quantity {
  /** Which values will do, as messages say it. */
  wanted: string
  /** Units in lower case, and how much one of them is. */
  units: ReadonlyMap<string, number>
  min: number
  max: number
}

/**
 * Bytes of rows. The log of the rows that are not yet sealed and the newest segment always stay:
 * with rows that hardly compress they take nearly 4 MiB, so a lower limit could not be kept.
 */
export const rowBytes: Quantity = {
  wanted: "a number of bytes or a text such as '512 MiB', from 4 MiB to 8 PiB",
  units: new Map([
    ['', 1],
    ['b', 1],
    ['kb', 1e3],
    ['mb', 1e6],
    ['gb', 1e9],
    ['tb', 1e12],
    ['kib', 2 ** 10],
    ['mib', 2 ** 20],
    ['gib', 2 ** 30],
    ['tib', 2 ** 40],
  ]),
  min: 2 ** 22,
  max: 2 ** 53,
}

const dayMs = 86_400_000

/** How long rows are kept. What is less than a minute was hardly meant as milliseconds. */
export const rowAge: Quantity = {
  wanted: "a number of milliseconds or a text such as '14d' or '36h', from 1m to 36500d",
  units: new Map([
    ['', 1],
    ['ms', 1],
    ['s', 1_000],
    ['m', 60_000],
    ['min', 60_000],
    ['h', 3_600_000],
    ['d', dayMs],
    ['w', 7 * dayMs],
  ]),
  min: 60_000,
  max: 36_500 * dayMs,
}

const pattern = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/

/** How much a number or a text stands for; undefined when that will not do. */
export function parseQuantity(value: number | string, quantity: Quantity): number | undefined {
  const [, digits, unit = ''] = pattern.exec(String(value).trim().toLowerCase()) ?? []
  const amount = Math.round(Number(digits) * (quantity.units.get(unit) ?? NaN))
  return amount >= quantity.min && amount <= quantity.max ? amount : undefined
}

/** How much an option stands for. */
export function checkQuantity(name: string, value: unknown, quantity: Quantity): number {
  if (typeof value !== 'number' && typeof value !== 'string') {
    throw typeError(name, quantity.wanted, value)
  }
  const amount = parseQuantity(value, quantity)
  if (amount === undefined) throw rangeError(name, quantity.wanted, value)
  return amount
}
