/** A row: one call that was captured. */

import { inspect } from 'node:util'

import { at, durationOf, kinds, outcomes } from './columns.js'
import { toDetail, toDetailJson } from './detail.js'
import { formatDuration, formatTime } from './durations.js'
import type { Kind, Outcome, RowTable } from './columns.js'
import type { Detail, DetailJson } from './detail.js'

/** A row as JSON, with the keys that `kr --json` uses. */
export interface RowJson {
  /** As `Row.id`. */
  id: number
  /** The lane that it was written to: the upper bits of the id. */
  lane: number
  /** Its place in the lane: the lower 43 bits of the id. */
  seq: number
  /** What was called. */
  name: string
  /** ISO 8601 in UTC, with nine digits of a second. */
  start: string
  /** Nanoseconds since the Unix epoch, in decimal digits. */
  start_ns: string
  /** Nanoseconds since the Unix epoch, in decimal digits. */
  end_ns: string
  /** Nanoseconds. */
  duration_ns: number
  /** How the call ended. */
  outcome: Outcome
  /** What was measured. */
  kind: Kind
  /** 0 is the main thread of its process. */
  thread: number
  /** `file:line` where the function was wrapped; empty for manual rows. */
  source: string
  /** How many calls the row stands for. */
  weight: number
  /** Why it was slow or failed, where that is told, see `Row.detail`. */
  detail?: DetailJson
}

// Ids have 53 bits, the lane is in the upper 10.
const rowsPerLane = 2 ** 43

/**
 * One call that was captured. Times are in nanoseconds.
 *
 * A row is a place in the columns of its batch: each field is looked up when it is asked for. It
 * has no properties of its own, so `{ ...row }` and `structuredClone(row)` are empty: `toJSON`
 * and `toArray` are there for that.
 *
 * @example
 * ```ts
 * for (const { name, duration, startDate } of await database().slowest()) {
 *   console.log(name, duration / 1e6, 'ms', startDate)
 * }
 * ```
 */
export class Row {
  readonly #table: RowTable
  readonly #index: number

  /** @internal */
  constructor(table: RowTable, index: number) {
    this.#table = table
    this.#index = index
  }

  /** Final once the row is durable; a number that JavaScript holds exactly. */
  get id(): number {
    return at(this.#table.columns.id, this.#index)
  }

  /** What was called. */
  get name(): string {
    return at(this.#table.names, this.#nameIndex)
  }

  /** `file:line` where the function was wrapped; empty for manual rows. */
  get source(): string {
    return at(this.#table.sources, this.#nameIndex)
  }

  /** How many calls the row stands for: `every` of its function. */
  get weight(): number {
    return at(this.#table.weights, this.#nameIndex)
  }

  /** Nanoseconds since the Unix epoch. */
  get start(): bigint {
    return this.end - at(this.#table.columns.duration, this.#index)
  }

  /** Nanoseconds since the Unix epoch. */
  get end(): bigint {
    return at(this.#table.columns.end, this.#index)
  }

  /** Nanoseconds. */
  get duration(): number {
    return durationOf(this.#table, this.#index)
  }

  /** How the call ended. */
  get outcome(): Outcome {
    return at(outcomes, this.#flags & 3)
  }

  /** What was measured. */
  get kind(): Kind {
    return at(kinds, (this.#flags >> 2) & 7)
  }

  /** Which thread of its process: 0 is the main one. */
  get thread(): number {
    return at(this.#table.columns.thread, this.#index)
  }

  /**
   * Why the call was slow, or failed: undefined when it was neither, when nothing is told of it,
   * and in rows of `rows` and `fetchAll`, which read no details. Use `fetch`, `slowest` or `why`.
   */
  get detail(): Detail | undefined {
    const json = this.#detailJson
    return json === undefined ? undefined : toDetail(json)
  }

  get #detailJson(): DetailJson | undefined {
    return toDetailJson(this.#table.details?.[this.#index])
  }

  /** When the call began, to the millisecond. */
  get startDate(): Date {
    return new Date(Number(this.start / 1_000_000n))
  }

  get #nameIndex(): number {
    return at(this.#table.columns.name, this.#index)
  }

  get #flags(): number {
    return at(this.#table.columns.flags, this.#index)
  }

  /** As the Python package of the same name gave its rows; nanoseconds. */
  toArray(): [id: number, name: string, start: bigint, end: bigint, duration: number] {
    return [this.id, this.name, this.start, this.end, this.duration]
  }

  /** The keys that `kr --json` prints. */
  toJSON(): RowJson {
    const detail = this.#detailJson
    return {
      id: this.id,
      lane: Math.floor(this.id / rowsPerLane),
      seq: this.id % rowsPerLane,
      name: this.name,
      start: formatTime(this.start),
      start_ns: this.start.toString(),
      end_ns: this.end.toString(),
      duration_ns: this.duration,
      outcome: this.outcome,
      kind: this.kind,
      thread: this.thread,
      source: this.source,
      weight: this.weight,
      ...(detail === undefined ? {} : { detail }),
    }
  }

  /**
   * All that the row says. Whatever compares deeply looks at this, too: without own properties
   * any two rows would be equal to `assert.deepStrictEqual`, ava, chai, Jest and Vitest.
   */
  get [Symbol.toStringTag](): string {
    return JSON.stringify(this)
  }

  /** One line for people. */
  toString(): string {
    const what = `${this.name} took ${formatDuration(this.duration)}`
    const { id, outcome, kind, weight, source } = this
    const share = weight === 1 ? '' : `, one of ${weight} calls`
    const place = source === '' ? '' : `, ${source}`
    return `#${id} ${what} from ${formatTime(this.start)} (${outcome}, ${kind}${share}${place})`
  }

  static {
    // What `console.log` shows.
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: Row) {
        return `Row { ${this.toString()} }`
      },
    })
  }
}
