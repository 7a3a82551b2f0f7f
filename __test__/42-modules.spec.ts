/** The package as programs load it: with require, with import, with both. */

import test from 'ava'
import type { Health, RowJson } from 'kronicler'

import { checkIdentity, rowsAfter, runForJson, tempDir } from './harness.js'

interface Printed {
  isSame: Record<string, boolean>
  keys: string[]
  importedKeys: string[]
  rows: RowJson[]
  health: Health
}

test('require and import give one package', async (t) => {
  // Promise: both have the same names, functions and default database, and one ring.
  const cwd = tempDir(t)
  const printed = await runForJson<Printed>(t, 'required.cjs', { cwd })
  t.deepEqual(printed.isSame, { wrapper: true, database: true, error: true })
  t.deepEqual(printed.importedKeys, printed.keys)
  // What bundlers take.
  const bundled: object = (await import(new URL('../esm/index.js', import.meta.url).href)) as object
  t.deepEqual(Object.keys(bundled).toSorted(), printed.keys)
  t.deepEqual(
    printed.rows.map(({ name }) => name),
    ['cjs', 'esm'],
  )
  t.is(printed.health.ringCount, 1)
  checkIdentity(t, printed.health)
  t.is(rowsAfter(t, cwd).length, 2)
})
