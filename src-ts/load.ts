/** The addon of this process, loaded when it is first needed and made ready for this thread. */

import { loadBinding } from '../../binding.cjs'
import { bare } from './arguments.js'
import { clockWish, environmentOptions, logFilter } from './environment.js'
import { KroniclerError, translated } from './errors.js'
import { findLabels } from './labels.js'
import type { Binding, NativeOptions } from './native.js'

type Addon = ReturnType<typeof loadBinding>

let addon: Addon | undefined
let configured = bare<NativeOptions>()

/** Nothing here may keep the host from running. */
function prepare(binding: Binding): void {
  const steps = [
    () => logFilter !== undefined && binding.logTo(logFilter),
    () => binding.chooseClock(clockWish),
    () => binding.setDefaults(bare(findLabels(), environmentOptions)),
    () => Object.keys(configured).length > 0 && binding.configure(configured),
  ]
  for (const step of steps) {
    try {
      step()
    } catch {
      // Another thread has begun the default database with options of its own: they hold.
    }
  }
}

function load(): Addon {
  const found = loadBinding()
  if (found.binding !== undefined) prepare(found.binding)
  return found
}

/** The addon, or why there is none. */
export function findAddon(): Addon {
  addon ??= load()
  return addon
}

/** The addon, for calls that make no sense without. */
export function requireAddon(): Binding {
  const { binding, error } = findAddon()
  if (binding === undefined) throw new KroniclerError('KRONICLER_NO_BINARY', error ?? 'no addon')
  return binding
}

/** Sets options of the default database over those of the environment and earlier ones. */
export function configureDefault(options: NativeOptions): void {
  const wanted = bare(configured, options)
  const binding = addon?.binding
  if (binding !== undefined) translated(() => binding.configure(wanted))
  configured = wanted
}
