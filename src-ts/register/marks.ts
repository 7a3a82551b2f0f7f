/** Calls that begin in one event of a diagnostics channel and end in another. */

import { Given } from '../given.js'
import { kindAsync, kindSync, now, outcomeOk, record } from '../record.js'
import * as scratch from '../scratch.js'
import type { Thrown } from '../tell.js'
import type { Names } from './names.js'

const { isPaused, words } = scratch
/** The id of the default database, which all of these are stored in. */
const defaultId = 0

/** What is kept in a private field of the message that all events of a call share. */
class Mark extends Given {
  #start: number
  #isOver = false

  constructor(message: object) {
    super(message)
    this.#start = now()
  }

  /** The start of a call that has not ended yet; it has then. */
  static take(message: object): number | undefined {
    if (!(#start in message) || message.#isOver) return undefined
    message.#isOver = true
    return message.#start
  }
}

/** A call begins. */
export function begin(message: object): void {
  if (words[8] === 0 || !isPaused(defaultId)) void new Mark(message)
}

/** It ends; nothing is recorded when it did not begin, or has ended. */
export function finish(
  message: object,
  names: Names,
  name: string,
  kind: typeof kindAsync | typeof kindSync,
  outcome: number = outcomeOk,
  thrown?: Thrown,
): void {
  const start = Mark.take(message)
  if (start === undefined) return
  const site = names.get(name)
  if (site !== undefined) record(start, site.tag | kind | outcome, site.database, thrown)
}
