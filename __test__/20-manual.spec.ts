/** Manual rows: exact, or refused with the reason. */

import test from 'ava'
import type { Database } from 'kronicler'

import { openDatabase, rowsOf, throwsCode } from './harness.js'

type Loose = (name: unknown, args: unknown, start: unknown, end: unknown) => void

function loosely(db: Database): Loose {
  return (...args) => Reflect.apply(db.capture as Loose, db, args)
}

test('times are kept to the nanosecond', (t) => {
  // Promise: numbers are rounded to whole nanoseconds, bigints are exact up to 2^63 - 1.
  const db = openDatabase(t)
  const latest = 2n ** 63n - 1n
  db.capture('a', [], 0, 0)
  db.capture('a', [], 0.4, 1.5)
  db.capture('a', undefined, 10, Number.MAX_SAFE_INTEGER)
  db.capture('a', { any: 1 }, latest - 3n, latest)
  db.capture('a', [], 1, latest)
  db.capture('a', [], 5n, 7)
  const rows = rowsOf(t, db).map((row) => [row.start, row.end])
  t.deepEqual(rows, [
    [0n, 0n],
    [0n, 2n],
    [10n, BigInt(Number.MAX_SAFE_INTEGER)],
    [latest - 3n, latest],
    [1n, latest],
    [5n, 7n],
  ])
  t.deepEqual(
    rowsOf(t, db).map(({ id, kind, outcome, source }) => [id, kind, outcome, source]),
    rows.map((_, id) => [id, 'manual', 'ok', '']),
  )
})

test('names that are cut are found by what they were', (t) => {
  // Promise: who stores a row under a name of any length can ask for it by that name.
  const db = openDatabase(t)
  const names = ['x'.repeat(1 << 20), `${'é'.repeat(600)}y`, '\ud800', 'a\0b', '']
  for (const [index, name] of names.entries()) db.capture(name, [], 0, index + 1)
  for (const [index, name] of names.entries()) {
    t.true(db.has(name))
    t.is(db.average(name), index + 1)
    t.is(db.stats(name)?.sum, index + 1)
    t.is(db.fetchAllSync({ name })[0]?.duration, index + 1)
  }
})

test('times that make no sense are refused', (t) => {
  // Promise: a RangeError or TypeError with name and value, and no row.
  const db = openDatabase(t)
  const insert = loosely(db)
  const outOfRange: [unknown, unknown][] = [
    [NaN, 1],
    [0, NaN],
    [-1, 1],
    [0, Infinity],
    [-Infinity, 1],
    [0, 2 ** 53],
    [0, 1e300],
    [2, 1],
    [2n, 1n],
    [-1n, 1n],
    [0n, 2n ** 63n],
    [2n, 1],
  ]
  for (const [start, end] of outOfRange) {
    t.throws(() => insert('x', [], start, end), { instanceOf: RangeError }, `${start} ${end}`)
  }
  t.throws(() => insert('x', [], 0, 2 ** 53), { message: /pass a bigint/ })
  t.throws(() => insert('x', [], 2, 1), { message: /end must be not before start/ })
  for (const time of [undefined, null, '1', new Date(), {}, true, Symbol('s')]) {
    t.throws(() => insert('x', [], time, 1), { instanceOf: TypeError, message: /start/ })
    t.throws(() => insert('x', [], 1, time), { instanceOf: TypeError, message: /end/ })
  }
  t.is(rowsOf(t, db).length, 0)
  t.is(db.health().seen, 0)
})

test('names that are no strings are refused', (t) => {
  // Promise: a TypeError; empty names and names of objects' own words are fine.
  const db = openDatabase(t)
  const insert = loosely(db)
  for (const name of [undefined, null, 1, {}, Symbol('s')]) {
    t.throws(() => insert(name, [], 0, 1), { instanceOf: TypeError, message: /name must be/ })
  }
  insert('', [], 0, 1)
  insert('constructor', [], 0, 2)
  t.is(db.average('constructor'), 2)
  t.is(db.average(''), 1)
})

test('many rows at once are all kept', (t) => {
  // Promise: an explicit insert is never dropped, however fast they come.
  const db = openDatabase(t)
  const count = 500_000
  for (let i = 0; i < count; i++) db.capture('burst', [], i, i + (i % 7))
  const health = db.health()
  t.is(health.seen, count)
  t.is(health.dropped.ring, 0)
  t.is(health.live + health.pending, count)
  t.is(db.stats('burst')?.count, count)
})

test('inserts after close are refused', (t) => {
  // Promise: KRONICLER_CLOSED, also through another handle of the same directory.
  const db = openDatabase(t)
  db.capture('a', [], 0, 1)
  db.closeSync()
  throwsCode(t, 'KRONICLER_CLOSED', () => db.capture('a', [], 0, 1))
})
