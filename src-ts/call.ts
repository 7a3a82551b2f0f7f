/** A call whose end comes by another way than its return. Only its first end counts. */

import { now, record } from './record.js'

export class Call {
  readonly start: number = now()
  /** The number of the name, in the bits above the flags. */
  readonly tag: number
  readonly database: number
  /** Whether somebody else than the wrapper ends it. */
  isHeld = false
  #isOver = false

  constructor(tag: number, database: number) {
    this.tag = tag
    this.database = database
  }

  /** Records it as one that ends now: kind and outcome. */
  finish(flags: number): void {
    if (this.#isOver) return
    this.#isOver = true
    record(this.start, this.tag | flags, this.database)
  }
}
