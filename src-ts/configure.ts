/** `configure`: what a program says of the default database, and of signals beside its calls. */

import { read, typeError } from './arguments.js'
import { configureDefault } from './load.js'
import { checkDatabaseOptions } from './options.js'
import { checkSignals, watchSignals } from './signals/signals.js'
import type { DatabaseOptions } from './options.js'
import type { Signal } from './signals/signals.js'

/** What `configure` takes. */
export interface ConfigureOptions extends DatabaseOptions {
  /** What is recorded beside calls, in this thread. Default: nothing. */
  signals?: readonly Signal[]
}

/** Options of the database, and what else was given. */
function parted(options: unknown): { own: unknown; signals: unknown } {
  if (typeof options !== 'object' || options === null) return { own: options, signals: undefined }
  return read('options', () => {
    if (!Object.hasOwn(options, 'signals')) return { own: options, signals: undefined }
    const { signals, ...own } = options as ConfigureOptions
    return { own, signals }
  })
}

/**
 * Sets options of the default database, over those of the environment and of earlier calls.
 *
 * @param options - those that are absent stay as they are
 * @throws `KroniclerError` with `KRONICLER_OPTIONS_CONFLICT` once it has begun with others
 * @example
 * ```ts
 * configure({ dir: '/var/lib/shop/calls', service: 'shop', version: '1.4.0' })
 * ```
 */
export function configure(options: ConfigureOptions): void {
  if (options === undefined) throw typeError('options', 'an object', options)
  const { own, signals } = parted(options)
  const checked = signals === undefined ? [] : checkSignals(signals)
  configureDefault(checkDatabaseOptions(own))
  watchSignals(checked)
}
