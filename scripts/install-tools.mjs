// Installs what tests and docs use that has a folder of its own: `npm ci` in each folder named,
// unless that has been done. Without network tests are skipped that need it; in CI it must work.

import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const unreachable = /code (ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH)/

/** npm leaves a copy of the lock file behind when it is done. */
function isInstalled(folder) {
  const done = path.join(folder, 'node_modules/.package-lock.json')
  const wanted = ['package.json', 'package-lock.json'].map((name) => path.join(folder, name))
  if (!existsSync(done)) return false
  const { mtimeMs } = statSync(done)
  return wanted.every((file) => statSync(file).mtimeMs <= mtimeMs)
}

/** Nothing is run that came with a package: executables are started where they lie. */
function install(folder) {
  const args = ['ci', '--ignore-scripts', '--no-fund', '--no-audit']
  const { status, stderr } = spawnSync('npm', args, {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'pipe'],
    shell: process.platform === 'win32',
  })
  if (status === 0) return true
  process.stderr.write(stderr)
  if (process.env.CI || !unreachable.test(stderr.toString())) return false
  process.stdout.write(`no network: tests that need ${folder} are skipped\n`)
  return true
}

const folders = process.argv.slice(2).map((name) => path.resolve(root, name))
const results = folders.map((folder) => isInstalled(folder) || install(folder))
if (results.includes(false)) process.exitCode = 1
