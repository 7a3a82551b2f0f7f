/** Spans: blocks of code that begin and end by hand. */

import { beginContext, isContextual } from './context.js'
import { kindBlock, now, outcomeError, outcomeOk, record } from './record.js'
import * as scratch from './scratch.js'
import type { Site } from './record.js'
import type { Thrown, Told } from './tell.js'

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { isPaused, words } = scratch

/**
 * A block that has begun. Only its first end counts; one that is never ended is not recorded. It
 * may know who made it, but what is called meanwhile does not know it: for that there is
 * `capture.run`.
 *
 * @example
 * ```ts
 * const span = capture.start('handle message')
 * try {
 *   handle()
 *   span.end()
 * } catch (error) {
 *   span.fail(error)
 * }
 * ```
 */
export class Span {
  readonly #start: number
  readonly #site: Site
  readonly #told: Told | undefined
  #isOver: boolean

  /** @internal */
  constructor(site: Site) {
    this.#site = site
    this.#isOver = words[8] !== 0 && isPaused(site.database)
    this.#told = isContextual() ? { context: beginContext() } : undefined
    this.#start = now()
  }

  #finish(outcome: number, thrown?: Thrown): void {
    if (this.#isOver) return
    this.#isOver = true
    const { tag, database } = this.#site
    record(this.#start, tag | kindBlock | outcome, database, thrown, this.#told)
  }

  /** Records the block. */
  end(): void {
    this.#finish(outcomeOk)
  }

  /** Records the block as failed. Of the error no more than its class is stored. */
  fail(error?: unknown): void {
    this.#finish(outcomeError, error === undefined ? undefined : { error })
  }

  /** As `end`: `using span = capture.start('name')`. */
  [Symbol.dispose](): void {
    this.#finish(outcomeOk)
  }
}
