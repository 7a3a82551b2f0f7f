/** Calls that begin in one event of a diagnostics channel and end in another. */

import { beginContext, isContextual } from '../context.js'
import { Given } from '../given.js'
import { kindAsync, kindSync, now, outcomeOk, record } from '../record.js'
import * as scratch from '../scratch.js'
import type { Thrown, Told } from '../tell.js'
import type { Names } from './names.js'

const { isPaused, words } = scratch
/** The id of the default database, which all of these are stored in. */
const defaultId = 0

/** What is kept in a private field of the message that all events of a call share. */
class Mark extends Given {
  #start: number
  #told: Told | undefined
  #isOver = false

  constructor(message: object) {
    super(message)
    this.#told = isContextual() ? { context: beginContext() } : undefined
    this.#start = now()
  }

  /** Start of a call that has not ended yet, and what is told of it; it has ended then. */
  static take(message: object): [start: number, told: Told | undefined] | undefined {
    if (!(#start in message) || message.#isOver) return undefined
    message.#isOver = true
    return [message.#start, message.#told]
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
  const taken = Mark.take(message)
  const site = taken && names.get(name)
  if (site === undefined) return
  const [start, told] = taken as NonNullable<typeof taken>
  record(start, site.tag | kind | outcome, site.database, thrown, told)
}
