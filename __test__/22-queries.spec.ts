/** Questions: the same answer from the writer, from another process, and after reopening. */
/* oxlint-disable unicorn/consistent-function-scoping -- each test holds what it is about */

import test from 'ava'
import { Database, capture } from 'kronicler'
import type { LogEntry, RowJson, StatsJson } from 'kronicler'

import { answers, names, questions, since, until } from './fixtures/questions.js'
import { checkIdentity, openDatabase, rejectsCode, rowsOf, runForJson, tempDir } from './harness.js'

type Answers = Record<string, unknown>

/** What was put in, in the order of ids. */
interface Known {
  name: string
  start: bigint
  end: bigint
}

const manualCount = 3_000

/** Rows with times that look random but are the same in every run (xorshift32). */
function fill(db: Database): Known[] {
  const known: Known[] = []
  let state = 2_463_534_242
  for (let i = 0; i < manualCount; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const start = 1_000_000_000_000n + BigInt(i) * 333_333_333n
    const duration = BigInt((state >>> 0) % 1_000_003)
    const name = names[i % 3] ?? ''
    db.capture(name, [], start, start + duration)
    known.push({ name, start, end: start + duration })
  }
  const fails = capture(
    'fails',
    () => {
      throw new Error('always')
    },
    { db },
  )
  for (let i = 0; i < 5; i++) {
    try {
      fails()
    } catch {
      // That is its purpose.
    }
  }
  return known
}

/** Checks answers against what was put in, in the simplest way there is. */
function checkNaively(known: readonly Known[], given: Answers): string[] {
  const wrong: string[] = []
  const expect = (what: string, actual: unknown, expected: unknown): void => {
    const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)]
    if (left !== right) wrong.push(`${what}: ${left} instead of ${right}`.slice(0, 500))
  }
  const ids = (what: string): unknown => (given[what] as RowJson[]).map(({ id }) => id)
  const idsWhere = (wanted: (row: Known, id: number) => boolean): number[] =>
    known.flatMap((row, id) => (wanted(row, id) ? [id] : []))
  const duration = (row: Known): number => Number(row.end - row.start)
  const sorted = (name: string): number[] =>
    known
      .filter((row) => row.name === name)
      .map(duration)
      .toSorted((left, right) => left - right)
  const failing = [0, 1, 2, 3, 4].map((i) => manualCount + i)

  const everything = [...idsWhere(() => true), ...failing]
  for (const what of ['fetchAll', 'fetchAllSync', 'rows']) expect(what, ids(what), everything)
  for (const [id, row] of (given['fetchAll'] as RowJson[]).entries()) {
    const expected = known[id]
    if (expected === undefined) continue
    const text = [expected.name, `${expected.start}`, `${expected.end}`, duration(expected)]
    expect(`row ${id}`, [row.name, row.start_ns, row.end_ns, row.duration_ns], text)
  }
  expect('byName', ids('byName'), idsWhere((row) => row.name === 'alpha'))
  expect('byPattern', ids('byPattern'), everything.slice(0, 50))
  const [from, to] = [BigInt(since) * 1_000_000n, BigInt(until.getTime()) * 1_000_000n]
  expect('byTime', ids('byTime'), idsWhere((row) => row.end >= from && row.end < to))
  const slow = idsWhere((row) => duration(row) >= 900_000)
  expect('byDuration', (ids('byDuration') as number[]).filter((id) => id < manualCount), slow)
  expect('byOutcome', ids('byOutcome'), failing)
  expect('limited', ids('limited'), everything.slice(0, 7))
  expect('none', given['none'], [])
  const logs = given['logsSync'] as LogEntry[]
  const logged = idsWhere((row) => row.name !== 'gamma')
  expect('logsSync', logs, logged.map((id): LogEntry => {
    const row = known[id] as Known
    return [id, row.name, Number(row.start), duration(row)]
  }))
  expect('logs', (given['logs'] as LogEntry[]).map(([id]) => id), everything.slice(-20))
  for (const stats of given['stats'] as StatsJson[]) {
    if (stats.name === 'fails') {
      expect('errors', [stats.count, stats.errors], [5, 5])
      continue
    }
    const durations = sorted(stats.name)
    const n = durations.length
    const sum = durations.reduce((total, value) => total + value, 0)
    const mean = sum / n
    const squares = durations.reduce((total, value) => total + (value - mean) ** 2, 0)
    expect(`${stats.name} exact`, [stats.count, stats.sum_ns, stats.min_ns, stats.max_ns], [
      n,
      sum,
      durations[0],
      durations[n - 1],
    ])
    const near = (what: string, actual: number, expected: number, error: number): void => {
      if (!(Math.abs(actual - expected) <= error * Math.abs(expected))) {
        wrong.push(`${stats.name} ${what}: ${actual} instead of ${expected}`)
      }
    }
    near('mean', stats.mean_ns, mean, 1e-12)
    near('deviation', stats.stddev_ns, Math.sqrt(squares / (n - 1)), 1e-9)
    near('standard error', stats.stderr_ns, Math.sqrt(squares / (n - 1) / n), 1e-9)
    const rank = (q: number): number => durations[Math.max(0, Math.ceil(q * n) - 1)] ?? NaN
    near('median', stats.median_ns, rank(0.5), 0.01)
    near('p75', stats.p75_ns, rank(0.75), 0.01)
    near('p90', stats.p90_ns, rank(0.9), 0.01)
    near('p95', stats.p95_ns, rank(0.95), 0.01)
    near('p99', stats.p99_ns, rank(0.99), 0.01)
    near('p999', stats.p999_ns, rank(0.999), 0.01)
    const slowest = known[stats.slowest_id ?? -1]
    expect('slowest', slowest && [slowest.name, duration(slowest)], [stats.name, stats.max_ns])
  }
  const slowestOf = (rows: RowJson[]): number[] => rows.map((row) => row.duration_ns)
  const fromSince = known.filter((row) => row.name === 'beta' && row.end >= from).map(duration)
  const tenSlowest = fromSince.toSorted((left, right) => right - left).slice(0, 10)
  expect('slowestSync', slowestOf(given['slowestSync'] as RowJson[]), tenSlowest)
  const gamma = sorted('gamma')
  const quarter = (q: number): unknown => gamma[Math.ceil(q * gamma.length) - 1]
  expect('percentilesSync', given['percentilesSync'], [quarter(0.25), quarter(0.75)])
  expect('percentilesOfNone', given['percentilesOfNone'], [])
  expect('has', given['has'], [true, true, true, true, false])
  expect('functionNames', given['functionNames'], names.toSorted())
  expect('statsOfNone', given['statsOfNone'], [null, []])
  expect('averageOfNone', (given['average'] as unknown[]).at(-1), null)
  return wrong
}

