/** A batch of rows, as columns. */

import type { NativeRows } from './native.js'
import { Row } from './row.js'
import type { Kind, Outcome } from './row.js'

/** Columns of a batch, all of the same length. */
export interface RowColumns {
  readonly id: Float64Array
  /** Nanoseconds since the Unix epoch. */
  readonly end: BigInt64Array
  /** Nanoseconds. */
  readonly duration: BigUint64Array
  /** Indexes into `names` and `sources` of the batch. */
  readonly name: Uint32Array
  readonly thread: Uint32Array
  /** Bits 0-1: index into `outcomes`; bits 2-4: index into `kinds`. */
  readonly flags: Uint8Array
}

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

function split(buffer: ArrayBuffer, count: number): RowColumns {
  // Widest first, so that every column is aligned.
  return {
    id: new Float64Array(buffer, 0, count),
    end: new BigInt64Array(buffer, 8 * count, count),
    duration: new BigUint64Array(buffer, 16 * count, count),
    name: new Uint32Array(buffer, 24 * count, count),
    thread: new Uint32Array(buffer, 28 * count, count),
    flags: new Uint8Array(buffer, 32 * count, count),
  }
}

function shorten(columns: RowColumns, length: number): RowColumns {
  if (columns.id.length === length) return columns
  return {
    id: columns.id.subarray(0, length),
    end: columns.end.subarray(0, length),
    duration: columns.duration.subarray(0, length),
    name: columns.name.subarray(0, length),
    thread: columns.thread.subarray(0, length),
    flags: columns.flags.subarray(0, length),
  }
}

/** A batch of rows: columns for programs that compute, rows for those that look. */
export class RowBatch {
  readonly length: number
  readonly columns: RowColumns
  /** Names that occur in the batch. */
  readonly names: readonly string[]
  /** Where each of them was wrapped. */
  readonly sources: readonly string[]
  /** Whether stored rows could not be read. */
  readonly isPartial: boolean

  /** Of the addon's rows, at most the first `limit`. */
  constructor(native: NativeRows, limit: number = Infinity) {
    this.length = Math.min(native.count, limit)
    this.columns = shorten(split(native.columns, native.count), this.length)
    this.names = native.names
    this.sources = native.sources
    this.isPartial = native.partial
  }

  /** The row at an index; negative ones count from the end. */
  at(index: number): Row | undefined {
    const i = index < 0 ? this.length + index : index
    const { id, end, duration, name, thread, flags } = this.columns
    const number = id[i]
    if (number === undefined) return undefined
    const bits = flags[i] ?? 0
    const nameIndex = name[i] ?? 0
    const [endNs, durationNs] = [end[i] ?? 0n, duration[i] ?? 0n]
    return new Row({
      id: number,
      name: this.names[nameIndex] ?? '',
      start: endNs - durationNs,
      end: endNs,
      duration: Number(durationNs),
      outcome: outcomes[bits & 3] ?? 'ok',
      kind: kinds[(bits >> 2) & 7] ?? 'sync',
      thread: thread[i] ?? 0,
      source: this.sources[nameIndex] ?? '',
    })
  }

  *[Symbol.iterator](): IterableIterator<Row> {
    for (let i = 0; i < this.length; i++) yield this.at(i) as Row
  }
}
