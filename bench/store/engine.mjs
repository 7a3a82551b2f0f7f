// Runs the program that measures the store, and by it `kr`.

import { execFile, execFileSync } from 'node:child_process'
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
  const options = { maxBuffer: 1 << 26 }
  return async (...args) => measuresOf((await run(program, args.map(String), options)).stdout)
}

/** Times `kr` with these arguments, from its start to its end; its memory at the peak. */
export function launchKr(engine, repeat, args) {
  return engine('launch', '--repeat', repeat, '--', kr, ...args)
}
