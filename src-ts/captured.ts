/** Functions that record themselves, in place of those that do not. */

import { database, storeOf } from './default-database.js'
import { disguise } from './disguise.js'
import * as scratch from './scratch.js'
import { shared } from './shared.js'
import { warn } from './warning.js'
import { wrap } from './wrapper.js'
import type { CaptureSettings } from './capture-options.js'
import type { NativeStore } from './native.js'
import type { Site } from './record.js'
import type { Callable } from './wrapper.js'

export function warnOfAbsence(): void {
  const { absence } = scratch
  if (absence !== undefined) warn('KRONICLER_NO_BINARY', 'capture', absence)
}

/** The store that these settings mean; undefined, with a warning, where nothing is captured. */
export function storeFor(settings: { readonly db?: unknown }): NativeStore | undefined {
  const store = storeOf(Object.hasOwn(settings, 'db') ? settings.db : database())
  if (store === undefined) warnOfAbsence()
  return store
}

/** A function like this one that records each call; one that does so already as it is. */
export function captured(fn: Callable, makeSite: () => Site, settings: CaptureSettings): Callable {
  if (shared.captured.has(fn)) return fn
  const wrapper = wrap(fn, makeSite(), settings)
  disguise(fn, wrapper)
  shared.captured.add(wrapper)
  return wrapper
}
