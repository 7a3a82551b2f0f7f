/** Disks that do not do what they should: the app runs on, what cannot be kept is counted. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'

import test from 'ava'
import { Database, capture } from 'kronicler'
import type { Health } from 'kronicler'

import {
  checkIdentity,
  openDatabase,
  rowsAfter,
  runForJson,
  tempDir,
  throwsCode,
} from './harness.js'

interface Printed {
  sum: number
  inserted: string | undefined
  flushed: string
  health: Health
  warnings: string[]
}

const count = 10_000
const sum = (count / 10) * (count / 10 + 1) * 5

const obstacles: Record<string, (cwd: string) => string> = {
  'a path below a file': (cwd) => {
    writeFileSync(`${cwd}/file`, '')
    return `${cwd}/file/below`
  },
  'a file': (cwd) => {
    writeFileSync(`${cwd}/file`, 'mine')
    return `${cwd}/file`
  },
  'a place where nothing can be made': () => '/proc/kronicler',
}

for (const [what, place] of Object.entries(obstacles)) {
  test(`the directory is ${what}`, async (t) => {
    // Promise: wrapped calls go on and are counted as dropped, explicit calls throw a code, one
    // warning says so.
    const cwd = tempDir(t)
    const env = { KRONICLER_DIR: place(cwd) }
    const printed = await runForJson<Printed>(t, 'unwritable.js', { cwd, env })
    t.is(printed.sum, sum)
    t.is(printed.inserted, 'KRONICLER_STORE_FAILED')
    t.is(printed.flushed, 'KRONICLER_STORE_FAILED')
    t.is(printed.health.state, 'failed')
    t.is(typeof printed.health.error, 'string')
    t.is(printed.health.dropped.store, count)
    t.deepEqual(printed.warnings, ['KRONICLER_DROPPED'])
    checkIdentity(t, printed.health)
  })
}

test('a file that may not grow', async (t) => {
  // Promise: a full disk stops nothing but the storing; what had been stored stays readable.
  const cwd = tempDir(t)
  const printed = await runForJson<Printed>(t, 'unwritable.js', {
    cwd,
    args: ['200000', '200000'],
    shell: 'ulimit -f 100;',
  })
  t.is(printed.sum, (200_000 / 10) * (200_000 / 10 + 1) * 5)
  t.true(printed.health.state === 'failed' || printed.health.state === 'stalled')
  t.true(printed.health.dropped.store + printed.health.pending > 0)
  t.is(printed.flushed, 'KRONICLER_STORE_FAILED')
  checkIdentity(t, printed.health)
  const rows = rowsAfter(t, cwd)
  t.true(rows.length > 0)
  t.true(rows.every(({ name }) => name === 'step' || name === 'manual'))
})

for (const what of ['', 'lane-0000']) {
  test(`the directory ${what} is removed while it is written`, async (t) => {
    // Promise: who removes the files has cleared the database: it begins anew with the next rows,
    // and what it calls stored is found by readers.
    const db = openDatabase(t)
    const step = capture('step', (n: number) => n + 1, { db })
    step(1)
    await db.flush()
    rmSync(`${db.dir}/${what}`, { recursive: true })
    // What waits at the moment when that is noticed goes, too.
    for (let round = 0; round < 3; round++) {
      step(round)
      await db.flush()
    }
    const health = db.health()
    checkIdentity(t, health)
    t.is(health.state, 'open')
    t.is(Database.reader(db.dir).health().stored, health.stored)
    t.true(health.stored > 0)
  })
}

test('readers of what is no database say so', (t) => {
  // Promise: a code for each: nothing there, a file, an empty directory.
  const dir = tempDir(t)
  throwsCode(t, 'KRONICLER_NOT_FOUND', () => Database.reader(`${dir}/missing`))
  mkdirSync(`${dir}/empty`)
  throwsCode(t, 'KRONICLER_NOT_FOUND', () => Database.reader(`${dir}/empty`))
  writeFileSync(`${dir}/file`, '')
  throwsCode(t, 'KRONICLER_NOT_A_DIRECTORY', () => Database.reader(`${dir}/file`))
  t.false(Database.exists(`${dir}/missing`))
  t.false(Database.exists(`${dir}/empty`))
  t.false(Database.exists(`${dir}/file`))
  for (const wrong of ['', 'a\0b']) {
    t.throws(() => Database.reader(wrong), { instanceOf: RangeError })
    t.throws(() => Database.exists(wrong), { instanceOf: RangeError })
  }
  t.throws(() => Database.exists(1 as unknown as string), { instanceOf: TypeError })
})
