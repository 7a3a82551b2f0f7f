/** Worker threads: each captures into the database of its process, and may end in its own way. */

import test from 'ava'
import type { Health, StatsJson } from 'kronicler'

import { checkIdentity, fixturePath, rowsAfter, run, runForJson, tempDir } from './harness.js'

interface Printed {
  stats: StatsJson
  threadCount: number
  health: Health
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
  checkIdentity(t, printed.health)
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
  const { symlinkSync, mkdirSync } = await import('node:fs')
  mkdirSync(`${cwd}/node_modules`)
  symlinkSync(fixturePath('../../..'), `${cwd}/node_modules/kronicler`)
  const ended = await run('worker-only.js', { cwd, args: ['5'] })
  t.deepEqual([ended.code, ended.signal, ended.stderr], [0, null, ''])
  t.is(rowsAfter(t, cwd).length, 250)
})
