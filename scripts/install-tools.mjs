// Installs what tests and docs use that has a folder of its own, unless that has been done: by
// `npm ci`, or where there is a requirements.txt by pip into the folder's own `python/`.
// Without network, or a Python for the latter, tests are skipped that need it; in CI it must work.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const unreachablePip = /NewConnectionError|NameResolutionError|ConnectTimeoutError|ProxyError/
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
  return refuse(folder, stderr, unreachable.test(stderr.toString()))
}

/** What is installed is told by a copy of what was asked for. */
const doneFile = 'python/installed.txt'

function requirementsOf(folder) {
  const file = path.join(folder, 'requirements.txt')
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  const constraints = [...text.matchAll(/^-c (.+)$/gm)].map(([, name]) => path.join(folder, name))
  return [text, ...constraints.map((name) => readFileSync(name, 'utf8'))].join('')
}

/** Packages are pinned for these versions. */
function findPython() {
  const check = 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
  const names = ['python3.11', 'python3.13', 'python3.12', 'python3', 'python']
  return names.find((name) => spawnSync(name, ['-c', check]).status === 0)
}

function installPython(folder, requirements) {
  const done = path.join(folder, doneFile)
  if (existsSync(done) && readFileSync(done, 'utf8') === requirements) return true
  const found = findPython()
  if (found === undefined) return refuse(folder, 'no Python from 3.11 to 3.13 with venv\n', true)
  const environment = path.join(folder, 'python')
  rmSync(environment, { recursive: true, force: true })
  const inside = process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python'
  const python = path.join(environment, inside)
  const options = ['--quiet', '--disable-pip-version-check', '--only-binary', ':all:']
  const steps = [
    [found, ['-m', 'venv', environment]],
    [python, ['-m', 'pip', 'install', ...options, '-r', 'requirements.txt']],
  ]
  for (const [program, args] of steps) {
    const { status, stderr } = spawnSync(program, args, { cwd: folder })
    if (status !== 0) return refuse(folder, stderr, unreachablePip.test(stderr.toString()))
  }
  writeFileSync(done, requirements)
  return true
}

/** In CI it is no excuse that something is not there. */
function refuse(folder, reason, isExcused) {
  process.stderr.write(reason)
  if (process.env.CI || !isExcused) return false
  process.stdout.write(`tests that need ${folder} are skipped\n`)
  return true
}

function installAny(folder) {
  const requirements = requirementsOf(folder)
  if (requirements !== undefined) return installPython(folder, requirements)
  return isInstalled(folder) || install(folder)
}

const folders = process.argv.slice(2).map((name) => path.resolve(root, name))
const results = folders.map(installAny)
if (results.includes(false)) process.exitCode = 1
