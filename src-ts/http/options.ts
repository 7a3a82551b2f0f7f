/** Options of the middlewares. */

import { checkOptions, rangeError, typeError } from '../arguments.js'
import { storeFor } from '../captured.js'
import { isContextual } from '../context.js'
import { tellHook } from '../hooks.js'
import { sourceOfCaller } from '../source.js'
import { Routes } from './routes.js'
import type { Database } from '../database.js'

/** How the requests of an application are captured. */
export interface HttpOptions {
  /** The database to capture into. Default: `database()`. */
  db?: Database
  /**
   * What a request is called by: `'route'`, the default, is method and pattern of the route
   * (`GET /users/:id`); `'function'` is the function that handles it, or its route where that has
   * no name.
   */
  by?: 'route' | 'function'
  /**
   * Whether captured calls know for which request they were made, and who made them, as far as they
   * have the option `context`. Default: what `configure({ context })` says, else
   * `KRONICLER_CONTEXT`, else false.
   */
  context?: boolean
}

/** Options after the check. */
export interface HttpSettings {
  /** Where records go; undefined where nothing is captured. */
  readonly routes: Routes | undefined
  readonly isByFunction: boolean
}

function checkBy(value: unknown): boolean {
  if (value === 'route' || value === 'function') return value === 'function'
  const check = typeof value === 'string' ? rangeError : typeError
  throw check('options.by', "'route' or 'function'", value)
}

type Function = (...args: never) => unknown

/**
 * Options as they were given to an entry of the package; a `TypeError` or `RangeError` names the
 * wrong one. The place is where `below` was called.
 */
export function checkHttpOptions(value: unknown, below: Function, entry: string): HttpSettings {
  const given = checkOptions('options', value, ['db', 'by', 'context'])
  const isByFunction = given.has('by') && checkBy(given.get('by'))
  const context: unknown = given.has('context') ? given.get('context') : isContextual()
  if (typeof context !== 'boolean') throw typeError('options.context', 'true or false', context)
  const store = storeFor(given.has('db') ? { db: given.get('db') } : {})
  if (store === undefined) return { routes: undefined, isByFunction }
  const routes = new Routes(store, sourceOfCaller(below), context)
  tellHook('entry', entry, { database: store.id })
  return { routes, isByFunction }
}
