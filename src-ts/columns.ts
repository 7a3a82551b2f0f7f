/** Rows as columns, the form in which the addon gives them: what batches and rows read. */

import type { NativeRows } from './native.js'

/** How a call ended. */
export type Outcome = 'ok' | 'error' | 'aborted'

/** What was measured. */
export type Kind = 'sync' | 'async' | 'generator' | 'block' | 'http' | 'manual' | 'signal'

/** Outcomes in the order of their numbers. */
export const outcomes: readonly Outcome[] = ['ok', 'error', 'aborted']

/** Kinds in the order of their numbers. */
export const kinds: readonly Kind[] = [
  'sync',
  'async',
  'generator',
  'block',
  'http',
  'manual',
  'signal',
]

/** Columns of a batch, all of the same length. */
export interface RowColumns {
  /** Ids, whole numbers. */
  readonly id: Float64Array
  /** Nanoseconds since the Unix epoch. */
  readonly end: BigInt64Array
  /** Nanoseconds. */
  readonly duration: BigUint64Array
  /** Indexes into `names`, `sources` and `weights` of the batch. */
  readonly name: Uint32Array
  /** Threads: 0 is the main one of its process. */
  readonly thread: Uint32Array
  /** Bits 0-1: index into `outcomes`; bits 2-4: index into `kinds`. */
  readonly flags: Uint8Array
}

/** Columns, and what their numbers speak of. */
export interface RowTable {
  readonly columns: RowColumns
  readonly names: readonly string[]
  readonly sources: readonly string[]
  readonly weights: readonly number[]
  /** Ends and durations once more, as lower and upper halves of 32 bits. */
  readonly ends: Int32Array
  readonly durations: Uint32Array
  /** As JSON, where they were asked for. */
  readonly details: readonly (string | null | undefined)[] | undefined
}

/** Of the addon's rows, at most the first `limit`. */
export function toTable(native: NativeRows, limit: number): RowTable {
  const { count, columns: buffer } = native
  // Of this realm: in a test runner the addon's arrays are of another one.
  const [names, sources] = [Array.from(native.names), Array.from(native.sources)]
  const weights = Array.from(native.weights)
  const length = Math.min(count, limit)
  // Widest first, so that every column is aligned.
  const columns = {
    id: new Float64Array(buffer, 0, length),
    end: new BigInt64Array(buffer, 8 * count, length),
    duration: new BigUint64Array(buffer, 16 * count, length),
    name: new Uint32Array(buffer, 24 * count, length),
    thread: new Uint32Array(buffer, 28 * count, length),
    flags: new Uint8Array(buffer, 32 * count, length),
  }
  const ends = new Int32Array(buffer, 8 * count, 2 * length)
  const durations = new Uint32Array(buffer, 16 * count, 2 * length)
  return { columns, names, sources, weights, ends, durations, details: native.details }
}

/** The element of a column at an index that is known to be in range. */
export function at<T>(column: { readonly [index: number]: T }, index: number): T {
  return column[index] as T
}

const upper = 2 ** 32

/** Nanoseconds. From halves, because a bigint on the way would take ten times as long. */
export function durationOf({ durations }: RowTable, index: number): number {
  return at(durations, 2 * index + 1) * upper + at(durations, 2 * index)
}

/**
 * Nanoseconds since the Unix epoch, rounded once: the difference of the upper halves has at most
 * 33 bits, so its multiple is exact, and so is the difference of the lower ones.
 */
export function roundedStartOf({ ends, durations }: RowTable, index: number): number {
  const [low, high] = [2 * index, 2 * index + 1]
  const lower = (at(ends, low) >>> 0) - at(durations, low)
  return (at(ends, high) - at(durations, high)) * upper + lower
}
