/** `configure`: what a program says of the default database, and of signals beside its calls. */

import { read, typeError } from './arguments.js'
import { setContextual } from './context.js'
import { configureDefault } from './load.js'
import { checkDatabaseOptions } from './options.js'
import { checkSignals, watchSignals } from './signals/signals.js'
import type { DatabaseOptions } from './options.js'
import type { Signal } from './signals/signals.js'

/** What `configure` takes. */
export interface ConfigureOptions extends DatabaseOptions {
  /** What is recorded beside calls, in this thread. Default: nothing. */
  signals?: readonly Signal[]
  /**
   * Whether calls know who made them, where nothing else is said: the option `context` of what is
   * captured later, of `capture.run` and of requests. Default: `KRONICLER_CONTEXT`, else false.
   */
  context?: boolean
}

/** Options of the database, and what else was given. */
function parted(options: unknown): { own: unknown; signals?: unknown; context?: unknown } {
  if (typeof options !== 'object' || options === null) return { own: options }
  return read('options', () => {
    if (!['signals', 'context'].some((key) => Object.hasOwn(options, key))) return { own: options }
    const { signals, context, ...own } = options as ConfigureOptions
    return { own, signals, context }
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
  const { own, signals, context } = parted(options)
  const checked = signals === undefined ? [] : checkSignals(signals)
  if (context !== undefined && typeof context !== 'boolean') {
    throw typeError('options.context', 'true or false', context)
  }
  configureDefault(checkDatabaseOptions(own))
  if (context !== undefined) setContextual(context)
  watchSignals(checked)
}
