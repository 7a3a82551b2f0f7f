// Runs the program that measures the store, and `kr`.

import { execFile, execFileSync, spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { measuresOf } from '../harness/measures.mjs'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const suffix = process.platform === 'win32' ? '.exe' : ''
const kr = path.join(root, 'npm/local', `kr${suffix}`)

function cargo(args, stdio) {
  return execFileSync('cargo', args, { cwd: root, stdio, maxBuffer: 1 << 26 })
}

/** Builds the program; returns how to call it: with arguments, for measures by name. */
export function buildEngine() {
  cargo(['build', '--release', '--package', 'kronicler-bench'], 'inherit')
  const metadata = cargo(['metadata', '--format-version=1', '--no-deps'], 'pipe').toString()
  const folder = JSON.parse(metadata).target_directory
  const program = path.join(folder, 'release', `kronicler-bench${suffix}`)
  return async (...args) => measuresOf((await run(program, args.map(String))).stdout)
}

/** Milliseconds of `kr` with these arguments, from its start to its end, as often as told. */
export function timeKr(repeat, ...args) {
  const times = []
  for (let index = 0; index <= repeat; index++) {
    const begin = performance.now()
    const { status, stderr } = spawnSync(kr, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    times.push(performance.now() - begin)
    if (status !== 0) throw new Error(`kr ${args[0]} ended with ${status}: ${stderr}`)
  }
  return times.slice(1)
}
