/**
 * The event loop: a timer tells how late it comes, which is how late all timers and answers are.
 *
 * It wakes the thread up 40 times a second, so it runs only when it is asked for.
 */

import { Names } from '../register/names.js'
import { recordSignal } from './signal.js'

// Taken at load: it is none of the timers that the signal `timers` is about.
const { setInterval } = globalThis

const periodMs = 25
/** Below that nobody notices. */
const delayMinMs = 50

/** Records each time that the event loop of this thread was kept from going on. */
export function watchLoop(): void {
  const names = new Names('event loop delay')
  let dueMs = performance.now() + periodMs
  const timer = setInterval(() => {
    const nowMs = performance.now()
    if (nowMs - dueMs >= delayMinMs) recordSignal(names, 'event loop delay', dueMs, nowMs)
    dueMs = nowMs + periodMs
  }, periodMs)
  timer.unref()
}
