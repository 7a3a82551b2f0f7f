/** Streams of batches: whole, in order, at ease with those who leave. */

import { createRequire } from 'node:module'

import test from 'ava'
import type { ExecutionContext } from 'ava'
import { Database } from 'kronicler'
import type { RowBatch } from 'kronicler'

import { openDatabase, rejectsCode } from './harness.js'

const require = createRequire(import.meta.url)

// Above one chunk of 65,536 rows, so that some rows come from segments and some from the log.
const count = 150_000

function openFilled(t: ExecutionContext, rows = count): Database {
  const db = openDatabase(t)
  for (let i = 0; i < rows; i++) db.capture(`n${i % 3}`, [], i, 2 * i)
  return db
}

/** Fails unless the ids are those from `from` on, one after the other. */
function checkIds(t: ExecutionContext, batches: readonly RowBatch[], from: number): number {
  let id = from
  for (const { columns } of batches) {
    for (const found of columns.id) if (found !== id++) t.fail(`row ${found} instead of ${id - 1}`)
  }
  return id
}

test('a stream is all rows, in the order of their ids', async (t) => {
  // Promise: no row is missing, twice, or empty; rows captured meanwhile are not shown.
  const db = openFilled(t)
  const batches: RowBatch[] = []
  for await (const batch of db.rows()) {
    t.true(batch.length > 0)
    t.false(batch.isPartial)
    batches.push(batch)
    db.capture('meanwhile', [], 0, 1)
  }
  t.true(batches.length > 1)
  t.is(checkIds(t, batches, 0), count)
  t.is(db.stats('meanwhile')?.count, batches.length)
})

test('limits are exact', async (t) => {
  // Promise: the first rows, exactly so many, in every way to ask, at the borders of batches too.
  const db = openFilled(t)
  for (const limit of [1, 2, 8_191, 8_192, 8_193, 65_536, 65_537, count - 1, count, count + 1]) {
    const batches: RowBatch[] = []
    for await (const batch of db.rows({ limit })) batches.push(batch)
    const expected = Math.min(limit, count)
    t.is(checkIds(t, batches, 0), expected)
    t.is((await db.fetchAll({ limit })).length, expected)
    const rows = db.fetchAllSync({ limit })
    t.deepEqual([rows.length, rows.at(-1)?.id], [expected, expected - 1])
  }
})

test('a stream that is left lets everything go on', async (t) => {
  // Promise: break, return() and throw() end it for good; the database answers and closes.
  const db = openFilled(t)
  for await (const batch of db.rows()) {
    t.is(batch.at(0)?.id, 0)
    break
  }
  const returned = db.rows()
  await returned.next()
  t.deepEqual(await returned.return?.(), { value: undefined, done: true })
  t.deepEqual(await returned.next(), { value: undefined, done: true })
  const unused = db.rows()
  t.deepEqual(await unused.return?.(), { value: undefined, done: true })
  const thrown = db.rows()
  await thrown.next()
  await t.throwsAsync(async () => thrown.throw?.(new Error('enough')), { message: 'enough' })
  t.true((await thrown.next()).done)
  await t.throwsAsync(async () => {
    for await (const batch of db.rows()) throw new Error(`at ${batch.length > 0}`)
  }, { message: 'at true' })
  t.is((await db.slowest()).length, 10)
  await db.close()
})

test('streams at once do not disturb each other', async (t) => {
  // Promise: each is whole, asked in turns or all at once, with other questions in between.
  const db = openFilled(t)
  const iterators = [db.rows(), db.rows({ name: 'n1' }), db.rows()]
  const seen = iterators.map((): RowBatch[] => [])
  for (let left = iterators.length; left > 0;) {
    const results = await Promise.all(iterators.map((iterator) => iterator.next()))
    left = results.filter(({ done }) => done !== true).length
    for (const [index, { value }] of results.entries()) if (value) seen[index]?.push(value)
    t.is(db.fetch(7)?.id, 7)
    t.is((await db.logs({ limit: 1 })).length, 1)
  }
  t.is(checkIds(t, seen[0] ?? [], 0), count)
  t.is(checkIds(t, seen[2] ?? [], 0), count)
  const lengths = (seen[1] ?? []).map(({ length }) => length)
  t.is(lengths.reduce((sum, length) => sum + length, 0), count / 3)
  const greedy = db.rows()
  const asked = await Promise.all(Array.from({ length: 40 }, () => greedy.next()))
  const batches = asked.flatMap(({ value }) => (value ? [value] : []))
  t.is(checkIds(t, batches, 0), count)
  t.true(asked.at(-1)?.done)
})

test('a reader streams as a writer does', async (t) => {
  // Promise: the same rows, from files alone; a stream of a closed handle is refused.
  const db = openFilled(t)
  await db.flush()
  const reader = Database.reader(db.dir)
  const batches: RowBatch[] = []
  for await (const batch of reader.rows()) batches.push(batch)
  t.is(checkIds(t, batches, 0), count)
  const stream = reader.rows()
  await stream.next()
  await reader.close()
  await rejectsCode(t, 'KRONICLER_CLOSED', () => stream.next())
  t.true((await stream.next()).done)
})

interface StreamAddon {
  NativeRowStream: { prototype: { next(count: number): Promise<unknown> } }
}

test.serial('a batch that cannot be read is the error of whoever asks for it', async (t) => {
  // Promise: batches read before are given out first; who has left never hears of it.
  const db = openFilled(t)
  t.is(db.fetch(0)?.id, 0)
  const file = Object.keys(require.cache).find((name) => name.endsWith('.node')) ?? ''
  const { prototype } = (require(file) as StreamAddon).NativeRowStream
  const { next } = prototype
  t.teardown(() => (prototype.next = next))
  const broken = new WeakSet<object>()
  prototype.next = function failSecond(size) {
    if (broken.has(this)) return Promise.reject(new Error('KRONICLER_IO: the disk is gone'))
    broken.add(this)
    return next.call(this, size)
  }
  const stream = db.rows()
  t.is((await stream.next()).value?.at(0)?.id, 0)
  await rejectsCode(t, 'KRONICLER_IO', () => stream.next())
  t.true((await stream.next()).done)
  await rejectsCode(t, 'KRONICLER_IO', () => db.fetchAll())
  // An unhandled rejection would fail this file.
  for await (const batch of db.rows()) if (batch.length > 0) break
  t.is((await db.logs({ limit: 3 })).length, 3)
})
