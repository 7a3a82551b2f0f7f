// Child processes: each measurement runs in a fresh one, and ends whatever happens.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The environment of a child: ours without what would change how Kronicler works. */
function cleanEnvironment(env) {
  const foreign = /^(KRONICLER_|RUST_LOG$|NODE_OPTIONS$|UV_)/
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  return { ...Object.fromEntries(kept), ...env }
}

/** Starts a script that takes `settings` and talks by messages. `node`: which one runs it. */
export function startChild(script, settings, { node = process.execPath, env, execArgv = [] } = {}) {
  return fork(fileURLToPath(script), [JSON.stringify(settings)], {
    execPath: node,
    execArgv,
    env: cleanEnvironment(env),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

/** The next message of a child. Rejects when it ends before, or after so many seconds. */
export function nextMessage(child, seconds = 600) {
  return new Promise((resolve, reject) => {
    const onTimeout = () => settle(reject, new Error(`no answer in ${seconds} s`))
    const timer = setTimeout(onTimeout, 1_000 * seconds)
    const onMessage = (message) => settle(resolve, message)
    const onError = (error) => settle(reject, error)
    const onExit = (code, signal) =>
      settle(reject, new Error(`a child ended with ${signal ?? code}`))
    function settle(act, value) {
      clearTimeout(timer)
      child.off('message', onMessage).off('error', onError).off('exit', onExit)
      act(value)
    }
    child.on('message', onMessage).on('error', onError).on('exit', onExit)
  })
}

/** Ends a child and waits until it is gone. */
export async function endChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  if (child.connected) child.disconnect()
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(timer)
}

/** Runs a script and returns the one message it sends. */
export async function runChild(script, settings, options = {}) {
  const child = startChild(script, settings, options)
  try {
    return await nextMessage(child, options.seconds)
  } finally {
    await endChild(child)
  }
}

/** In a child: what it was told. */
export const settings = process.argv[2]?.startsWith('{') ? JSON.parse(process.argv[2]) : {}

/** In a child: sends the one message and lets the process end. */
export function report(message) {
  process.send(message, () => process.disconnect())
}

/** What a program said last before it failed, in one line: an error of `execFile`. */
export function reasonOf(error) {
  const lines = String(error.stderr ?? '').trim().split('\n')
  return lines.findLast((line) => line !== '') ?? error.message.split('\n')[0]
}
