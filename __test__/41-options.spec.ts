/** Options, handles and closing. */
/* oxlint-disable unicorn/consistent-function-scoping -- each test holds what it is about */

import { readdirSync } from 'node:fs'
import path from 'node:path'

import test from 'ava'
import { Database, capture } from 'kronicler'
import type { DatabaseOptions } from 'kronicler'

import { openDatabase, rejectsCode, rowsOf, runForJson, summary, tempDir } from './harness.js'
import { checkIdentity, throwsCode } from './harness.js'

test('wrong options are refused', (t) => {
  // Promise: TypeError or RangeError naming option and value.
  const wrong: [object, RegExp][] = [
    [{ directory: 'x' }, /'directory'/],
    [{ dir: 1 }, /options\.dir must be a string/],
    [{ dir: '' }, /options\.dir/],
    [{ dir: 'a\0b' }, /options\.dir/],
    [{ durability: 'maybe' }, /'sync', 'interval' or 'os', not 'maybe'/],
    [{ maxBytes: '1 GiB!' }, /options\.maxBytes must be .*'512 MiB'.*, not '1 GiB!'/],
    [{ maxBytes: 4_194_303 }, /options\.maxBytes .* from 4 MiB to .*, not 4194303/],
    [{ maxBytes: '1 MiB' }, /options\.maxBytes .*, not '1 MiB'/],
    [{ maxBytes: '9000 TiB' }, /options\.maxBytes/],
    [{ maxBytes: Infinity }, /options\.maxBytes .*, not Infinity/],
    [{ maxBytes: NaN }, /options\.maxBytes/],
    [{ maxBytes: '-5 GiB' }, /options\.maxBytes/],
    [{ maxBytes: '' }, /options\.maxBytes/],
    [{ maxBytes: 2n ** 30n }, /options\.maxBytes .*, not 1073741824n/],
    [{ maxAge: 14 }, /options\.maxAge .* from 1m to 36500d, not 14/],
    [{ maxAge: '14' }, /options\.maxAge .*, not '14'/],
    [{ maxAge: 'a week' }, /options\.maxAge .*'14d' or '36h'.*, not 'a week'/],
    [{ maxAge: '1y' }, /options\.maxAge/],
    [{ maxAge: -1 }, /options\.maxAge/],
    [{ maxAge: new Date() }, /options\.maxAge/],
    [{ service: 1 }, /options\.service/],
    [{ version: {} }, /options\.version/],
    [{ instance: null }, /options\.instance/],
    [{ exitBudgetMs: -1 }, /options\.exitBudgetMs/],
    [{ exitBudgetMs: NaN }, /options\.exitBudgetMs/],
    [{ exitBudgetMs: '1' }, /options\.exitBudgetMs/],
  ]
  for (const [options, message] of wrong) {
    t.throws(() => new Database(options as DatabaseOptions), { message })
  }
  for (const options of [null, 1, 'dir', []]) {
    t.throws(() => new Database(options as DatabaseOptions), { instanceOf: TypeError })
  }
})

test('handles of one directory are one database', (t) => {
  // Promise: what one captures the other sees at once; the directory may be spelt differently.
  const dir = tempDir(t)
  const first = new Database({ dir })
  const second = new Database({ dir: `${dir}/../${path.basename(dir)}` })
  first.capture('a', [], 0, 1)
  second.capture('a', [], 0, 3)
  t.is(first.average('a'), 2)
  t.is(second.average('a'), 2)
  t.is(first.health().laneCount, 1)
  first.closeSync()
  throwsCode(t, 'KRONICLER_CLOSED', () => second.capture('a', [], 0, 1))
})

test('other options for an open directory are a conflict', (t) => {
  // Promise: KRONICLER_OPTIONS_CONFLICT with option and both values.
  const db = openDatabase(t, { durability: 'sync', service: 'shop' })
  const open = (options: DatabaseOptions) => () => new Database({ dir: db.dir, ...options })
  throwsCode(t, 'KRONICLER_OPTIONS_CONFLICT', open({ durability: 'os', service: 'shop' }))
  throwsCode(t, 'KRONICLER_OPTIONS_CONFLICT', open({ durability: 'sync', service: 'other' }))
  t.notThrows(open({ durability: 'sync', service: 'shop' }))
})

test('health is exact while a lane is being opened', (t) => {
  // Promise: the lane of this process is never counted twice, at whatever moment one asks.
  const wrong: string[] = []
  for (let round = 0; round < 60; round++) {
    const db = openDatabase(t)
    const fn = capture('fn', () => 1, { db })
    for (let i = 0; i < 3; i++) fn()
    for (let stored = 0, asked = 0; stored < 3 && asked < 1_000; asked++) {
      const health = db.health()
      stored = health.stored
      const { seen, live, pending, laneCount } = health
      if (seen !== 3 || live + pending !== 3 || laneCount > 1) wrong.push(JSON.stringify(health))
    }
    db.closeSync()
  }
  t.deepEqual(wrong, [])
})

