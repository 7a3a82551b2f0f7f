/** Worker threads: each captures into the database of its process, and may end in its own way. */

import { mkdirSync, symlinkSync } from 'node:fs'

import test from 'ava'
import { Database } from 'kronicler'
import type { Health, StatsJson } from 'kronicler'

import { checkIdentity, fixturePath, rowsAfter, run, runForJson, tempDir } from './harness.js'

interface Printed {
  stats: StatsJson
  threadCount: number
  health: Health
  ended: string[]
}

for (const end of ['natural', 'exit', 'throw']) {
  test(`rows of workers that end by ${end} are there`, async (t) => {
    // Promise: rows made just before a worker ends are stored, all of them.
    const cwd = tempDir(t)
    const args = ['500', '3', end, end, end]
    const printed = await runForJson<Printed>(t, 'worker-churn.js', { cwd, args })
    t.is(printed.stats.count, 4_500)
    t.is(printed.threadCount, 9)
    checkIdentity(t, printed.health)
    t.is(rowsAfter(t, cwd).length, 4_500)
  })
}

test('workers can be terminated in a busy loop', async (t) => {
  // Promise: terminate() stops a worker that captures without pause; nothing crashes.
  const cwd = tempDir(t)
  const args = ['100', '3', 'terminate', 'natural']
  const printed = await runForJson<Printed>(t, 'worker-churn.js', { cwd, args })
  t.true(printed.stats.count >= 600)
  t.deepEqual(printed.ended, ['natural 0', 'terminate 1'])
  checkIdentity(t, printed.health)
})

for (const what of ['Flush', 'Close', 'Question']) {
  test(`workers can be terminated while they wait: ${what}`, async (t) => {
    // Promise: native work of a thread that is gone ends without a crash, and what was captured
    // before is there; other threads go on.
    const cwd = tempDir(t)
    const end = `terminateIn${what}`
    const args = ['100', '10', end, end, 'natural']
    const printed = await runForJson<Printed>(t, 'worker-churn.js', { cwd, args })
    t.true(printed.stats.count >= 3_000)
    t.deepEqual(printed.ended, ['natural 0', `${end} 1`])
    checkIdentity(t, printed.health)
    t.is(rowsAfter(t, cwd).length, printed.stats.count)
    if (what === 'Close') {
      const { stored, live, lost } = Database.reader(`${cwd}/other`).health()
      t.true(stored > 0 && stored === live && lost.atMost === 0)
    }
  })
}

test('a worker that runs out of memory takes nobody along', async (t) => {
  // Promise: the process goes on, other workers too; all rows are kept, those of the dead one, too.
  const cwd = tempDir(t)
  const args = ['500', '2', 'memory', 'natural']
  const printed = await runForJson<Printed>(t, 'worker-churn.js', { cwd, args })
  t.deepEqual(printed.ended, ['memory ERR_WORKER_OUT_OF_MEMORY', 'natural 0'])
  t.true(printed.stats.count > 2_000)
  t.is(printed.stats.count + printed.health.dropped.ring, printed.health.seen)
  checkIdentity(t, printed.health)
  t.is(rowsAfter(t, cwd).length, printed.stats.count)
})

interface Thousand {
  before: Record<string, number>
  after: Record<string, number>
  health: Health
  count: number
  wanted: number
}

test('a thousand workers leave nothing behind', async (t) => {
  // Promise: natural end, process.exit and terminate() in a busy loop free what a worker had:
  // descriptors, threads, memory do not grow with their number, and no first call is missing.
  const args = ['200', '1000']
  const cwd = tempDir(t)
  const printed = await runForJson<Thousand>(t, 'worker-thousand.js', { cwd, args })
  t.is(printed.count, printed.wanted)
  checkIdentity(t, printed.health)
  const grown = (what: string): number =>
    (printed.after[what] ?? NaN) - (printed.before[what] ?? NaN)
  t.is(printed.after['rings'], 0)
  t.true(grown('descriptors') <= 8, JSON.stringify(printed))
  t.true(grown('threads') <= 8, JSON.stringify(printed))
  // Rings alone would be 256 KiB each: 800 reserve 200 MiB, and the busy ones fill 67 MiB.
  t.true(grown('residentKib') < 50 * 1024, JSON.stringify(printed))
  t.true(grown('reservedKib') < 150 * 1024, JSON.stringify(printed))
})

test('many workers at once share the database', async (t) => {
  // Promise: rings are given back, so that many workers one after the other lose nothing.
  const cwd = tempDir(t)
  const args = ['200', '8', ...Array.from({ length: 4 }, () => 'natural')]
  const printed = await runForJson<Printed>(t, 'worker-churn.js', { cwd, args })
  t.is(printed.stats.count, 200 * 8 * 4)
  t.is(printed.health.lane, 0)
  t.is(printed.health.laneCount, 1)
  checkIdentity(t, printed.health)
})

test('the addon survives the worker that loaded it', async (t) => {
  // Promise: loaded in workers only, it stays mapped while its threads run; rows are stored.
  const cwd = tempDir(t)
  // A worker from text resolves packages from the working directory, so it gets a link.
  mkdirSync(`${cwd}/node_modules`)
  symlinkSync(fixturePath('../../..'), `${cwd}/node_modules/kronicler`)
  const ended = await run('worker-only.js', { cwd, args: ['5'] })
  t.deepEqual([ended.code, ended.signal, ended.stderr], [0, null, ''])
  t.is(rowsAfter(t, cwd).length, 250)
})