test('answers are right, whoever is asked', async (t) => {
  // Promise: writer, reader in another process while rows come in, and reopened: one answer,
  // which is that of a naive computation.
  const dir = tempDir(t)
  const db = new Database({ dir })
  const known = fill(db)
  const own = await answers(db)
  t.deepEqual(checkNaively(known, own), [])
  t.deepEqual(Object.keys(own), Object.keys(questions))

  await db.flush()
  let noiseCount = 0
  const noise = setInterval(() => {
    for (let i = 0; i < 100; i++) db.capture('noise', [], 3e12 + noiseCount++, 4e12)
  }, 1)
  const other = await runForJson<Answers>(t, 'ask.js', { cwd: dir, args: [dir] })
  clearInterval(noise)
  t.true(noiseCount > 0)
  for (const [question, answer] of Object.entries(own)) {
    t.deepEqual(other[question], answer, question)
  }
  checkIdentity(t, db.health())
  await db.close()

  const reader = await runForJson<Answers>(t, 'ask.js', { cwd: dir, args: [dir] })
  const again = new Database({ dir })
  const reopened = await answers(again)
  for (const [question, answer] of Object.entries(own)) {
    t.deepEqual(reader[question], answer, `reader after close: ${question}`)
    t.deepEqual(reopened[question], answer, `reopened: ${question}`)
  }
  t.is(rowsOf(t, again).length, manualCount + 5 + noiseCount)
  again.capture('alpha', [], 0, 1)
  t.is(again.fetchAllSync().at(-1)?.id, manualCount + 5 + noiseCount)
  await again.close()
})

test('wrong filters are refused', async (t) => {
  // Promise: TypeError or RangeError with option and value; methods with promises reject.
  const db = openDatabase(t)
  const wrong: [object, RegExp][] = [
    [{ names: 'a' }, /'names'/],
    [{ name: 1 }, /filter\.name must be a string/],
    [{ name: [] }, /filter\.name/],
    [{ name: ['a', 1] }, /filter\.name\[1\]/],
    [{ since: 'yesterday' }, /filter\.since/],
    [{ until: new Date(NaN) }, /filter\.until/],
    [{ since: 2n ** 63n }, /1677/],
    [{ since: NaN }, /filter\.since/],
    [{ minDuration: -1 }, /filter\.minDuration/],
    [{ minDuration: '1' }, /filter\.minDuration/],
    [{ outcome: 'fine' }, /'ok', 'error' or 'aborted'/],
    [{ limit: 0 }, /filter\.limit/],
    [{ limit: 1.5 }, /filter\.limit/],
    [{ limit: Infinity }, /filter\.limit/],
  ]
  for (const [filter, message] of wrong) {
    t.throws(() => db.fetchAllSync(filter), { message })
    t.throws(() => db.stats(filter), { message })
    t.throws(() => db.rows(filter), { message })
    await t.throwsAsync(db.fetchAll(filter), { message })
    await t.throwsAsync(db.slowest(filter), { message })
  }
  for (const filter of [null, 1, 'a', []]) {
    await t.throwsAsync(db.fetchAll(filter as object), { instanceOf: TypeError })
  }
  for (const qs of [undefined, 0.5, ['a'], [99], [-0.1], [NaN]]) {
    await t.throwsAsync(db.percentiles('a', qs as number[]), { message: /qs/ })
  }
  await t.throwsAsync(db.percentiles('a', [0.5], { exact: 1 } as object), { message: /exact/ })
  for (const name of [undefined, 1, null]) {
    t.throws(() => db.average(name as unknown as string), { instanceOf: TypeError })
    t.throws(() => db.has(name as unknown as string), { instanceOf: TypeError })
  }
})

