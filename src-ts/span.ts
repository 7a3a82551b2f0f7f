/** Spans: blocks of code that begin and end by hand. */

import { kindBlock, now, outcomeError, outcomeOk, record } from './record.js'
import * as scratch from './scratch.js'
import type { Site } from './record.js'
import type { Thrown } from './tell.js'

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { isPaused, words } = scratch

/**
 * A block that has begun. Only its first end counts; one that is never ended is not recorded.
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
  #isOver: boolean

  /** @internal */
  constructor(site: Site) {
    this.#site = site
    this.#isOver = words[8] !== 0 && isPaused(site.database)
    this.#start = now()
  }

  #finish(outcome: number, thrown?: Thrown): void {
    if (this.#isOver) return
    this.#isOver = true
    record(this.#start, this.#site.tag | kindBlock | outcome, this.#site.database, thrown)
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
