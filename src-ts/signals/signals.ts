/** Which signals are recorded: those that were asked for, each once in a thread. */

import { typeError } from '../arguments.js'
import { isEnabled, signalList, warnOfVariable } from '../environment.js'
import { tellHook, tellLeftAlone } from '../hooks.js'
import { shared } from '../shared.js'
import { watchLoop } from './loop.js'
import { watchCollections, watchNames } from './observed.js'
import { watchTimers } from './timers.js'

/**
 * What can be recorded beside calls: `'loop'`, that the event loop was held up for 50 ms or more,
 * `'gc'`, collections of garbage from 1 ms on, `'dns'`, look-ups of names of hosts, `'timers'`,
 * timers that began 50 ms or more after they were due.
 */
export type Signal = 'loop' | 'gc' | 'dns' | 'timers'

const watches = new Map<unknown, () => void>([
  ['loop', watchLoop],
  ['gc', watchCollections],
  ['dns', watchNames],
  ['timers', watchTimers],
])
const wanted = "'loop', 'gc', 'dns' or 'timers'"

/** Signals of an option; a `TypeError` names a wrong one. */
export function checkSignals(value: unknown): Signal[] {
  if (!Array.isArray(value)) throw typeError('options.signals', `an array of ${wanted}`, value)
  const wrong: unknown = value.find((one) => !watches.has(one))
  if (wrong !== undefined) throw typeError('options.signals', `an array of ${wanted}`, wrong)
  return [...(value as Signal[])]
}

/** Begins to record them in this thread. */
export function watchSignals(signals: readonly Signal[]): void {
  if (!isEnabled) return
  shared.signals ??= new Set()
  for (const signal of signals) {
    if (shared.signals.has(signal)) continue
    shared.signals.add(signal)
    try {
      watches.get(signal)?.()
      tellHook('signal', signal)
    } catch (error) {
      // A runtime without it.
      tellLeftAlone(`the signal ${signal}`, String(error))
    }
  }
}

/** Begins to record those that KRONICLER_SIGNALS asks for. */
export function watchSignalsOfEnvironment(): void {
  const words = signalList?.split(',').map((word) => word.trim().toLowerCase()) ?? []
  const known = words.filter((word) => watches.has(word)) as Signal[]
  if (signalList !== undefined && known.length < words.length) {
    warnOfVariable('KRONICLER_SIGNALS', signalList, `use ${wanted}, with commas between them`)
  }
  watchSignals(known)
}
