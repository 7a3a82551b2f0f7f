#!/usr/bin/env node
// Starts the `kr` executable of this platform and ends the way it ended.
//
// Looked for, in this order: KR_BINARY, npm/local (built in a clone), the platform's package. Of
// two packages for two C libraries the one that starts is taken.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import process from 'node:process'
import { isatty } from 'node:tty'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const executable = process.platform === 'win32' ? 'kr.exe' : 'kr'

function packagedPath(packageName) {
  try {
    const manifest = require.resolve(`${packageName}/package.json`)
    return manifest.replace(/package\.json$/, executable)
  } catch {
    return undefined
  }
}

/** The executables that are here. */
function find() {
  if (process.env.KR_BINARY) return [process.env.KR_BINARY]
  const local = fileURLToPath(new URL(`../npm/local/${executable}`, import.meta.url))
  if (existsSync(local)) return [local]
  const names = require('../binding.cjs').platformNames()
  const packages = names.map((name) => `@kronicler/binding-${name}`)
  const found = packages.map(packagedPath).filter((path) => path !== undefined && existsSync(path))
  if (found.length === 0) {
    process.stderr.write(
      `kr: no executable for this platform: ${packages.join(' or ')} is not installed; ` +
        'install again without --omit=optional, or run `npm run build` in a clone, ' +
        'or set KR_BINARY to its path\n',
    )
  }
  return found
}

/** Starts one; resolves to `{ error }`, or to how it ended. */
function start(path) {
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
      child = spawn(path, process.argv.slice(2), { stdio: 'inherit' })
      child.on('error', (error) => end({ error }))
      child.on('exit', (status, signal) => end({ status, signal }))
    } catch (error) {
      end({ error })
    }
  })
}

/** By the same signal, so that a shell script stops, too; a crash is not made a second time. */
function endBy(signal) {
  process.exitCode = 128 + constants.signals[signal]
  if (['SIGINT', 'SIGTERM', 'SIGHUP'].includes(signal)) process.kill(process.pid, signal)
}

/** 127: not found, 126: found but not startable, as in a shell. */
function explain(path, { code }) {
  const remedy =
    code === 'ERR_ACCESS_DENIED'
      ? 'allow Node to start it (--allow-child-process)'
      : 'check the path and its execute permission'
  process.stderr.write(`kr: ${path} cannot be started (${code}): ${remedy}\n`)
  return code === 'ENOENT' ? 127 : 126
}

async function run(paths) {
  let failure
  for (const path of paths) {
    const { error, status, signal } = await start(path)
    if (error === undefined) {
      if (signal === null) process.exitCode = status
      else endBy(signal)
      return
    }
    failure ??= { path, error }
  }
  process.exitCode = failure === undefined ? 127 : explain(failure.path, failure.error)
}

await run(find())
