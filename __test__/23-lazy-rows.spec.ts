/** Rows are read from the columns of their batch, and nobody can tell, except where told. */

import assert from 'node:assert'
import { createRequire } from 'node:module'
import { setImmediate as turn } from 'node:timers/promises'
import v8 from 'node:v8'
import vm from 'node:vm'

import test from 'ava'
import type { ExecutionContext } from 'ava'
import { Row, capture, kinds, outcomes } from 'kronicler'
import type { Database, RowBatch } from 'kronicler'

import { openDatabase } from './harness.js'

v8.setFlagsFromString('--expose-gc')
const collectGarbage = vm.runInNewContext('gc') as () => void

const require = createRequire(import.meta.url)

const accessors = [
  'id',
  'name',
  'source',
  'weight',
  'start',
  'end',
  'duration',
  'outcome',
  'kind',
  'thread',
  'startDate',
] as const

/** Rows of several functions, kinds and outcomes: five for each `round`. */
async function fill(db: Database, rounds = 20): Promise<void> {
  const add = capture('add', (a: number, b: number) => a + b, { db })
  const later = capture('later', (value: unknown) => Promise.resolve(value), { db })
  const fail = capture('fail', () => JSON.parse('{'), { db })
  const count = capture('count', function* count() { yield 1 }, { db })
  for (let i = 0; i < rounds; i++) {
    add(i, i)
    await later(i)
    assert.throws(fail, SyntaxError)
    assert.deepEqual([...count()], [1])
    db.capture('manual', [], 1_700_000_000_000_000_000n + BigInt(i), 2n ** 62n)
  }
}

async function firstBatch(db: Database): Promise<RowBatch> {
  for await (const batch of db.rows()) return batch
  throw new Error('there is no row')
}

async function filledBatch(t: ExecutionContext, rounds?: number): Promise<RowBatch> {
  const db = openDatabase(t)
  await fill(db, rounds)
  return firstBatch(db)
}

/** A row as it is told without its accessors. */
function fromColumns({ columns, names, sources, weights }: RowBatch, i: number): object {
  const [name, bits] = [columns.name[i] ?? -1, columns.flags[i] ?? -1]
  const [end, duration] = [columns.end[i] ?? 0n, columns.duration[i] ?? 0n]
  return {
    id: columns.id[i],
    name: names[name],
    source: sources[name],
    weight: weights[name],
    start: end - duration,
    end,
    duration: Number(duration),
    outcome: outcomes[bits & 3],
    kind: kinds[bits >> 2],
    thread: columns.thread[i],
    startDate: new Date(Number((end - duration) / 1_000_000n)),
  }
}

function fieldsOf(row: Row): object {
  return Object.fromEntries(accessors.map((key) => [key, row[key]]))
}

test('a row is what the columns say', async (t) => {
  // Promise: every field of every kind of row equals the columns, however the row is come by.
  const batch = await filledBatch(t)
  t.is(batch.length, 100)
  const rows = batch.toArray()
  const found = new Set(rows.map(({ kind }) => kind))
  t.deepEqual(found, new Set(['sync', 'async', 'generator', 'manual']))
  for (const [index, row] of rows.entries()) {
    t.true(row instanceof Row)
    t.is(batch.columns.id[index], row.id)
    t.deepEqual(fieldsOf(row), fromColumns(batch, index))
    t.is(row.outcome, row.name === 'fail' ? 'error' : 'ok')
    t.is(row.weight, 1)
    t.deepEqual(fieldsOf(batch.at(index) as Row), fieldsOf(row))
    t.deepEqual(fieldsOf(batch.at(index - batch.length) as Row), fieldsOf(row))
  }
  t.deepEqual([...batch].map(fieldsOf), rows.map(fieldsOf))
  for (const index of [batch.length, -batch.length - 1, 0.5, NaN, Infinity, -Infinity]) {
    t.is(batch.at(index), undefined, `at(${index})`)
  }
})

test('iterators of a batch are independent and can be left', async (t) => {
  // Promise: two at once see all rows; leaving one early takes nothing from the next.
  const batch = await filledBatch(t)
  const [left, right] = [batch[Symbol.iterator](), batch[Symbol.iterator]()]
  for (let i = 0; i < batch.length; i++) {
    t.is(left.next().value?.id, i)
    if (i % 2 === 0) t.is(right.next().value?.id, i / 2)
  }
  t.true(left.next().done)
  let seen = 0
  for (const row of batch) if (row.id >= 3) break
  for (const row of batch) seen += Number(row.id >= 0)
  t.is(seen, batch.length)
})

