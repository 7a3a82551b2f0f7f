/** What a record says besides its times, and how it is written. */

import * as scratch from './scratch.js'

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { doubles, words, end, tick } = scratch

/** Flags: bits 0-1 the outcome, bits 2-4 the kind. */
export const outcomeOk = 0
export const outcomeError = 1
export const kindSync = 0
export const kindAsync = 4
export const kindGenerator = 8
export const kindBlock = 12
export const kindManual = 20

/** Where a record belongs. */
export interface Site {
  /** The number of the name, in the bits above the flags. */
  readonly tag: number
  /** The id of the database. */
  readonly database: number
}

/** The present tick: bits, not a number. */
export function now(): number {
  tick()
  return doubles[0] as number
}

/** Records a call that ends now. `tag` holds site and flags. */
export function record(start: number, tag: number, database: number): void {
  doubles[0] = start
  words[2] = tag
  words[3] = database
  end()
}

/** As `record`, where the stack may be full: that record is the one that may get lost. */
export function recordGuarded(start: number, tag: number, database: number): void {
  try {
    record(start, tag, database)
  } catch {
    // The error of the host goes on, not this one.
  }
}
