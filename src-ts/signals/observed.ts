/** What Node times itself: garbage collections and look-ups of names. */

import { Names } from '../register/names.js'
import { recordSignal } from './signal.js'
import type { EntryType, PerformanceEntry } from 'node:perf_hooks'

/** What the types of Node 20 leave out. */
type Entry = PerformanceEntry & { readonly detail?: unknown }

interface Observers {
  readonly supportedEntryTypes: readonly string[]
}

/** Shorter ones are too many, and explain nothing. */
const collectionMinMs = 1

/** By the numbers that Node gives them. */
const collections = new Map([
  [1, 'gc minor'],
  [4, 'gc major'],
  [8, 'gc incremental'],
  [16, 'gc weak callbacks'],
])

function observe(type: EntryType, each: (entry: Entry) => void): void {
  const { supportedEntryTypes } = PerformanceObserver as unknown as Observers
  // Other runtimes know other types.
  if (!supportedEntryTypes.includes(type)) throw new Error(`this runtime does not time ${type}`)
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) each(entry)
  })
  observer.observe({ entryTypes: [type] })
}

/** Records garbage collections of this thread from a millisecond on. */
export function watchCollections(): void {
  const names = new Names('gc')
  observe('gc', ({ startTime, duration, detail }) => {
    if (duration < collectionMinMs) return
    const { kind } = (detail ?? {}) as { kind?: number }
    recordSignal(names, collections.get(kind ?? 0) ?? 'gc', startTime, startTime + duration)
  })
}

/** Records look-ups of names of hosts that had an answer. */
export function watchNames(): void {
  const names = new Names('dns')
  observe('dns', ({ name, startTime, duration, detail }) => {
    const { hostname, host } = (detail ?? {}) as { hostname?: unknown; host?: unknown }
    const text = `dns ${name} ${String(hostname ?? host ?? '')}`.trimEnd()
    recordSignal(names, text, startTime, startTime + duration)
  })
}
