// Builds what is to be measured, and installs what it is compared with.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('..', import.meta.url))

function isInstalled() {
  const { dependencies } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const isThere = (name) => existsSync(path.join(folder, 'node_modules', name, 'package.json'))
  return Object.keys(dependencies).every(isThere)
}

/** False, too, when it was compiled for another version of Node. */
function isSqliteUsable() {
  const program = "new (require('better-sqlite3'))(':memory:')"
  const { status } = spawnSync(process.execPath, ['-e', program], { cwd: folder, stdio: 'ignore' })
  return status === 0
}

function npm(...args) {
  const options = { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' }
  const { status } = spawnSync('npm', args, options)
  if (status !== 0) throw new Error(`npm ${args.join(' ')} ended with ${status}`)
}

/** Takes a few minutes the first time: SQLite is compiled. */
export function prepare() {
  npm('run', '--prefix', '..', 'build')
  if (isInstalled() && isSqliteUsable()) return
  process.stdout.write('Installing what Kronicler is compared with (minutes, the first time)\n')
  npm('install')
  if (!isSqliteUsable()) npm('rebuild', 'better-sqlite3')
}
