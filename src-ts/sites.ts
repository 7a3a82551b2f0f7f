/** Sites: the number of a name, looked up once for each place that captures. */

import { translated } from './errors.js'
import type { NativeStore } from './native.js'
import type { Site } from './record.js'

// Names beyond that are looked up in the addon each time, which has a limit of its own.
const nameCountMax = 10_000

/**
 * The site of a name. `isChosen`: by the user; else it is taken from a function. A record of it
 * stands for `weight` calls, and is one of http whose status has this first digit, or 0. Above
 * `slowMs` a call is slow; without it the slowest hundredth is.
 */
export function siteOf(
  store: NativeStore,
  name: string,
  source: string,
  isChosen: boolean,
  weight = 1,
  statusClass = 0,
  slowMs?: number,
): Site {
  const number = translated(() => store.site(name, source, isChosen, weight, statusClass, slowMs))
  return { tag: number << 8, database: store.id }
}

/** A site that is named by its first call. */
export class LateSite implements Site {
  tag = -1
  readonly database: number
  readonly #make: (self: unknown) => Site

  constructor(store: NativeStore, make: (self: unknown) => Site) {
    // A reader refuses when a function is wrapped, not when it is called.
    if (store.isReader) siteOf(store, '', '', false)
    this.database = store.id
    this.#make = make
  }

  /** Names it by what it is called on. */
  nameBy(self: unknown): void {
    this.tag = this.#make(self).tag
  }
}

/** Sites of names that come again and again. */
export class SiteCache {
  readonly #sites = new Map<string, Site>()
  readonly #make: (name: string) => Site

  constructor(make: (name: string) => Site) {
    this.#make = make
  }

  get(name: string): Site {
    return this.#sites.get(name) ?? this.#add(name)
  }

  #add(name: string): Site {
    const site = this.#make(name)
    if (this.#sites.size < nameCountMax) this.#sites.set(name, site)
    return site
  }
}
