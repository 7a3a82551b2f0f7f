/** The option `every`: of each group of calls one is recorded, at a random place in the group. */

import { now, tagOf, unseen } from './record.js'
import * as scratch from './scratch.js'
import type { Site } from './record.js'

const { words } = scratch

/** A state of our own: who seeds or replaces `Math.random` sees the numbers that he would see. */
let state = 0

/** A random number below `count`, by xorshift: all 32-bit states but 0 in turn. */
function randomBelow(count: number): number {
  if (state === 0) {
    now()
    state = (words[0] as number) | 1
  }
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return Math.floor(((state >>> 0) / 0x1_0000_0000) * count)
}

/** A site that takes one call in so many. */
export class EverySite implements Site {
  /** Asks at each call. */
  readonly tag = -1
  readonly database: number
  readonly #site: Site
  readonly #every: number
  /** Calls that are left in this group, and how many of them come after the chosen one. */
  #left = 0
  #leftAfter = 0

  constructor(site: Site, every: number) {
    this.#site = site
    this.#every = every
    this.database = site.database
  }

  choose(self: unknown): number {
    if (this.#left === 0) {
      this.#left = this.#every
      this.#leftAfter = randomBelow(this.#every)
    }
    this.#left -= 1
    return this.#left === this.#leftAfter ? tagOf(this.#site, self) : unseen
  }
}
