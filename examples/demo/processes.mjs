// Starting programs so that none of them outlives the demo and none can keep it waiting for ever.

import { spawn } from 'node:child_process'
import process from 'node:process'

const STOP_SECONDS = 5

// Each with the promise of its end.
const running = new Map()
let stopping = false

// Only what we started is ended, by its id: asked first, killed when we are gone before it is.
process.on('exit', () => {
  for (const child of running.keys()) child.kill('SIGKILL')
})
for (const [signal, number] of [['SIGHUP', 1], ['SIGINT', 2], ['SIGTERM', 15]]) {
  process.on(signal, () => stopAll(128 + number))
}

async function stopAll(exitCode) {
  if (stopping) process.exit(exitCode)
  stopping = true
  setTimeout(() => process.exit(exitCode), STOP_SECONDS * 1_000)
  for (const child of running.keys()) child.kill('SIGTERM')
  await Promise.all(running.values())
  process.exit(exitCode)
}

/** Starts a program; it is killed with SIGKILL when it runs longer than `seconds`. */
export function start(program, args, { seconds, ...options }) {
  const shell = process.platform === 'win32' && program === 'npm'
  const child = spawn(program, args, { shell, stdio: 'inherit', ...options })
  const timer = seconds && setTimeout(() => child.kill('SIGKILL'), seconds * 1_000)
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  running.set(child, ended)
  ended.then(() => {
    clearTimeout(timer)
    running.delete(child)
  })
  return { child, ended }
}

/** Runs a program to its end and throws when it did not end well. */
export async function run(program, args, options) {
  const { error, code, signal } = await start(program, args, options).ended
  if (code === 0) return
  const how = error?.message ?? (signal ? `was killed by ${signal}` : `ended with ${code}`)
  throw new Error(`${[program, ...args].join(' ')} ${how}`)
}
