/**
 * Details of slow and failed calls: put together when the call has ended, and handed over with the
 * ticket that it got. A call that is neither pays one load for all of this.
 */

import { types } from 'node:util'

import { tellArguments } from './detail-args.js'
import {
  tagArgument,
  tagError,
  tagInFlight,
  tagLoop,
  tagMessage,
  tagTrace,
  writer,
} from './detail-bytes.js'
import * as scratch from './scratch.js'
import type { CallContext } from './context.js'
import type { ArgumentPath } from './detail-args.js'

const { doubles, handOver, tick } = scratch

/** What a function asks to be told of its slow and failed calls, besides the class of an error. */
export interface Asked {
  readonly message: boolean
  readonly args: readonly ArgumentPath[]
  readonly trace: boolean
}

/** A call, as far as a detail is about it. */
export interface Told {
  readonly context?: CallContext | undefined
  readonly asked?: Asked | undefined
  readonly args?: readonly unknown[] | undefined
}

/** What was thrown, in a box of its own: it may be undefined. */
export interface Thrown {
  readonly error: unknown
}

/** Captured calls of this thread that wait for a promise, or answer a request. */
export const flight = { count: 0 }

const nameSizeMax = 256
/** Classes without a name that are gone past. */
const classCountMax = 8
const messageSizeMax = 1_024

function classOf(error: unknown): string {
  if (error === null) return 'null'
  if (typeof error !== 'object' && typeof error !== 'function') return typeof error
  if (types.isProxy(error)) return 'Proxy'
  let { constructor: made } = error as { constructor?: unknown }
  for (let count = 0; typeof made === 'function' && count < classCountMax; count += 1) {
    const { name } = made as { name?: unknown }
    if (typeof name === 'string' && name !== '') return name
    // What it extends says more than nothing.
    made = Reflect.getPrototypeOf(made)
  }
  return 'Object'
}

function messageOf(error: unknown): string | undefined {
  if (typeof error === 'string') return error
  if (typeof error !== 'object' || error === null || types.isProxy(error)) return undefined
  const { message } = error as { message?: unknown }
  return typeof message === 'string' ? message : undefined
}

/** What a look gives, unless a getter or proxy throws. */
function guarded<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

interface Sample {
  /** When: bits of a tick, which are in the order of the doubles that they look like. */
  readonly tick: number
  /** Milliseconds since the loop began. */
  readonly idle: number
  readonly active: number
}

const sampleCountMax = 64
/** Samples are kept at this distance. */
const sampleStepMs = 10
let performance: typeof import('node:perf_hooks').performance | undefined
/** Oldest first, at first the begin of the loop. */
const samples: Sample[] = [{ tick: 0, idle: 0, active: 0 }]

/**
 * How busy the loop was up to now, in thousandths, and since when, in nanoseconds: since it was
 * last looked at before the call, or for as long as is known. Looking at each begin of a call
 * would cost more than the call.
 */
function loopSince(start: number): [busy: number, windowNs: number] | undefined {
  // Most programs have loaded it by then.
  performance ??= process.getBuiltinModule('node:perf_hooks').performance
  const { idle, active } = performance.eventLoopUtilization()
  tick()
  const now = { tick: doubles[0] as number, idle, active }
  const [oldest] = samples as [Sample]
  const from = samples.findLast((sample) => sample.tick <= start) ?? oldest
  const last = samples.at(-1) ?? oldest
  if (idle + active - last.idle - last.active >= sampleStepMs) samples.push(now)
  if (samples.length > sampleCountMax) samples.shift()
  const busyMs = active - from.active
  const windowMs = idle - from.idle + busyMs
  if (!(windowMs > 0)) return undefined
  return [Math.round((busyMs / windowMs) * 1_000), Math.round(windowMs * 1e6)]
}

const apiKey = Symbol.for('opentelemetry.js.api.1')
const spanKey = Symbol.for('OpenTelemetry Context Key SPAN')

interface OpenTelemetry {
  context?: { active(): { getValue(key: symbol): unknown } }
}

/** Trace and span of the present context, in 48 hexadecimal digits, where OpenTelemetry is used. */
function traceOf(): string | undefined {
  const api = Reflect.get(globalThis, apiKey) as OpenTelemetry | undefined
  const span = api?.context?.active().getValue(spanKey)
  const { traceId, spanId } = (
    span as { spanContext(): { traceId: unknown; spanId: unknown } }
  ).spanContext()
  const digits = `${traceId}${spanId}`
  return /^[0-9a-f]{48}$/.test(digits) ? digits : undefined
}

function write(start: number, thrown: Thrown | undefined, told: Told | undefined): Uint8Array {
  const asked = told?.asked
  // Code of the host may run in these, captured calls among it: they come before what they use.
  const error = thrown && guarded(() => classOf(thrown.error))
  const message = thrown && asked?.message ? guarded(() => messageOf(thrown.error)) : undefined
  const args = asked && told.args ? tellArguments(told.args, asked.args) : []
  const trace = asked?.trace ? guarded(traceOf) : undefined
  const loop = guarded(() => loopSince(start))
  writer.begin()
  if (error !== undefined) writer.text(tagError, error, nameSizeMax)
  if (message !== undefined) writer.text(tagMessage, message, messageSizeMax)
  if (loop !== undefined) writer.numbers(tagLoop, loop)
  writer.numbers(tagInFlight, [Math.max(0, flight.count)])
  if (trace !== undefined) writer.hex(tagTrace, trace)
  for (const [path, json] of args) writer.pair(tagArgument, path, json)
  return writer.bytes
}

/** Hands over the detail of the call that has just ended with this ticket. Never throws. */
export function tell(
  start: number,
  database: number,
  ticket: number,
  thrown?: Thrown,
  told?: Told,
): void {
  try {
    handOver(database, ticket, write(start, thrown, told))
  } catch {
    // The stack is full.
  }
}
