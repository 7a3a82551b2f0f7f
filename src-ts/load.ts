/** The addon of this process, loaded when it is first needed and made ready for this thread. */

import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads'

import { loadBinding } from '../../binding.cjs'
import { clockWish, environmentOptions, logFilter } from './environment.js'
import { KroniclerError, translated } from './errors.js'
import type { Binding, NativeOptions } from './native.js'

type Addon = ReturnType<typeof loadBinding>

/** Workers get it from the thread that starts them, and then leave the options alone. */
const configuredKey = 'kronicler.configured'

let addon: Addon | undefined
let defaultOptions: NativeOptions = environmentOptions

function setDefaultOptions(binding: Binding): void {
  translated(() => binding.configure(defaultOptions))
  setEnvironmentData(configuredKey, true)
}

/** Nothing here may keep the host from running. */
function prepare(binding: Binding): void {
  const isConfigured = !isMainThread && getEnvironmentData(configuredKey) === true
  const steps = [
    () => logFilter !== undefined && binding.logTo(logFilter),
    () => binding.chooseClock(clockWish),
    () => isConfigured || setDefaultOptions(binding),
  ]
  for (const step of steps) {
    try {
      step()
    } catch {
      // The default database has begun in another thread: its options hold.
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
  const before = defaultOptions
  defaultOptions = { ...before, ...options }
  if (addon?.binding === undefined) return
  try {
    setDefaultOptions(addon.binding)
  } catch (error) {
    defaultOptions = before
    throw error
  }
}
