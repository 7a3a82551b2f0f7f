/** Answers in the shapes that JavaScript likes, and checks of what is asked for. */

import { setImmediate } from 'node:timers/promises'

import { checkOptions, rangeError, typeError } from './arguments.js'
import { at, durationOf, roundedStartOf, toTable } from './columns.js'
import { RowBatch } from './row-batch.js'
import type { RowTable } from './columns.js'
import type { NativeRows } from './native.js'
import type { Row } from './row.js'

/** A row as numbers and a name; start is rounded to a double (about 256 ns). */
export type LogEntry = [id: number, name: string, start: number, duration: number]

/** How percentiles are computed. */
export interface PercentilesOptions {
  /** Reads every duration, instead of answering within 1 %. Default: false. */
  exact?: boolean
}

export function toRows(native: NativeRows): Row[] {
  return new RowBatch(native).toArray()
}

/** One list; joining is several times cheaper than letting one list grow. */
export function joined(parts: readonly Row[][]): Row[] {
  return ([] as Row[]).concat(...parts)
}

function toLogEntry(table: RowTable, index: number): LogEntry {
  const { id, name } = table.columns
  const text = at(table.names, at(name, index))
  return [at(id, index), text, roundedStartOf(table, index), durationOf(table, index)]
}

/** Oldest first, of rows that come newest first. */
export function toLogs(native: NativeRows): LogEntry[] {
  const table = toTable(native, Infinity)
  const last = table.columns.id.length - 1
  return Array.from({ length: last + 1 }, (_, index) => toLogEntry(table, last - index))
}

/** Rows of a log that are made before the event loop has its turn: a third of a millisecond. */
const partSize = 1_024

/** As `toLogs`, in parts, so that what else is to be done is not kept waiting. */
export async function toLogsInParts(native: NativeRows): Promise<LogEntry[]> {
  const table = toTable(native, Infinity)
  const entries: LogEntry[] = []
  for (let index = table.columns.id.length - 1; index >= 0; index--) {
    entries.push(toLogEntry(table, index))
    if (entries.length % partSize === 0) await setImmediate()
  }
  return entries
}

/** Quantiles from 0 to 1. */
export function checkQuantileList(name: string, qs: unknown): number[] {
  if (!Array.isArray(qs)) throw typeError(name, 'a list of numbers', qs)
  // `map` would leave out holes.
  return Array.from(qs, (q: unknown, index) => {
    const place = `${name}[${index}]`
    if (typeof q !== 'number') throw typeError(place, 'a number', q)
    if (!(q >= 0 && q <= 1)) {
      throw rangeError(place, 'between 0 and 1 (0.99 is the 99th percentile)', q)
    }
    return q
  })
}

/** The quantiles that were asked for, and whether exactly. */
export function checkQuantiles(
  qs: unknown,
  options: unknown,
): { quantiles: number[]; isExact: boolean } {
  const quantiles = checkQuantileList('qs', qs)
  const exact = checkOptions('options', options, ['exact']).get('exact') ?? false
  if (typeof exact !== 'boolean') throw typeError('options.exact', 'true or false', exact)
  return { quantiles, isExact: exact }
}

/** The id of a row. */
export function checkId(id: unknown): number {
  if (typeof id !== 'number') throw typeError('id', 'a number', id)
  if (!Number.isSafeInteger(id) || id < 0) throw rangeError('id', 'from 0 to 2^53 - 1', id)
  return id
}
