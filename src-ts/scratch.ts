/**
 * The scratch of this thread, and the native functions that speak through it.
 *
 * `src-ts/native.ts` draws its layout. Ticks are bits that only look like doubles: they are
 * handed back, never computed with. When nothing is captured the functions do nothing.
 */

import { isEnabled } from './environment.js'
import { findAddon } from './load.js'
import { threadId } from './thread.js'
import type { Binding } from './native.js'

const wordCount = 16

/** The index in `words` of what is not 0 while something is paused, as `native.ts` tells. */
const pausedWord = 8

function nothing(): void {}

function attach(binding: Binding | undefined): Float64Array {
  // Over shared memory, because no one can take it away from under the addon.
  const fresh = new Float64Array(new SharedArrayBuffer(wordCount * 8))
  return binding?.attach(fresh, threadId) ?? fresh
}

const addon = isEnabled ? findAddon() : undefined

/** Why nothing is captured although it should be. */
export const absence: string | undefined = addon?.error

/** Whether this thread captures. */
export const isCapturing: boolean = addon?.binding !== undefined

/** The scratch as doubles, as 32-bit integers, as 64-bit integers. */
export const doubles: Float64Array = attach(addon?.binding)
export const words: Int32Array = new Int32Array(doubles.buffer, doubles.byteOffset, wordCount * 2)
export const integers: BigInt64Array = new BigInt64Array(
  doubles.buffer,
  doubles.byteOffset,
  wordCount,
)

export const tick: () => void = addon?.binding?.tick ?? nothing
export const end: () => void = addon?.binding?.end ?? nothing
/** As `end`, for a call of which it is known who made it. */
export const endIn: (call: number, parent: number, request: number) => void =
  addon?.binding?.endIn ?? nothing
/** Pauses capturing in all threads of the process, or ends that pause. */
export const setPaused: (isPaused: boolean) => void = addon?.binding?.setPaused ?? nothing

/** Whether captures into a database are paused. To be asked when `words[8]` is not 0. */
export function isPaused(database: number): boolean {
  const state = words[pausedWord] as number
  if ((state & 1) !== 0) return true
  const last = pausedWord + (state >> 1)
  for (let at = pausedWord + 1; at <= last; at++) if (words[at] === database) return true
  return false
}

export const insert: () => void = addon?.binding?.insert ?? nothing

/** Tells what was hooked for a database; the facade has `tellHook` of `hooks.ts` for it. */
export const tellHook: Binding['tellHook'] = addon?.binding?.tellHook ?? nothing

/** Hands over the detail of a call that got a ticket. */
export const handOver: (database: number, ticket: number, detail: Uint8Array) => void =
  addon?.binding?.handOver ?? nothing
