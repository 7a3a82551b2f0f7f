/** `capture`: functions and blocks that record themselves. */

import { checkString, typeError } from './arguments.js'
import { runBlock } from './block.js'
import { checkCaptureOptions } from './capture-options.js'
import { captured, storeFor, warnOfAbsence } from './captured.js'
import { database, storeOf } from './default-database.js'
import { decoratorFor } from './decorate.js'
import { nameOf } from './members.js'
import * as scratch from './scratch.js'
import { SiteCache, siteOf } from './sites.js'
import { sourceOfCaller } from './source.js'
import { Span } from './span.js'
import type { Capture } from './capture-types.js'
import type { CaptureSettings } from './capture-options.js'
import type { Site } from './record.js'
import type { Callable } from './wrapper.js'

/** The id of the default database. */
const defaultId = 0

type Function = (...args: never) => unknown

function captureFunction(
  name: string,
  fn: Callable,
  settings: CaptureSettings,
  below: Function,
): Callable {
  const store = storeFor(settings)
  if (store === undefined) return fn
  const isChosen = name !== ''
  const { every, slowMs } = settings
  const makeSite = (): Site => {
    const source = sourceOfCaller(below)
    return siteOf(store, isChosen ? name : nameOf(fn), source, isChosen, every, 0, slowMs)
  }
  return captured(fn, makeSite, settings)
}

function makeDecorator(name: string, settings: CaptureSettings): Function {
  return function decorator(...args: unknown[]): unknown {
    const decorate = decoratorFor(args)
    if (decorate !== undefined) {
      return decorate({ name, settings, source: sourceOfCaller(decorator) })
    }
    const [fn] = args
    if (typeof fn !== 'function') {
      throw typeError('what @capture decorates', 'a function or a member of a class', fn)
    }
    return captureFunction(name, fn as Callable, settings, decorator)
  }
}

function captureOrDecorate(...args: unknown[]): unknown {
  const decorate = decoratorFor(args)
  if (decorate !== undefined) {
    const source = sourceOfCaller(captureOrDecorate)
    return decorate({ name: '', settings: checkCaptureOptions(undefined), source })
  }
  const [first, second, third] = args
  if (typeof first === 'function') {
    return captureFunction('', first as Callable, checkCaptureOptions(second), captureOrDecorate)
  }
  if (typeof first === 'string') {
    if (typeof second === 'function') {
      const settings = checkCaptureOptions(third)
      return captureFunction(first, second as Callable, settings, captureOrDecorate)
    }
    // A function that is missing must not go unnoticed.
    if (args.length > 1 && (typeof second !== 'object' || second === null)) {
      throw typeError("capture's second argument", 'a function, or options', second)
    }
    return makeDecorator(first, checkCaptureOptions(second))
  }
  if (args.length > 0 && (typeof first !== 'object' || first === null)) {
    throw typeError("capture's first argument", 'a function, a name, or options', first)
  }
  return makeDecorator('', checkCaptureOptions(first))
}

/** Where a block was first seen: the stack is read once for each name. */
let caller: Function | undefined

const sites = new SiteCache((name) => {
  const store = storeOf(database())
  if (store === undefined) {
    warnOfAbsence()
    return { tag: 0, database: 0 }
  }
  return siteOf(store, name, caller === undefined ? '' : sourceOfCaller(caller), true)
})

function blockSite(name: unknown, from: Function): Site {
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

function pause(): void {
  scratch.setPaused(true)
}

function resume(): void {
  scratch.setPaused(false)
}

export const capture: Capture = Object.defineProperties(captureOrDecorate, {
  name: { value: 'capture', configurable: true },
  run: { value: run, enumerable: true },
  start: { value: start, enumerable: true },
  pause: { value: pause, enumerable: true },
  resume: { value: resume, enumerable: true },
  enabled: {
    get: () => scratch.isCapturing && !scratch.isPaused(defaultId),
    enumerable: true,
  },
}) as unknown as Capture
