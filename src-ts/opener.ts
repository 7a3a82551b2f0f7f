/** How a database comes to its store, when the addon is there. */

import { environmentOptions } from './environment.js'
import { checkDatabaseOptions } from './options.js'
import type { Binding, NativeStore } from './native.js'
import type { DatabaseOptions } from './options.js'

const defaultDir = '.kronicler_data'

/** The directory where none is named. */
export function defaultDirectory(): string {
  return environmentOptions.dir ?? defaultDir
}

/** The way to the addon's store, also for another copy of this package in the process. */
export const storeKey: symbol = Symbol.for('kronicler.store')

/** What is found there. Who has another scratch has another addon, too. */
export interface Found {
  readonly store: NativeStore | undefined
  readonly scratch: Float64Array
}

/** How a database comes to its store, when the addon is there. */
export class Opener {
  readonly dir: string
  readonly open: (binding: Binding) => NativeStore

  constructor(dir: string, open: (binding: Binding) => NativeStore) {
    this.dir = dir
    this.open = open
  }
}

export function openerOf(given: DatabaseOptions | undefined): Opener {
  const options = checkDatabaseOptions(given)
  return new Opener(options.dir ?? defaultDirectory(), (binding) => binding.openStore(options))
}
