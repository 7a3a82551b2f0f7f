/** `capture`: functions and blocks that record themselves. */

import { checkString, typeError } from './arguments.js'
import { runBlock } from './block.js'
import { checkCaptureOptions } from './capture-options.js'
import { database, storeOf } from './database.js'
import { disguise } from './disguise.js'
import * as scratch from './scratch.js'
import { shared } from './shared.js'
import { SiteCache, siteOf } from './sites.js'
import { sourceOfCaller } from './source.js'
import { Span } from './span.js'
import { warn } from './warning.js'
import { wrap } from './wrapper.js'
import type { CaptureOptions } from './capture-options.js'
import type { Site } from './record.js'
import type { Callable } from './wrapper.js'

/** What can be captured: functions, also async and generators, and classes. */
export type Capturable = ((...args: never) => unknown) | (abstract new (...args: never) => unknown)

/** `capture` and what hangs on it. */
export interface Capture {
  /** A function like this one, of the same type, that records each call. */
  <F extends Capturable>(fn: F, options?: CaptureOptions): F
  /** As before, under a name that you choose. */
  <F extends Capturable>(name: string, fn: F, options?: CaptureOptions): F
  /** Runs a block, sync or async, records it, and returns what it returns. */
  run<T>(name: string, block: () => T): T
  /** Begins a block that `end()`, `fail()` or `using` ends. */
  start(name: string): Span
  /** Whether this thread captures: not with `KRONICLER_ENABLED=0`, nor without the addon. */
  readonly enabled: boolean
}

interface Arguments {
  name: string
  fn: Callable
  options: unknown
}

function checkArguments(first: unknown, second: unknown, third: unknown): Arguments {
  if (typeof first === 'function') {
    return { name: '', fn: first as Callable, options: second }
  }
  if (typeof first !== 'string') {
    throw typeError("capture's first argument", 'a function, or a name before one', first)
  }
  if (typeof second !== 'function') {
    throw typeError("capture's second argument", 'a function', second)
  }
  return { name: first, fn: second as Callable, options: third }
}

/** The name that a function has itself; getters may throw or give anything. */
function ownName(fn: Callable): string {
  try {
    const { name } = fn as { name: unknown }
    return typeof name === 'string' ? name : ''
  } catch {
    return ''
  }
}

function warnOfAbsence(): void {
  const { absence } = scratch
  if (absence !== undefined) warn('KRONICLER_NO_BINARY', 'capture', absence)
}

function captureFunction(first: unknown, second?: unknown, third?: unknown): unknown {
  const { name, fn, options } = checkArguments(first, second, third)
  const settings = checkCaptureOptions(options)
  const store = storeOf('db' in settings ? settings.db : database())
  if (store === undefined) {
    warnOfAbsence()
    return fn
  }
  if (shared.captured.has(fn)) return fn
  const source = sourceOfCaller(captureFunction)
  const isChosen = name !== ''
  const shown = isChosen ? name : ownName(fn)
  const wrapper = wrap(fn, siteOf(store, shown, source, isChosen, settings.every), settings)
  disguise(fn, wrapper)
  shared.captured.add(wrapper)
  return wrapper
}

/** Where a block was first seen: the stack is read once for each name. */
let caller: ((...args: never) => unknown) | undefined

const sites = new SiteCache((name) => {
  const store = storeOf(database())
  if (store === undefined) {
    warnOfAbsence()
    return { tag: 0, database: 0 }
  }
  return siteOf(store, name, caller === undefined ? '' : sourceOfCaller(caller), true)
})

function blockSite(name: unknown, from: (...args: never) => unknown): Site {
  caller = from
  return sites.get(checkString('name', name))
}

function run<T>(name: string, block: () => T): T {
  if (typeof block !== 'function') throw typeError('block', 'a function', block)
  return runBlock(blockSite(name, run), block)
}

function start(name: string): Span {
  return new Span(blockSite(name, start))
}

export const capture: Capture = Object.defineProperties(captureFunction, {
  name: { value: 'capture', configurable: true },
  run: { value: run, enumerable: true },
  start: { value: start, enumerable: true },
  enabled: { value: scratch.isCapturing, enumerable: true },
}) as Capture
