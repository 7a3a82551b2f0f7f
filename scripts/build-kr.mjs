// Builds the `kr` executable and puts it beside the addon, where bin/kr.js finds it.

import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const executable = process.platform === 'win32' ? 'kr.exe' : 'kr'

function cargo(args, stdio) {
  return execFileSync('cargo', args, { cwd: root, stdio, maxBuffer: 1 << 26 })
}

/** Where cargo builds: only cargo knows, as variables and its own config files may move it. */
function targetDirectory() {
  const args = ['metadata', '--format-version=1', '--no-deps']
  return JSON.parse(cargo(args, ['ignore', 'pipe', 'inherit']).toString()).target_directory
}

/** Renamed into place, because an executable that is running cannot be written to. */
function install(from, to) {
  mkdirSync(path.dirname(to), { recursive: true })
  const temporary = `${to}.${process.pid}.log`
  copyFileSync(from, temporary)
  chmodSync(temporary, 0o755)
  renameSync(temporary, to)
}

cargo(['build', '--profile', 'kr', '--package', 'kr'], 'inherit')
const built = path.join(targetDirectory(), 'kr', executable)
install(built, path.join(root, 'npm/local', executable))
