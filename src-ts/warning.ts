/** Warnings: at most one per cause and minute, by `process.emitWarning`, with a code. */

import { shared } from './shared.js'

const pauseMs = 60_000

export type WarningCode =
  | 'KRONICLER_BAD_ENV'
  | 'KRONICLER_DROPPED'
  | 'KRONICLER_INCLUDE'
  | 'KRONICLER_NO_BINARY'
  | 'KRONICLER_PARTIAL'

/** Warns unless this cause was warned of within the last minute; never throws. */
export function warn(code: WarningCode, cause: string, message: string): void {
  const key = `${code} ${cause}`
  // A clock that tests cannot stop: fake timers replace Date, rarely hrtime.
  const nowMs = Number(process.hrtime.bigint() / 1_000_000n)
  const last = shared.warned.get(key)
  if (last !== undefined && nowMs - last < pauseMs) return
  shared.warned.set(key, nowMs)
  try {
    process.emitWarning(message, { type: 'KroniclerWarning', code })
  } catch {
    // Somebody replaced emitWarning by something that throws; the host comes first.
  }
}

/** Warns while the process exits, when nothing that waits for its turn gets one any more. */
export function warnAtExit(code: WarningCode, message: string): void {
  try {
    const warning = Object.assign(new Error(message), { name: 'KroniclerWarning', code })
    process.emit('warning', warning)
  } catch {
    // A listener of the program.
  }
}
