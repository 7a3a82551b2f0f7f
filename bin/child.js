// A program in place of this one: it gets the signals, and this one ends the way it ended.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import process from 'node:process'
import { isatty } from 'node:tty'

/** Starts it; resolves to `{ error }`, or to how it ended. */
export function start(path, args, options) {
  return new Promise((resolve) => {
    let child
    const forward = (signal) => child.kill(signal)
    // A terminal sends its Ctrl-C to both: here it only must not end the launcher first.
    const onInterrupt = isatty(0) ? () => undefined : forward
    const listeners = Object.entries({ SIGINT: onInterrupt, SIGTERM: forward, SIGHUP: forward })
    const end = (result) => {
      for (const [signal, listener] of listeners) process.off(signal, listener)
      resolve(result)
    }
    // Before it starts, for it may be signalled at once; they are called after.
    for (const [signal, listener] of listeners) process.on(signal, listener)
    try {
      child = spawn(path, args, { stdio: 'inherit', ...options })
      child.on('error', (error) => end({ error }))
      child.on('exit', (status, signal) => end({ status, signal }))
    } catch (error) {
      end({ error })
    }
  })
}

/** By the same signal, so that a shell script stops, too; a crash is not made a second time. */
export function endBy(signal) {
  process.exitCode = 128 + constants.signals[signal]
  if (['SIGINT', 'SIGTERM', 'SIGHUP'].includes(signal)) process.kill(process.pid, signal)
}