test('holes in lists are refused', (t) => {
  // Promise: a TypeError that names the element, never an error of the addon.
  const db = openDatabase(t)
  const qs = Array.from<number>({ length: 1 })
  const name = Array.from<string>({ length: 1 })
  delete qs[0]
  delete name[0]
  t.throws(() => db.percentilesSync('a', qs), { instanceOf: TypeError, message: /qs\[0\]/ })
  const message = /filter\.name\[0\]/
  t.throws(() => db.fetchAllSync({ name }), { instanceOf: TypeError, message })
})

test('an empty database answers, too', async (t) => {
  // Promise: before the first row nothing exists and nothing fails.
  const dir = tempDir(t)
  const db = new Database({ dir: `${dir}/deeper` })
  t.teardown(() => db.closeSync())
  const given = await answers(db)
  t.deepEqual(given['fetchAll'], [])
  t.deepEqual(given['stats'], [])
  t.deepEqual(given['functionNames'], [])
  t.is(db.health().state, 'idle')
  t.false(Database.exists(`${dir}/deeper`))
  await db.flush()
  await db.clear()
  t.false(Database.exists(`${dir}/deeper`))
})

test('patterns and names do not get mixed up', (t) => {
  // Promise: stats of a name that looks like a pattern are its own.
  const db = openDatabase(t)
  db.capture('a*', [], 0, 10)
  db.capture('ab', [], 0, 20)
  t.is(db.stats('a*')?.mean, 10)
  t.is(db.average('a*'), 10)
  t.is(db.stats('ab')?.mean, 20)
  t.is(db.stats({ name: 'a*' }).length, 2)
})

test('logs are plain numbers, the newest of them', async (t) => {
  // Promise: at most 10,000 unless asked, oldest first, and JSON takes them.
  const db = openDatabase(t)
  for (let i = 0; i < 10_010; i++) db.capture('a', [], i, i + 1)
  const logs = await db.logs()
  t.is(logs.length, 10_000)
  t.deepEqual(logs[0], [10, 'a', 10, 1])
  t.deepEqual(logs.at(-1), [10_009, 'a', 10_009, 1])
  t.deepEqual(JSON.parse(JSON.stringify(logs)), logs)
  t.is((await db.logs({ limit: 20_000 })).length, 10_010)
  t.deepEqual(db.logsSync(), logs)
})

test('clear forgets and begins anew', async (t) => {
  // Promise: after clear there is no row, ids begin at 0, and the totals hold.
  const db = openDatabase(t)
  for (let i = 0; i < 100; i++) db.capture('a', [], i, i + 1)
  await db.clear()
  t.is(rowsOf(t, db).length, 0)
  t.is(db.average('a'), undefined)
  db.capture('b', [], 0, 5)
  t.deepEqual(
    rowsOf(t, db).map(({ id, name }) => [id, name]),
    [[0, 'b']],
  )
  db.clearSync()
  t.is(rowsOf(t, db).length, 0)
})

test('questions during and after a close are refused', async (t) => {
  // Promise: KRONICLER_CLOSED, never a hang; what was asked before is answered.
  const db = openDatabase(t)
  for (let i = 0; i < 50_000; i++) db.capture('a', [], i, i + 1)
  const before = db.fetchAll({ limit: 10 })
  const iterator = db.rows()
  await iterator.next()
  const asked = db.slowest()
  const closing = db.close()
  await rejectsCode(t, 'KRONICLER_CLOSED', () => db.logs())
  await rejectsCode(t, 'KRONICLER_CLOSED', () => iterator.next())
  await rejectsCode(t, 'KRONICLER_CLOSED', () => db.flush())
  await closing
  t.is((await asked).length, 10)
  await before.catch((error: unknown) => t.regex(String(error), /closed/))
  await db.close()
  t.is(db.health().state, 'closed')
  checkIdentity(t, db.health())
})

test('ten thousand flushes at once settle', async (t) => {
  // Promise: they are few for the disk, and all resolve.
  const db = openDatabase(t)
  db.capture('a', [], 0, 1)
  await Promise.all(Array.from({ length: 10_000 }, () => db.flush()))
  t.is(rowsOf(t, db).length, 1)
  t.is(db.health().pending, 0)
})
