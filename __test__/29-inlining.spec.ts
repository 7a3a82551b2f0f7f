/** What V8 makes of the wrappers. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'

import { run, tempDir } from './harness.js'

/** Bytes by which newer versions of Node have made the same wrapper larger. */
const roomBytes = 20

/** Functions of more bytecode are not inlined, says V8. */
async function inlinedMax(): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--v8-options'])
  const [, bytes] = /--max-inlined-bytecode-size=(\d+)/.exec(stdout) ?? []
  return Number(bytes)
}

test('wrappers are small enough to be inlined', async (t) => {
  // Promise: a captured function costs no call of its own in code that runs often: one byte of
  // bytecode more than V8 inlines, and a captured call takes a fifth longer.
  const flags = ['--print-bytecode', '--print-bytecode-filter=wrapper']
  const { stdout } = await run('plain-calls.js', { cwd: tempDir(t), flags })
  const sizes = [...stdout.matchAll(/^Bytecode length: (\d+)$/gm)].map(([, size]) => Number(size))
  t.is(sizes.length, 3)
  const max = await inlinedMax()
  t.true(Math.max(...sizes) + roomBytes <= max, `${sizes.join(', ')} bytes, at most ${max}`)
})
