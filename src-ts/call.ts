/** A call whose end comes by another way than its return. Only its first end counts. */

import { beginContext, runIn } from './context.js'
import { now, record } from './record.js'
import type { CallContext } from './context.js'
import type { CaptureSettings } from './capture-options.js'
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
  readonly context: CallContext | undefined
  /** What it has thrown, if somebody has looked. */
  thrown: Thrown | undefined
  #isOver = false

  constructor(
    tag: number,
    database: number,
    settings?: CaptureSettings,
    args?: readonly unknown[],
  ) {
    const { asked, context } = settings ?? {}
    this.tag = tag
    this.database = database
    this.asked = asked
    this.args = asked === undefined || asked.args.length === 0 ? undefined : args
    this.context = context === true ? beginContext() : undefined
  }

  /** Runs what it does. */
  run<T>(work: () => T): T {
    return this.context === undefined ? work() : runIn(this.context, work)
  }

  /** Records it as one that ends now: kind and outcome. */
  finish(flags: number, thrown: Thrown | undefined = this.thrown): void {
    if (this.#isOver) return
    this.#isOver = true
    record(this.start, this.tag | flags, this.database, thrown, this)
  }
}
