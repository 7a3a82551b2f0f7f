/**
 * The option `stream`: a call that ends when the stream that it returned has ended.
 *
 * Nothing is read, nothing flows that would not, and an error that nobody listens to is still
 * uncaught: the listener for errors is one of those that only look.
 */

import { errorMonitor } from 'node:events'

import { kindAsync, outcomeAborted, outcomeError, outcomeOk } from './record.js'
import type { Call } from './call.js'

type Finished = (stream: object, options: object, end: (error?: unknown) => void) => () => void

// One watch for each stream, whoever returns it how often: listeners are few, and never pile up.
const waiting = new WeakMap<object, Call[]>()
const waitingCountMax = 64
const abortedCodes = new Set<unknown>(['ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'])

/** Not imported: a program that has no streams does not wait for them. */
function streams(): typeof import('node:stream') {
  return process.getBuiltinModule('node:stream')
}

function isNodeStream(value: object): value is NodeJS.EventEmitter {
  // The second and third for streams of the package readable-stream.
  return value instanceof streams().Stream || '_readableState' in value || '_writableState' in value
}

function isWebStream(value: object): boolean {
  return value instanceof ReadableStream || value instanceof WritableStream
}

function flagsOf(error: unknown): number {
  if (error === undefined || error === null) return kindAsync | outcomeOk
  try {
    const { code, name } = error as { code?: unknown; name?: unknown }
    const isAborted = abortedCodes.has(code) || name === 'AbortError'
    return kindAsync | (isAborted ? outcomeAborted : outcomeError)
  } catch {
    return kindAsync | outcomeError
  }
}

function watchNodeStream(stream: NodeJS.EventEmitter, end: (error?: unknown) => void): void {
  const onError = (error: unknown): void => end(error ?? 'unknown')
  const stop = watchEnd(stream, { error: false }, (error) => {
    end(error)
    stream.removeListener(errorMonitor, onError)
    stop()
  })
  stream.on(errorMonitor, onError)
}

/** Asks to be told when a stream has ended; what it gives stops that. */
function watchEnd(...how: Parameters<Finished>): () => void {
  return (streams().finished as unknown as Finished)(...how)
}

/** Calls that wait for the end of a stream, or undefined when that cannot be watched. */
function begin(stream: object): Call[] | undefined {
  const calls: Call[] = []
  const end = (error?: unknown): void => {
    const thrown = error === undefined || error === null ? undefined : { error }
    for (const call of calls) call.finish(flagsOf(error), thrown)
    calls.length = 0
    waiting.delete(stream)
  }
  if (isNodeStream(stream)) watchNodeStream(stream, end)
  else if (isWebStream(stream)) watchEnd(stream, {}, end)
  else return undefined
  waiting.set(stream, calls)
  return calls
}

/** Lets a stream end the call; false when it is none, or refuses. */
export function watchStream(value: unknown, call: Call): boolean {
  if (typeof value !== 'object' || value === null) return false
  try {
    const calls = waiting.get(value) ?? begin(value)
    if (calls === undefined || calls.length >= waitingCountMax) return false
    calls.push(call)
    return true
  } catch {
    return false
  }
}
