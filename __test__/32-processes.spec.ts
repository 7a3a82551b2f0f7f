/** Many processes on one directory: each writes a lane of its own, all are read together. */

import test from 'ava'
import { Database } from 'kronicler'
import type { Health } from 'kronicler'

import { checkIdentity, openDatabase, rowsAfter, rowsOf, runForJson, tempDir } from './harness.js'

test('a cluster writes several lanes', async (t) => {
  // Promise: processes at the same time take lanes of their own; any of them sees all rows.
  const cwd = tempDir(t)
  const printed = await runForJson<{ count: number; health: Health }>(t, 'cluster.js', { cwd })
  t.is(printed.count, 400)
  t.is(printed.health.laneCount, 4)
  t.is(printed.health.lane, 0)
  checkIdentity(t, printed.health)
  const rows = rowsAfter(t, cwd)
  t.is(rows.length, 400)
  const lanes = new Set(rows.map((row) => row.toJSON().lane))
  t.deepEqual([...lanes].toSorted(), [0, 1, 2, 3])
})

test('children take what is free', async (t) => {
  // Promise: one child after the other uses the lane that the one before has let go.
  const cwd = tempDir(t)
  const printed = await runForJson<{ counts: number[]; health: Health }>(t, 'forker.js', { cwd })
  t.deepEqual(printed.counts, [11, 20])
  t.is(printed.health.laneCount, 2)
  checkIdentity(t, printed.health)
  t.is(rowsAfter(t, cwd).length, 31)
})

test('a reader sees what a living writer has flushed', async (t) => {
  // Promise: readers need no lock, see new rows at each question, and refuse to write.
  const db = openDatabase(t)
  db.capture('a', [], 0, 1)
  await db.flush()
  const reader = Database.reader(db.dir)
  t.is(rowsOf(t, reader).length, 1)
  db.capture('a', [], 1, 3)
  await db.flush()
  t.is(rowsOf(t, reader).length, 2)
  t.is(reader.average('a'), 1.5)
  t.is(reader.health().state, 'reader')
  reader.closeSync()
})
