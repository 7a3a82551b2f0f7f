/** Packages that only some tests use: in folders with a lock file of their own. */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import test from 'ava'
import type { ExecutionContext } from 'ava'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type Declare = (title: string, run: (t: ExecutionContext) => Promise<void> | void) => void

/**
 * Declares tests that need the packages of a folder, which are installed now unless they are there.
 * Where that is not possible such tests do nothing but say why; in CI they run, and fail.
 */
export function testWith(folder: string): Declare {
  const script = path.join(root, 'scripts/install-tools.mjs')
  const { stdout, stderr } = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' })
  const marks = ['node_modules/.package-lock.json', 'python/installed.txt']
  const isThere = marks.some((mark) => existsSync(path.join(root, folder, mark)))
  if (isThere || process.env['CI']) return test.serial
  return (title) =>
    test.serial(title, (t) => {
      t.log(`not run, ${folder} cannot be installed: ${stdout}${stderr}`)
      t.pass()
    })
}
