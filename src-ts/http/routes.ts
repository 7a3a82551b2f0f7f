/**
 * Names of HTTP exchanges: a site for each name and class of status.
 *
 * Bounded: who registers routes without end, or gives names that hold an id, fills neither the
 * memory nor the dictionary; what is too much counts under one name.
 */

import { siteOf } from '../sites.js'
import type { NativeStore } from '../native.js'

/** The name of all requests that no route was found for. */
export const unmatchedName = '(no route)'
// One more is the name of those that are too many.
const routeCountMax = 2_000
// 1xx to 5xx, and 0 for an answer without a status.
const classCount = 6

// Those that Node reads by HTTP/1; by HTTP/2 a client may make up others.
const methods = new Set<unknown>(
  (
    'ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY ' +
    'MKCALENDAR MKCOL MOVE NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND ' +
    'REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE'
  ).split(' '),
)
const otherMethod = 'OTHER'

/** By pattern and method. */
const names = new Map<string, Map<unknown, string>>()

/**
 * What the requests of a route are called. The same string each time: one that is put together
 * anew is hashed anew when it is looked up, which takes longer than all else that is done for a
 * request.
 */
export function routeName(method: unknown, pattern: string): string {
  let ofPattern = names.get(pattern)
  const known = ofPattern?.get(method)
  if (known !== undefined) return known
  const isKnown = methods.has(method)
  const name = `${isKnown ? String(method) : otherMethod} ${pattern}`
  if (ofPattern === undefined) {
    if (names.size >= routeCountMax) return name
    ofPattern = new Map()
    names.set(pattern, ofPattern)
  }
  if (isKnown) ofPattern.set(method, name)
  return name
}

/** The first digit of a status, 0 for what is no status. */
function classOf(status: unknown): number {
  const first = typeof status === 'number' ? Math.floor(status / 100) : 0
  return first > 0 && first < classCount ? first : 0
}

/** The tags of all routes of one application. */
export class Routes {
  readonly database: number
  /** Whether calls know for which request they are made. */
  readonly isContextual: boolean
  readonly #store: NativeStore
  readonly #source: string
  readonly #otherName: string
  readonly #tags = new Map<string, number[]>()

  /** `otherName` is that of what is too much. */
  constructor(
    store: NativeStore,
    source: string,
    isContextual: boolean,
    otherName = '(other routes)',
  ) {
    this.isContextual = isContextual
    this.#store = store
    this.#source = source
    this.#otherName = otherName
    this.database = store.id
    // A reader refuses when the application is set up, not at the first request.
    this.tagOf(unmatchedName, 0)
    this.#tags.set(otherName, [])
  }

  /** The tag of a route's answers with such a status. */
  tagOf(name: string, status: unknown): number {
    let tags = this.#tags.get(name)
    if (tags === undefined) {
      if (this.#tags.size > routeCountMax) return this.tagOf(this.#otherName, status)
      tags = []
      this.#tags.set(name, tags)
    }
    const statusClass = classOf(status)
    return (tags[statusClass] ??= siteOf(this.#store, name, this.#source, true, 1, statusClass).tag)
  }
}
