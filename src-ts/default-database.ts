/** The database that captures where no other is named, and the store of any. */

import { read, typeError } from './arguments.js'
import { databaseOf } from './database.js'
import { requireAddon } from './load.js'
import { Opener, defaultDirectory, openerOf, storeKey } from './opener.js'
import * as scratch from './scratch.js'
import { shared } from './shared.js'
import type { Database } from './database.js'
import type { NativeStore } from './native.js'
import type { Found } from './opener.js'

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { doubles, isCapturing } = scratch

/**
 * The database that captures where no other is named: one for all threads of a process.
 *
 * @example
 * ```ts
 * console.table((await database().slowest()).map((row) => row.toJSON()))
 * ```
 */
export function database(): Database {
  const present = shared.databases.get(doubles)
  if (present !== undefined) return present
  const opener = new Opener(defaultDirectory(), (binding) => binding.defaultStore())
  const made = databaseOf(opener)
  shared.databases.set(doubles, made)
  return made
}

/** The store that wrappers record into, of a database that is checked to be one. */
export function storeOf(db: unknown): NativeStore | undefined {
  const isObject = typeof db === 'object' && db !== null
  const find = isObject ? read('options.db', (): unknown => Reflect.get(db, storeKey)) : undefined
  if (typeof find !== 'function') throw typeError('options.db', 'a Database', db)
  const { store, scratch: theirs } = Reflect.apply(find, db, []) as Found
  if (store === undefined || theirs === doubles) return store
  // Of another copy of this package: the same directory, and a lane of our own.
  return isCapturing ? openerOf({ dir: store.dir }).open(requireAddon()) : undefined
}
