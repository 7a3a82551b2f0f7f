#!/usr/bin/env node
// Starts the `kr` executable of this platform and ends the way it ended.
//
// Looked for, in this order: KR_BINARY, npm/local (built in a clone), the platform's package.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const executable = process.platform === 'win32' ? 'kr.exe' : 'kr'

/** The C library of a Linux system, told by Node's own report: no process has to be started. */
function linuxAbi() {
  process.report.excludeNetwork = true
  const glibc = process.report.getReport().header.glibcVersionRuntime !== undefined
  if (process.arch === 'arm') return glibc ? 'gnueabihf' : 'musleabihf'
  return glibc ? 'gnu' : 'musl'
}

/** The name @napi-rs/cli gives this platform, the last part of its package's name. */
function platformName() {
  const { platform, arch } = process
  if (platform === 'linux') return `linux-${arch}-${linuxAbi()}`
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`
}

function packagedPath(packageName) {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`)
    return manifest.replace(/package\.json$/, executable)
  } catch {
    return undefined
  }
}

function find() {
  if (process.env.KR_BINARY) return process.env.KR_BINARY
  const local = fileURLToPath(new URL(`../npm/local/${executable}`, import.meta.url))
  if (existsSync(local)) return local
  const packageName = `@kronicler/binding-${platformName()}`
  const packaged = packagedPath(packageName)
  if (packaged !== undefined && existsSync(packaged)) return packaged
  process.stderr.write(
    `kr: no executable for this platform: ${packageName} is not installed; ` +
      'install again without --omit=optional, or run `npm run build` in a clone, ' +
      'or set KR_BINARY to its path\n',
  )
  return undefined
}

/** 127: not found, 126: found but not startable, as in a shell. */
function run(path) {
  if (path === undefined) return 127
  const child = spawnSync(path, process.argv.slice(2), { stdio: 'inherit' })
  if (child.error !== undefined) {
    const remedy = 'check the path and its execute permission'
    process.stderr.write(`kr: ${path} cannot be started (${child.error.code}): ${remedy}\n`)
    return child.error.code === 'ENOENT' ? 127 : 126
  }
  return child.status ?? 128 + constants.signals[child.signal]
}

process.exitCode = run(find())
