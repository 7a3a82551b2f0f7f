/** A batch of rows, as columns. */

import { toTable } from './columns.js'
import { Row } from './row.js'
import type { RowColumns, RowTable } from './columns.js'
import type { NativeRows } from './native.js'

/**
 * A batch of rows: columns for programs that compute, rows for those that look. The rows are read
 * from the columns: who writes into these, or transfers their buffer, does so to the rows.
 *
 * @example
 * ```ts
 * let sum = 0n
 * for await (const batch of database().rows()) {
 *   for (const duration of batch.columns.duration) sum += duration
 * }
 * ```
 */
export class RowBatch {
  readonly #table: RowTable
  /** The columns: views of one buffer, of the same length. */
  readonly columns: RowColumns
  /** Names that occur in the batch. */
  readonly names: readonly string[]
  /** Where each of them was wrapped. */
  readonly sources: readonly string[]
  /** How many calls a row of each of them stands for. */
  readonly weights: readonly number[]
  /** Whether stored rows could not be read. */
  readonly isPartial: boolean

  /** @internal Of the addon's rows, at most the first `limit`. */
  constructor(native: NativeRows, limit: number = Infinity) {
    this.#table = toTable(native, limit)
    this.columns = this.#table.columns
    this.names = this.#table.names
    this.sources = this.#table.sources
    this.weights = this.#table.weights
    this.isPartial = native.partial
  }

  /** How many rows there are. */
  get length(): number {
    return this.columns.id.length
  }

  /** The row at an index; negative ones count from the end. */
  at(index: number): Row | undefined {
    const i = index < 0 ? this.length + index : index
    const isThere = Number.isInteger(i) && i >= 0 && i < this.length
    return isThere ? new Row(this.#table, i) : undefined
  }

  /** All rows: as `[...batch]`, in a fraction of the time. */
  toArray(): Row[] {
    const rows: Row[] = []
    for (let i = 0; i < this.length; i++) rows.push(new Row(this.#table, i))
    return rows
  }

  /** Row by row. */
  *[Symbol.iterator](): IterableIterator<Row> {
    for (let i = 0; i < this.length; i++) yield new Row(this.#table, i)
  }
}
