/** A call whose end comes by another way than its return. Only its first end counts. */

import { now, record } from './record.js'
import type { Asked, Thrown, Told } from './tell.js'

export class Call implements Told {
  readonly start: number = now()
  /** The number of the name, in the bits above the flags. */
  readonly tag: number
  readonly database: number
  /** Whether somebody else than the wrapper ends it. */
  isHeld = false
  readonly asked: Asked | undefined
  /** What it was called with, if somebody asks for that. */
  readonly args: readonly unknown[] | undefined
  /** What it has thrown, if somebody has looked. */
  thrown: Thrown | undefined
  #isOver = false

  constructor(tag: number, database: number, asked?: Asked, args?: readonly unknown[]) {
    this.tag = tag
    this.database = database
    this.asked = asked
    this.args = asked === undefined || asked.args.length === 0 ? undefined : args
  }

  /** Records it as one that ends now: kind and outcome. */
  finish(flags: number, thrown: Thrown | undefined = this.thrown): void {
    if (this.#isOver) return
    this.#isOver = true
    record(this.start, this.tag | flags, this.database, thrown, this)
  }
}
