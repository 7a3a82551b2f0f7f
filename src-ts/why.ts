/** Why a call took as long as it did. */

import { at } from './columns.js'
import type { Kind } from './columns.js'
import type { NativeAmong, NativePart, NativeWhy } from './native.js'
import { RowBatch } from './row-batch.js'
import type { Row } from './row.js'

/**
 * What a part of a call's time has to do with it:
 *
 * - `called`: calls that it made, and that kept its thread
 * - `awaited`: calls that it made and waited for; of a sync call, generators that it ran
 * - `blocked`: sync calls of others that kept its thread
 * - `busy`: sync calls that kept its thread, its own or of others
 * - `began`: the sync call that made it, and went on
 * - `signal`: a signal of the runtime, such as garbage collection
 * - `own`: its own code, and what that calls without being captured
 * - `unknown`: nothing that is captured explains it
 */
export type WhyKind =
  | 'called'
  | 'awaited'
  | 'blocked'
  | 'busy'
  | 'began'
  | 'signal'
  | 'own'
  | 'unknown'

/** A part of a call's time; durations are in nanoseconds. */
export interface WhyPart {
  /** What it has to do with the call. */
  kind: WhyKind
  /** The function whose calls they are; absent of `own` and `unknown`. */
  name?: string
  /** `file:line` where that was wrapped. */
  source?: string
  /** Of `blocked`: the function that the calls of others began with, as far as is known. */
  of?: string
  /** Such calls that have a row. */
  rows: number
  /** How much of the call's time. */
  duration: number
  /** That as a share of the call's time, from 0 to 1. */
  share: number
  /** How much of it is usual for as many calls; 0 for what others did. */
  usual: number
  /** How many calls a row of these, or of what they called, stands for at most. */
  oneIn: number
  /** The function, that of its callees which took at least half of the part, and so on. */
  path: WhyStep[]
}

/** A function on the way to where a part's time went. */
export interface WhyStep {
  /** What was called. */
  name: string
  /** `file:line` where that was wrapped. */
  source: string
  /** What kind of calls. */
  kind: Kind
  /** Such calls that have a row. */
  rows: number
  /** How much of the part went into them, in nanoseconds. */
  duration: number
}

/** Calls of one function, and where the call in question stands among them. */
export interface WhyAmong {
  /** Calls. */
  count: number
  /** Their median in nanoseconds, within 1 %. */
  median: number
  /** Calls that took less, as far as 1 % tells them apart. */
  fasterCount: number
  /** Whether none took longer. */
  isSlowest: boolean
}

/** A call that made another one. */
export interface WhyCaller {
  /** Its id, for `fetch`. */
  id: number
  /** Its function. */
  name: string
  /** `file:line` where that was wrapped. */
  source: string
  /** What kind of call it was. */
  kind: Kind
  /** How long it took in nanoseconds. */
  duration: number
  /** Whether it certainly made the one before; else it seems so. */
  isCertain: boolean
}

/** Why a call took as long as it did, in amounts of its time. */
export interface Why {
  /** The call. */
  call: Row
  /** A sentence that says where most of its time went; names are escaped for a terminal. */
  verdict: string
  /** The part that the sentence names. */
  reason: WhyPart
  /** Where its time went, the largest part first: the durations add up to that of the call. */
  parts: WhyPart[]
  /** All calls of its function. */
  ofAll: WhyAmong
  /** Those that ended in the minute around its end. */
  ofMinute: WhyAmong
  /** The other functions in that minute. */
  others: {
    /** Functions that have 5 rows or more in it. */
    functionCount: number
    /** Those whose median was at least twice their usual one. */
    slowedCount: number
    /** Median of their ratios of that minute to usual; absent without such a function. */
    ratio?: number
  }
  /** Calls of its function at once, in its process, itself included. */
  inFlight: {
    /** When it began. */
    atStart: number
    /** On average while it ran. */
    mean: number
    /** Usually, when one begins. */
    usual: number
  }
  /** Who made it, the last caller first. */
  callers: WhyCaller[]
  /** Whether calls of that time have expired, and may be missing here. */
  isCut: boolean
  /** Calls of its lane that were dropped or lost, and may be missing here. */
  uncounted: number
}

/** What the addon gives, in objects of this realm: in a test runner its arrays are of another. */
export function toWhy(native: NativeWhy | null): Why | undefined {
  const call = native === null ? undefined : new RowBatch(native.call).at(0)
  if (native === null || call === undefined) return undefined
  const { otherFunctionsRatio: ratio } = native
  const parts = Array.from(native.parts, (part) => toPart(part, call.duration))
  return {
    call,
    verdict: native.verdict,
    reason: at(parts, native.reason),
    parts,
    ofAll: toAmong(native.ofAll),
    ofMinute: toAmong(native.ofMinute),
    others: {
      functionCount: native.otherFunctions,
      slowedCount: native.otherFunctionsSlowed,
      ...(ratio !== undefined && { ratio }),
    },
    inFlight: {
      atStart: native.inFlight,
      mean: native.inFlightMean,
      usual: native.inFlightUsual,
    },
    callers: Array.from(native.callers, (caller): WhyCaller => ({ ...caller })),
    isCut: native.isCut,
    uncounted: native.uncounted,
  }
}

function toAmong(among: NativeAmong): WhyAmong {
  return { ...among }
}

function toPart(part: NativePart, callDuration: number): WhyPart {
  const { kind, name, source, of, rows, duration, usual, oneIn } = part
  return {
    kind,
    ...(name !== undefined && { name }),
    ...(source !== undefined && { source }),
    ...(of !== undefined && { of }),
    rows,
    duration,
    share: duration / Math.max(callDuration, 1),
    usual,
    oneIn,
    path: Array.from(part.path, (step): WhyStep => ({ ...step })),
  }
}
