/**
 * What was hooked, and what could not be: told to the database while modules load, so that
 * `kr doctor` can tell it to whoever asks later, in another process.
 */

import { debug } from './log.js'
import * as scratch from './scratch.js'

/** Kinds of what is told, with their numbers on disk. */
const kinds = { channel: 1, signal: 2, entry: 3, pattern: 4, leftAlone: 5 } as const

/** What else is told of something. */
interface Told {
  /** How many functions a pattern has captured. */
  readonly functions?: number
  /** Some of their names, or why there are none. */
  readonly remark?: string
  /** The database that it is for; else the default one, as for `kronicler/register`. */
  readonly database?: number
}

const defaultId = 0

/** Tells one thing; of what is told twice the one with more functions counts. Never throws. */
export function tellHook(kind: keyof typeof kinds, subject: string, told: Told = {}): void {
  const { functions = 0, remark = '', database = defaultId } = told
  try {
    scratch.tellHook(database, kinds[kind], subject, functions, remark)
  } catch {
    // A text that is none.
  }
}

/** Tells that something that was asked for is not captured, also to who asks for a log. */
export function tellLeftAlone(subject: string, reason: string): void {
  debug(`${subject} is left alone: ${reason}`)
  tellHook('leftAlone', subject, { remark: reason })
}
