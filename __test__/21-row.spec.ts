/** Rows and batches as JavaScript sees them. */

import { inspect } from 'node:util'

import test from 'ava'
import { Row, RowBatch, kinds, outcomes } from 'kronicler'

import { openDatabase } from './harness.js'

test('a row tells itself', (t) => {
  // Promise: fields, dates, arrays, JSON and text of a row agree.
  const db = openDatabase(t)
  const start = 1_700_000_000_123_456_789n
  db.capture('GET /x', [], start, start + 1_500_000n)
  const row = db.fetch(0)
  t.true(row instanceof Row)
  if (row === undefined) return
  t.deepEqual(row.toArray(), [0, 'GET /x', start, start + 1_500_000n, 1_500_000])
  t.is(row.startDate.toISOString(), '2023-11-14T22:13:20.123Z')
  t.deepEqual(JSON.parse(JSON.stringify(row)), {
    id: 0,
    lane: 0,
    seq: 0,
    name: 'GET /x',
    start: '2023-11-14T22:13:20.123456789Z',
    start_ns: '1700000000123456789',
    end_ns: '1700000000124956789',
    duration_ns: 1_500_000,
    outcome: 'ok',
    kind: 'manual',
    thread: 0,
    source: '',
    weight: 1,
  })
  const text = '#0 GET /x took 1.50 ms from 2023-11-14T22:13:20.123456789Z (ok, manual)'
  t.is(String(row), text)
  t.is(inspect(row), `Row { ${text} }`)
})

test('batches are columns and rows', async (t) => {
  // Promise: columns, at() and iteration say the same.
  const db = openDatabase(t)
  for (let i = 0; i < 20_000; i++) db.capture(`n${i % 3}`, [], i, 3 * i)
  let count = 0
  for await (const batch of db.rows()) {
    t.true(batch instanceof RowBatch)
    t.false(batch.isPartial)
    const { columns, length } = batch
    for (const column of Object.values(columns)) t.is((column as Uint8Array).length, length)
    const rows = [...batch]
    t.is(rows.length, length)
    for (const [index, row] of rows.entries()) {
      const i = count + index
      const expected = [i, `n${i % 3}`, BigInt(i), BigInt(3 * i), 2 * i]
      if (row.toArray().some((value, at) => value !== expected[at])) t.fail(`row ${i}: ${row}`)
      if (batch.names[columns.name[index] ?? -1] !== row.name) t.fail(`name of ${i}`)
    }
    t.deepEqual(batch.at(0), rows[0])
    t.deepEqual(batch.at(-1), rows.at(-1))
    t.is(batch.at(length), undefined)
    t.is(batch.at(-length - 1), undefined)
    t.is(kinds[(columns.flags[0] ?? 0) >> 2], 'manual')
    t.is(outcomes[(columns.flags[0] ?? 0) & 3], 'ok')
    count += length
  }
  t.is(count, 20_000)
})

test('wrong ids are refused, unknown ones are undefined', (t) => {
  // Promise: RangeError or TypeError naming the id, never a wrong row.
  const db = openDatabase(t)
  db.capture('a', [], 0, 1)
  for (const id of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    t.throws(() => db.fetch(id), { instanceOf: RangeError, message: /id must be/ })
  }
  for (const id of ['0', 0n, null, undefined]) {
    const wrong = id as unknown as number
    t.throws(() => db.fetch(wrong), { instanceOf: TypeError, message: /id must be/ })
  }
  t.is(db.fetch(0)?.name, 'a')
  for (const id of [1, 2 ** 43, Number.MAX_SAFE_INTEGER]) t.is(db.fetch(id), undefined)
})
