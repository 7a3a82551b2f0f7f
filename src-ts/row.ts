/** A row: one call that was captured. */

import { inspect } from 'node:util'

import { formatDuration, formatTime } from './durations.js'

/** How a call ended. */
export type Outcome = 'ok' | 'error' | 'aborted'

/** What was measured. */
export type Kind = 'sync' | 'async' | 'generator' | 'block' | 'http' | 'manual' | 'signal'

/** A row as JSON, with the keys that `kr --json` uses. */
export interface RowJson {
  id: number
  lane: number
  seq: number
  name: string
  start: string
  start_ns: string
  end_ns: string
  duration_ns: number
  outcome: Outcome
  kind: Kind
  thread: number
  source: string
}

/** What a row is made of. */
export interface RowFields {
  id: number
  name: string
  start: bigint
  end: bigint
  duration: number
  outcome: Outcome
  kind: Kind
  thread: number
  source: string
}

// Ids have 53 bits, the lane is in the upper 10.
const rowsPerLane = 2 ** 43

/** One call that was captured. Times are in nanoseconds. */
export class Row {
  /** Final once the row is durable; a number that JavaScript holds exactly. */
  readonly id: number
  readonly name: string
  /** Nanoseconds since the Unix epoch. */
  readonly start: bigint
  /** Nanoseconds since the Unix epoch. */
  readonly end: bigint
  /** Nanoseconds. */
  readonly duration: number
  readonly outcome: Outcome
  readonly kind: Kind
  /** Which thread of its process: 0 is the main one. */
  readonly thread: number
  /** `file:line` where the function was wrapped; empty for manual rows. */
  readonly source: string

  constructor(fields: RowFields) {
    this.id = fields.id
    this.name = fields.name
    this.start = fields.start
    this.end = fields.end
    this.duration = fields.duration
    this.outcome = fields.outcome
    this.kind = fields.kind
    this.thread = fields.thread
    this.source = fields.source
  }

  /** When the call began, to the millisecond. */
  get startDate(): Date {
    return new Date(Number(this.start / 1_000_000n))
  }

  /** The columns that the Python package of the same name had. */
  toArray(): [id: number, name: string, start: bigint, end: bigint, duration: number] {
    return [this.id, this.name, this.start, this.end, this.duration]
  }

  toJSON(): RowJson {
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
    }
  }

  toString(): string {
    const what = `${this.name} took ${formatDuration(this.duration)}`
    const place = this.source === '' ? '' : `, ${this.source}`
    const { id, outcome, kind } = this
    return `#${id} ${what} from ${formatTime(this.start)} (${outcome}, ${kind}${place})`
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
