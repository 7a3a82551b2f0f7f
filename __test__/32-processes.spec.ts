/** Many processes on one directory: each writes a lane of its own, all are read together. */

import { cpSync, readFileSync } from 'node:fs'

import test from 'ava'
import { Database } from 'kronicler'
import type { Health } from 'kronicler'

import {
  checkIdentity,
  openDatabase,
  rowsAfter,
  rowsOf,
  run,
  runForJson,
  tempDir,
} from './harness.js'

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

test('a cluster loses one of its processes', async (t) => {
  // Promise: four write at the same time; when one is killed, what it had flushed is there, and
  // its successor goes on in the lane that became free. All is counted, lane by lane.
  const cwd = tempDir(t)
  const printed = await runForJson<{
    counts: Record<string, number>
    pidCount: number
    health: Health
  }>(t, 'cluster-killed.js', { cwd })
  const counts = Object.values(printed.counts)
  t.deepEqual(Object.keys(printed.counts), ['0', '1', '2', '3'])
  t.deepEqual(counts.toSorted(), [1_000, 1_000, 1_000, 2_000])
  t.is(printed.pidCount, 5)
  t.is(printed.health.laneCount, 4)
  t.true(printed.health.lost.atMost > 0)
  checkIdentity(t, printed.health)
  t.is(rowsAfter(t, cwd).length, 5_000)
})

interface Spawned {
  count: number
  counts: number[]
  seen: string[]
  health: Health
}

test('children inherit nothing', async (t) => {
  // Promise: exec, spawn and fork while capturing lose no call and hand on no descriptor of ours.
  const cwd = tempDir(t)
  const printed = await runForJson<Spawned>(t, 'spawner.js', { cwd })
  t.deepEqual(printed.counts, [printed.count, 3])
  t.is(printed.seen.length, 12)
  for (const text of printed.seen) {
    t.true(text.includes('/proc/'), text)
    t.false(text.includes('.kronicler_data'), text)
  }
  checkIdentity(t, printed.health)
})

test('a child that outlives its parent keeps no lane', async (t) => {
  // Promise: the lane of a killed process is free at once, whoever it had started.
  const cwd = tempDir(t)
  let child = 0
  const ended = await run('survived.js', {
    cwd,
    onOutput: (text, kill) => {
      child = Number(text)
      kill('SIGKILL')
    },
  })
  t.teardown(() => process.kill(child))
  t.is(ended.signal, 'SIGKILL')
  t.true(process.kill(child, 0))
  const again = new Database({ dir: `${cwd}/.kronicler_data` })
  again.capture('more', [], 0, 1)
  again.flushSync()
  t.is(again.health().lane, 0)
  again.closeSync()
})

/** Waits until the process with this number does not run any more. */
async function untilStopped(pid: number): Promise<void> {
  for (;;) {
    const states = readFileSync(`/proc/${pid}/status`, 'utf8')
    if (/^State:\s+T/m.test(states)) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test('flush() makes a freeze harmless', async (t) => {
  // Promise: after flush() a process may be frozen at any moment: its files, as they are then,
  // hold all that was captured before; thawed, it goes on, and nothing is missing.
  const cwd = tempDir(t)
  const copied = tempDir(t)
  const counts: number[] = []
  const ended = await run('frozen.js', {
    cwd,
    onOutput: (text, kill, pid) => {
      if (text !== 'flushed\n') return void counts.push(Number(text))
      kill('SIGSTOP')
      void untilStopped(pid).then(() => {
        cpSync(`${cwd}/.kronicler_data`, `${copied}/.kronicler_data`, { recursive: true })
        kill('SIGCONT')
        setTimeout(() => kill('SIGUSR2'), 50)
      })
    },
  })
  t.deepEqual([ended.code, ended.stderr], [0, ''])
  const before = rowsAfter(t, copied)
  const after = rowsAfter(t, cwd)
  t.true(before.length >= 1_000)
  t.deepEqual([after.length], counts)
  t.true(after.length > before.length)
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