test('two databases do not know of each other', (t) => {
  // Promise: captures and manual rows go where they were meant to.
  const [one, two] = [openDatabase(t), openDatabase(t)]
  const fn = (): number => 1
  capture('in one', fn, { db: one })()
  capture('in two', fn, { db: two })()
  one.capture('manual', [], 0, 1)
  t.deepEqual(summary(rowsOf(t, one)), ['in one ok sync', 'manual ok manual'])
  t.deepEqual(summary(rowsOf(t, two)), ['in two ok sync'])
})

test('after a close calls are refused and captures dropped', async (t) => {
  // Promise: KRONICLER_CLOSED for explicit calls; wrapped functions work and are counted;
  // closing again does nothing; the directory can be opened again.
  const db = openDatabase(t)
  const fn = capture('fn', (n: number) => n * 2, { db })
  t.is(fn(1), 2)
  await db.close()
  await db.close()
  db.closeSync()
  t.is(fn(2), 4)
  t.is(capture('late', () => 5, { db })(), 5)
  t.is(db.health().dropped.closed, 2)
  const calls: (() => unknown)[] = [
    () => db.capture('a', [], 0, 1),
    () => db.average('fn'),
    () => db.has('fn'),
    () => db.stats(),
    () => db.stats('fn'),
    () => db.functionNames(),
    () => db.fetch(0),
    () => db.fetchAllSync(),
    () => db.logsSync(),
    () => db.slowestSync(),
    () => db.percentilesSync('fn', [0.5]),
    () => db.rows(),
    () => db.flushSync(),
    () => db.clearSync(),
  ]
  for (const call of calls) throwsCode(t, 'KRONICLER_CLOSED', call)
  await rejectsCode(t, 'KRONICLER_CLOSED', () => db.fetchAll())
  const again = new Database({ dir: db.dir })
  t.deepEqual(summary(rowsOf(t, again)), ['fn ok sync'])
  t.is(fn(3), 6)
  again.closeSync()
})

test('a closed database takes any number of calls and keeps no ring', (t) => {
  // Promise: calls after a close count as dropped.closed, however many, without a warning; the
  // memory of its ring goes to the next database.
  const first = openDatabase(t)
  const step = capture('step', (n: number) => n + 1, { db: first })
  for (let i = 0; i < 3; i++) step(i)
  first.closeSync()
  for (let i = 0; i < 100_000; i++) step(i)
  const health = first.health()
  checkIdentity(t, health)
  t.deepEqual([health.stored, health.dropped.closed, health.dropped.ring], [3, 100_000, 0])
  const second = openDatabase(t)
  capture('next', () => 1, { db: second })()
  t.is(first.health().ringCount, 0)
  step(1)
  t.is(first.health().dropped.closed, 100_001)
  checkIdentity(t, first.health())
})

test('readers refuse what writes', async (t) => {
  // Promise: KRONICLER_READ_ONLY for inserts, flush, clear and captures; nothing is made.
  const db = openDatabase(t)
  db.capture('a', [], 0, 1)
  await db.close()
  const before = readdirSync(db.dir)
  const reader = Database.reader(db.dir)
  throwsCode(t, 'KRONICLER_READ_ONLY', () => reader.capture('a', [], 0, 1))
  throwsCode(t, 'KRONICLER_READ_ONLY', () => reader.flushSync())
  throwsCode(t, 'KRONICLER_READ_ONLY', () => reader.clearSync())
  throwsCode(t, 'KRONICLER_READ_ONLY', () => capture('x', () => 1, { db: reader }))
  await rejectsCode(t, 'KRONICLER_READ_ONLY', () => reader.flush())
  await rejectsCode(t, 'KRONICLER_READ_ONLY', () => reader.clear())
  t.is(rowsOf(t, reader).length, 1)
  await reader.close()
  throwsCode(t, 'KRONICLER_CLOSED', () => reader.stats())
  t.deepEqual(readdirSync(db.dir), before)
})

test('databases can be disposed of', async (t) => {
  // Promise: Symbol.dispose and Symbol.asyncDispose close.
  const [one, two] = [openDatabase(t), openDatabase(t)]
  one.capture('a', [], 0, 1)
  two.capture('a', [], 0, 1)
  one[Symbol.dispose]()
  await two[Symbol.asyncDispose]()
  for (const db of [one, two]) throwsCode(t, 'KRONICLER_CLOSED', () => db.stats())
})

test('the default database is configured before its first row', async (t) => {
  // Promise: the last options before the first row hold, workers do not undo them, others are
  // a conflict afterwards.
  const cwd = tempDir(t)
  const printed = await runForJson<{ results: string[]; dir: string; names: string[] }>(
    t,
    'configured.js',
    { cwd },
  )
  const conflict = 'KRONICLER_OPTIONS_CONFLICT'
  t.deepEqual(printed.results, ['ok', 'ok', conflict, conflict, 'ok'])
  t.is(printed.dir, `${cwd}/second`)
  t.deepEqual(printed.names, ['main', 'worker'])
  t.deepEqual(readdirSync(cwd), ['second'])
})