test('rows outlive their batch, and columns outlive nobody', async (t) => {
  // Promise: a kept row answers when its batch is gone; without rows the columns go, too.
  const db = openDatabase(t)
  await fill(db)
  const kept = { rows: [] as Row[], fields: [] as object[] }
  const hold = async (): Promise<[WeakRef<RowBatch>, WeakRef<ArrayBufferLike>]> => {
    const batch = await firstBatch(db)
    kept.rows = batch.toArray()
    kept.fields = kept.rows.map(fieldsOf)
    return [new WeakRef(batch), new WeakRef(batch.columns.end.buffer)]
  }
  const [batch, buffer] = await hold()
  await turn()
  collectGarbage()
  t.is(batch.deref(), undefined)
  t.deepEqual(kept.rows.map(fieldsOf), kept.fields)
  kept.rows.length = 1
  await turn()
  collectGarbage()
  t.true(buffer.deref() !== undefined, 'one row keeps all columns')
  kept.rows.length = 0
  await turn()
  collectGarbage()
  t.is(buffer.deref(), undefined)
})

test('a row has no properties of its own', async (t) => {
  // Promise: copies by spread and by structured clone are empty, and the type of the first knows;
  // JSON and arrays have it all and can be cloned.
  const batch = await filledBatch(t)
  const row = batch.at(1) as Row
  t.deepEqual(Reflect.ownKeys(row), [])
  for (const key of accessors) t.true(key in row && !Object.hasOwn(row, key), key)
  // oxlint-disable-next-line typescript/no-misused-spread -- this is what happens
  const copy = { ...row }
  // @ts-expect-error -- nothing is there
  t.is(copy.name, undefined)
  t.deepEqual<unknown, unknown>(copy, {})
  t.deepEqual<unknown, unknown>(structuredClone(row), {})
  t.deepEqual<unknown, unknown>(v8.deserialize(v8.serialize([row])), [{}])
  t.deepEqual(Object.keys(row.toJSON()).toSorted(), [
    'duration_ns',
    'end_ns',
    'id',
    'kind',
    'lane',
    'name',
    'outcome',
    'seq',
    'source',
    'start',
    'start_ns',
    'thread',
    'weight',
  ])
  const clones = structuredClone(batch.toArray().map((one) => one.toJSON()))
  t.deepEqual(clones, JSON.parse(JSON.stringify(batch.toArray())))
  t.deepEqual(structuredClone(row.toArray()), row.toArray())
})

test('rows are deeply equal when they say the same', (t) => {
  // Promise: whatever batch or database they come from; any field that differs tells them apart.
  const db = openDatabase(t)
  const twin = openDatabase(t)
  for (const one of [db, twin]) {
    one.capture('a', [], 1, 2)
    one.capture('a', [], 1, 2)
  }
  const rows = db.fetchAllSync()
  t.deepEqual(db.fetch(0), rows[0])
  assert.deepStrictEqual(twin.fetchAllSync(), rows)
  assert.notDeepStrictEqual(rows[0], rows[1])
  t.notDeepEqual(rows[0], rows[1])
  assert.throws(() => assert.deepStrictEqual(rows[0], rows[1]), /"id":0.*"id":1/s)
  const others: [string, bigint, bigint][] = [['b', 1n, 2n], ['a', 0n, 2n], ['a', 1n, 3n]]
  for (const [name, start, end] of others) {
    const other = openDatabase(t)
    other.capture(name, [], start, end)
    assert.notDeepStrictEqual(other.fetch(0), rows[0])
    t.notDeepEqual(other.fetchAllSync(), rows.slice(0, 1))
  }
})

test('a row cannot be changed, but its columns can', async (t) => {
  // Promise: assignments throw in strict code; what a program writes into columns is what the
  // rows say, and a buffer that is transferred takes the rows along.
  const batch = await filledBatch(t)
  const row = batch.at(4) as Row
  for (const key of accessors) {
    t.throws(() => Reflect.apply(Object.assign, Object, [row, { [key]: 0 }]), {
      instanceOf: TypeError,
    })
  }
  t.is(row.name, 'manual')
  batch.columns.end[4] = 50n
  batch.columns.duration[4] = 2n ** 40n + 7n
  t.deepEqual([row.start, row.end, row.duration], [43n - 2n ** 40n, 50n, 2 ** 40 + 7])
  structuredClone(batch.columns.end.buffer, { transfer: [batch.columns.end.buffer as ArrayBuffer] })
  t.is(batch.length, 0)
  t.is(batch.at(0), undefined)
  t.deepEqual([...batch, ...batch.toArray()], [])
})

