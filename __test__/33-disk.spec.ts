/** Disks that do not do what they should: the app runs on, what cannot be kept is counted. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

import test from 'ava'
import { Database, capture } from 'kronicler'
import type { Health } from 'kronicler'

import { healthWhen } from './fixtures/numbered.js'
import {
  checkIdentity,
  openDatabase,
  rowsAfter,
  rowsOf,
  run,
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

/** Commands run as root of a name space of their own, or why that is not possible here. */
const unshare = ['unshare', '-Urm', 'sh', '-c']

function whyNoMounts(): string | undefined {
  try {
    execFileSync(unshare[0] ?? '', [...unshare.slice(1), 'mount -t tmpfs none /mnt'])
    return undefined
  } catch (error) {
    return String(error)
  }
}

test('a file system that is read-only', async (t) => {
  // Promise: from the start, or for a database that has been written before: captures are counted
  // as dropped, one warning says so, the program goes on, and what was stored still answers.
  const why = whyNoMounts()
  if (why !== undefined) {
    t.log(`not tested, because nothing can be mounted here: ${why}`)
    t.pass()
    return
  }
  const cwd = tempDir(t)
  await run('ending.js', { cwd, args: ['natural'] })
  const dir = `${cwd}/.kronicler_data`
  const mounts = {
    [dir]: `mount --bind ${dir} ${dir} && mount -o remount,bind,ro ${dir}`,
    '/mnt/new': 'mount -t tmpfs none /mnt && mount -o remount,ro /mnt',
  }
  for (const [place, mount] of Object.entries(mounts)) {
    const printed = await runForJson<Printed>(t, 'unwritable.js', {
      cwd,
      env: { KRONICLER_DIR: place },
      shell: `${unshare.join(' ')} '${mount} && exec "$@"' sh`,
    })
    t.is(printed.sum, sum)
    t.is(printed.inserted, 'KRONICLER_STORE_FAILED')
    t.is(printed.flushed, 'KRONICLER_STORE_FAILED')
    t.is(printed.health.state, 'failed')
    t.regex(printed.health.error ?? '', /[Rr]ead-only/)
    t.is(printed.health.dropped.store, count)
    t.is(printed.health.live, place === dir ? 1_000 : 0)
    t.deepEqual(printed.warnings, ['KRONICLER_DROPPED'])
    checkIdentity(t, printed.health)
  }
  t.is(rowsAfter(t, cwd).length, 1_000)
})

for (const hold of ['', 'hold']) {
  test(`few descriptors ${hold}`, async (t) => {
    // Promise: 32 are enough; where none is left, captures are dropped and the program goes on.
    const cwd = tempDir(t)
    const printed = await runForJson<Printed>(t, 'unwritable.js', {
      cwd,
      args: [String(count), '1', hold],
      shell: 'ulimit -n 32;',
    })
    t.is(printed.sum, sum)
    checkIdentity(t, printed.health)
    if (hold === '') {
      t.is(printed.health.stored, count + 1)
      t.deepEqual(printed.warnings, [])
    } else {
      t.is(printed.health.dropped.store + printed.health.stored, printed.health.seen)
      t.true(printed.health.dropped.store > 0)
      t.deepEqual(printed.warnings, ['KRONICLER_DROPPED'])
    }
  })
}

for (const [who, shell] of [
  ['before it began', '<&- >&- 2>&-'],
  ['by itself', ''],
] as const) {
  test(`standard streams are closed ${who}`, async (t) => {
    // Promise: no file of ours takes the place of a standard stream, so that whatever is printed
    // never lands in the database.
    const cwd = tempDir(t)
    const ended = await run('closed-streams.js', {
      cwd,
      args: shell === '' ? ['itself'] : [],
      shell: `exec ${shell}`,
    })
    t.is(ended.code, 0)
    const places = readFileSync(`${cwd}/places`, 'utf8')
    t.false(places.includes('kronicler_data'), places)
    t.is(rowsAfter(t, cwd).length, 1_000)
  })
}

test('the directory is renamed while it is written', async (t) => {
  // Promise: what was stored goes along and can be read there; what needs the old path waits and
  // says so; renamed back, all goes on and nothing is missing.
  const parent = tempDir(t)
  const [dir, elsewhere] = [`${parent}/before`, `${parent}/after`]
  const db = new Database({ dir })
  db.capture('first', [], 0, 1)
  await db.flush()
  renameSync(dir, elsewhere)
  // Sooner or later upkeep needs the path.
  let total = 1
  const stalled = await healthWhen(db, ({ state }) => {
    for (let i = 0; i < 100; i++) db.capture('later', [], i, ++total)
    return state === 'stalled'
  })
  t.is(stalled.state, 'stalled')
  t.true(stalled.error?.includes(dir), stalled.error)
  checkIdentity(t, stalled)
  t.is(Database.reader(elsewhere).health().stored, stalled.stored)
  t.true(stalled.stored > 0)
  renameSync(elsewhere, dir)
  await db.flush()
  const health = db.health()
  t.is(health.stored, total)
  t.is(health.state, 'open')
  t.is(rowsOf(t, db).length, total)
  await db.close()
  t.is(Database.reader(dir).health().live, total)
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
