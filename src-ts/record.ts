/** What a record says besides its times, and how it is written. */

import * as scratch from './scratch.js'
import * as telling from './tell.js'
import type { Thrown, Told } from './tell.js'

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { doubles, words, isPaused, end, endIn, tick } = scratch
const { tell } = telling

/** In place of a tag: the call is not recorded. */
export const unseen = -1

/** Flags: bits 0-1 the outcome, bits 2-4 the kind. */
export const outcomeOk = 0
export const outcomeError = 1
export const outcomeAborted = 2
export const kindSync = 0
export const kindAsync = 4
export const kindGenerator = 8
export const kindBlock = 12
export const kindHttp = 16
export const kindManual = 20
export const kindSignal = 24

/** Where a record belongs. */
export interface Site {
  /** The number of the name, in the bits above the flags; negative: to be asked for at the call. */
  readonly tag: number
  /** The id of the database. */
  readonly database: number
  /** Finds a name by the `this` of the first call: `tag` is not negative any more. */
  nameBy?(self: unknown): void
  /** The tag of the call that begins, negative when it is not to be recorded. */
  choose?(self: unknown): number
}

/**
 * The tag of a call that begins, where it is not known beforehand; negative when the call is to
 * pass unseen. Wrappers come here only while something is paused or `site.tag` is negative.
 */
export function tagOf(site: Site, self: unknown): number {
  if (words[8] !== 0 && isPaused(site.database)) return unseen
  if (site.tag >= 0) return site.tag
  try {
    if (site.choose !== undefined) return site.choose(self)
    site.nameBy?.(self)
    return site.tag
  } catch {
    // A name could not be found, or the stack is full.
    return unseen
  }
}

/** The present tick: bits, not a number. */
export function now(): number {
  tick()
  return doubles[0] as number
}

/** Records a call that ends now. `tag` holds site and flags, `thrown` why it failed if known. */
export function record(
  start: number,
  tag: number,
  database: number,
  thrown?: Thrown,
  told?: Told,
): void {
  doubles[0] = start
  words[2] = tag
  words[3] = database
  if (told?.context === undefined) end()
  else endIn(told.context.call, told.context.parent, told.context.request)
  // Not 0 when the call was slow, or failed.
  const ticket = words[31] as number
  if (ticket === 0) return
  words[31] = 0
  tell(start, database, ticket, thrown, told)
}