test('rows sort as any objects do', async (t) => {
  // Promise: sorting and grouping by fields agree with the columns; equal ones keep their order.
  const batch = await filledBatch(t)
  const byDuration = batch.toArray().toSorted((a, b) => a.duration - b.duration)
  const durations = [...batch.columns.duration].map(Number)
  t.deepEqual(byDuration.map(({ duration }) => duration), durations.toSorted((a, b) => a - b))
  const byName = batch.toArray().toSorted((a, b) => a.name.localeCompare(b.name))
  for (const [index, row] of byName.entries()) {
    const next = byName[index + 1]
    if (next === undefined) continue
    t.true(row.name < next.name || (row.name === next.name && row.id < next.id))
  }
})

test('numbers of a row are rounded once', (t) => {
  // Promise: durations and the starts of logs are what Number() makes of the bigints, for any.
  const db = openDatabase(t)
  const latest = 2n ** 63n - 1n
  const given: [bigint, bigint][] = [[0n, 0n], [0n, latest], [latest, latest], [1n, latest]]
  let state = 88_172_645_463_325_252n
  const random = (): bigint => {
    state ^= (state << 13n) & (2n ** 64n - 1n)
    state ^= state >> 7n
    state ^= (state << 17n) & (2n ** 64n - 1n)
    return state & latest
  }
  for (let bits = 0n; bits < 63n; bits++) {
    for (let i = 0; i < 20; i++) {
      const [start, end] = [random() >> bits, random() >> bits]
      given.push(start < end ? [start, end] : [end, start])
      given.push([2n ** bits - 1n, 2n ** bits])
    }
  }
  for (const [start, end] of given) db.capture('a', [], start, end)
  const rows = db.fetchAllSync()
  // Those are in the order of their ends.
  const logs = db.logsSync().toSorted(([left], [right]) => left - right)
  for (const [i, [start, end]] of given.entries()) {
    const known = [start, end, Number(end - start)]
    t.deepEqual([rows[i]?.start, rows[i]?.end, rows[i]?.duration], known)
    t.deepEqual(logs[i], [i, 'a', Number(start), Number(end - start)])
  }
})

interface WeightAddon {
  attach(scratch: Float64Array, thread: number): Float64Array
  insert(): void
  openStore(options: object): {
    id: number
    site(name: string, source: string, isChosen: boolean, weight: number, status: number): number
  }
}

/** Inserts a manual row that stands for `weight` calls and took so many nanoseconds. */
function insertWeighted(db: Database, name: string, weight: number): void {
  const file = Object.keys(require.cache).find((path) => path.endsWith('.node')) ?? ''
  const addon = require(file) as WeightAddon
  const store = addon.openStore({ dir: db.dir })
  const doubles = addon.attach(new Float64Array(16), 0)
  const words = new Int32Array(doubles.buffer, doubles.byteOffset)
  const manual = 20
  doubles[0] = 0
  doubles[2] = weight
  words[2] = (store.site(name, '', true, weight, 0) << 8) | manual
  words[3] = store.id
  words[6] = 0
  addon.insert()
  assert.equal(words[7], 0)
}

test('a row says how many calls it stands for', async (t) => {
  // Promise: rows of one name keep their own weights, in each way to ask, and in statistics.
  const db = openDatabase(t)
  const weights = [1, 5, 1_000, 5, 1, 7]
  for (const weight of weights) insertWeighted(db, 'a', weight)
  db.capture('b', [], 0, 1)
  const expected = [...weights, 1]
  for (const [id, weight] of expected.entries()) t.is(db.fetch(id)?.weight, weight)
  t.deepEqual(db.fetchAllSync().map(({ weight }) => weight), expected)
  const { columns, weights: known } = await firstBatch(db)
  t.deepEqual([...columns.name].map((name) => known[name]), expected)
  t.deepEqual((await db.slowest({ limit: 2 })).map(({ weight }) => weight), [1_000, 7])
  t.is(db.fetch(2)?.toJSON().weight, 1_000)
  t.regex(String(db.fetch(1)), /\(ok, manual, one of 5 calls\)$/)
  t.is(db.stats('a')?.count, 1_019)
})
