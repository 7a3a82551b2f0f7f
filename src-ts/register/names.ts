/**
 * Names of what is captured without edits: sites of the default database, made at their first call.
 * Bounded, because names hold hosts and commands that a program may make up without end.
 */

import { storeFor } from '../captured.js'
import { siteOf } from '../sites.js'
import type { Site } from '../record.js'

const nameCountMax = 2_000
const otherName = '(others)'

/** The sites of one source of calls. */
export class Names {
  readonly #prefix: string
  readonly #sites = new Map<string, Site>()

  /** `prefix` stands before the names of what is too much. */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** The site of a name; undefined where nothing is captured. */
  get(name: string): Site | undefined {
    const known = this.#sites.get(name)
    if (known !== undefined) return known
    const other = `${this.#prefix} ${otherName}`
    if (this.#sites.size >= nameCountMax && name !== other) return this.get(other)
    const store = storeFor({})
    if (store === undefined) return undefined
    const site = siteOf(store, name, '', true)
    this.#sites.set(name, site)
    return site
  }
}
