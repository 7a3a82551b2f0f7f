/** Blocks: `capture.run` and `capture.start`. */

import test from 'ava'
import { capture } from 'kronicler'
import type { Health, RowJson } from 'kronicler'

import { checkIdentity, runForJson, tempDir } from './harness.js'

interface Printed {
  results: unknown[]
  rows: RowJson[]
  health: Health
}

test('blocks and spans are records', async (t) => {
  // Promise: run returns what its block returns; a span counts once, at its first end.
  const cwd = tempDir(t)
  const { results, rows, health } = await runForJson<Printed>(t, 'blocks.js', { cwd })
  t.deepEqual(results, [1, 2, 'thrown', 'rejected'])
  t.deepEqual(
    rows.map(({ name, outcome, kind }) => `${name} ${outcome} ${kind}`),
    [
      'sync ok block',
      'async ok block',
      'throws error block',
      'rejects error block',
      'span ok block',
      'failed error block',
      'disposed ok block',
    ],
  )
  t.true(rows.every(({ source }) => /blocks\.js:\d+$/.test(source)))
  checkIdentity(t, health)
})

test('wrong blocks are refused', (t) => {
  // Promise: a TypeError names the argument.
  const loose = capture as unknown as Record<'run' | 'start', (...args: unknown[]) => unknown>
  t.throws(() => loose.run('name'), { instanceOf: TypeError, message: /block/ })
  t.throws(() => loose.run(1, () => 1), { instanceOf: TypeError, message: /name/ })
  t.throws(() => loose.start(), { instanceOf: TypeError, message: /name/ })
})
