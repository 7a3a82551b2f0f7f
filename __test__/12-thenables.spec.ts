/** Laws of captured functions that return thenables which are no plain promises. */
/* oxlint-disable unicorn/consistent-function-scoping, unicorn/no-thenable -- odd */
/* oxlint-disable promise/valid-params -- odd, too */

import vm from 'node:vm'

import test from 'ava'
import { capture } from 'kronicler'

import { openDatabase, rowsOf, summary } from './harness.js'

/** A query that runs when somebody asks for its result, and counts how often. */
class LazyQuery {
  runCount = 0
  constructor(readonly error?: Error) {}
  then(
    onFulfilled?: (value: number) => unknown,
    onRejected?: (error: unknown) => unknown,
  ): unknown {
    this.runCount += 1
    return this.error === undefined
      ? Promise.resolve(this.runCount).then(onFulfilled)
      : Promise.reject(this.error).then(undefined, onRejected)
  }
}

test('a lazy query comes back as it is and runs once', async (t) => {
  // Promise: the same object, its then never called by us, recorded when its consumer knows.
  const db = openDatabase(t)
  const query = new LazyQuery()
  const find = capture('find', () => query, { db })
  const result = find()
  t.is(result, query)
  t.is(query.runCount, 0)
  t.deepEqual(Object.keys(result), Object.keys(new LazyQuery()))
  t.is(rowsOf(t, db).length, 0)
  t.is(await result, 1)
  t.is(query.runCount, 1)
  t.false(Object.hasOwn(query, 'then'))
  t.is(await result, 2)
  t.deepEqual(summary(rowsOf(t, db)), ['find ok async'])
})

test('a failing query is a failed call', async (t) => {
  // Promise: the reason goes through by identity.
  const db = openDatabase(t)
  const error = new Error('no table')
  const find = capture('find', () => new LazyQuery(error), { db })
  t.is(
    await t.throwsAsync(async () => await find()),
    error,
  )
  t.deepEqual(summary(rowsOf(t, db)), ['find error async'])
})

test('a query that is never asked for never ran', (t) => {
  // Promise: nothing is started for the sake of measuring.
  const db = openDatabase(t)
  const query = new LazyQuery()
  capture('find', () => query, { db })()
  t.is(query.runCount, 0)
  t.is(rowsOf(t, db).length, 0)
})

test('a builder that returns itself can be asked for as often as one likes', async (t) => {
  // Promise: thousands of captured calls on one thenable neither pile up nor get lost.
  const db = openDatabase(t)
  const query = new LazyQuery()
  const step = capture('step', () => query, { db })
  for (let i = 0; i < 5_000; i++) t.is(step(), query)
  t.is(await query, 1)
  t.is(query.runCount, 1)
  t.is(rowsOf(t, db).length, 5_000)
})

test('a frozen thenable is recorded up to its return', async (t) => {
  // Promise: what cannot be watched is returned untouched, its sync part is a record.
  const db = openDatabase(t)
  const frozen = Object.freeze({ then: (done: (value: number) => void) => done(5) })
  const get = capture('get', () => frozen, { db })
  t.is(get(), frozen)
  t.is(await get(), 5)
  t.deepEqual(summary(rowsOf(t, db)), ['get ok sync', 'get ok sync'])
})

test('then is read once', async (t) => {
  // Promise: a getter is asked once by us, and what it gave is what the consumer calls.
  const db = openDatabase(t)
  let readCount = 0
  class Getter {
    get then(): (done: (value: string) => void) => void {
      readCount += 1
      return (done) => done('got')
    }
  }
  const result = capture('getter', () => new Getter(), { db })()
  t.is(readCount, 1)
  t.is(await result, 'got')
  t.is(readCount, 1)
  t.deepEqual(summary(rowsOf(t, db)), ['getter ok async'])
})

test('promise subclasses come back as they are', async (t) => {
  // Promise: identity, class and settling are kept.
  const db = openDatabase(t)
  class Special extends Promise<number> {
    extra(): string {
      return 'extra'
    }
  }
  const special = Special.resolve(3) as Special
  const get = capture('get', () => special, { db })
  const fail = capture('fail', () => Special.reject(new Error('no')), { db })
  t.is(get(), special)
  t.is(special.extra(), 'extra')
  t.is(await special.then((value) => value + 1), 4)
  await t.throwsAsync(fail().then((value) => value), { message: 'no' })
  t.deepEqual(summary(rowsOf(t, db)), ['get ok async', 'fail error async'])
})

test('promises of another realm come back as they are', async (t) => {
  // Promise: a promise from vm is a thenable like any other.
  const db = openDatabase(t)
  const foreign = vm.runInNewContext('Promise.resolve(6)') as Promise<number>
  const get = capture('get', () => foreign, { db })
  t.is(get(), foreign)
  t.is(await foreign, 6)
  t.deepEqual(summary(rowsOf(t, db)), ['get ok async'])
})

test('a then that somebody else replaces stays replaced', async (t) => {
  // Promise: we put back only what is still ours.
  const db = openDatabase(t)
  const query = new LazyQuery()
  capture('find', () => query, { db })()
  const ours = query.then
  query.then = () => 'replaced'
  const other = query.then
  await new Promise((resolve) => Reflect.apply(ours, query, [resolve]))
  t.is(query.then, other)
  t.deepEqual(summary(rowsOf(t, db)), ['find ok async'])
})

test('a query whose consumer leaves a handler out is recorded', async (t) => {
  // Promise: then(f).catch(g), then() alone and catch(g) see how it ends, and so does the row.
  const db = openDatabase(t)
  const error = new Error('no table')
  const find = capture('find', (failure?: Error) => new LazyQuery(failure), { db })
  const seen = await (find(error).then(() => 'unseen') as Promise<string>).catch((e: unknown) => e)
  t.is(seen, error)
  t.is(await find().then(), 1)
  t.is(await find().then(undefined, () => 'unseen'), 1)
  await t.throwsAsync(async () => await find(error).then(), { is: error })
  t.deepEqual(
    rowsOf(t, db).map(({ outcome }) => outcome),
    ['error', 'ok', 'ok', 'error'],
  )
})

test('a then gets the arguments that its consumer gave', (t) => {
  // Promise: number and kind of the arguments are as without capture, results too.
  const db = openDatabase(t)
  const seen: unknown[] = []
  const make = capture('make', () => ({ then: (...args: unknown[]) => seen.push(args) }), { db })
  t.is(make().then(), 1)
  make().then(undefined, 5)
  make().then(null, undefined, 'progress')
  t.deepEqual(seen, [[], [undefined, 5], [null, undefined, 'progress']])
  t.is(rowsOf(t, db).length, 3)
})

test('a then that throws is a failed call', async (t) => {
  // Promise: what it throws goes to the consumer, and the call is recorded.
  const db = openDatabase(t)
  const error = new Error('then threw')
  const make = capture('make', () => ({ then: () => { throw error } }), { db })
  t.throws(() => make().then(), { is: error })
  await t.throwsAsync(async () => await (make() as unknown), { is: error })
  t.deepEqual(summary(rowsOf(t, db)), ['make error async', 'make error async'])
})

test('a proxy that answers for then itself is recorded up to its return', async (t) => {
  // Promise: one whose then cannot be watched is no call that is never recorded.
  const db = openDatabase(t)
  const get = (_: object, key: PropertyKey): unknown =>
    key === 'then' ? (done: (value: number) => void) => done(7) : undefined
  const target = {}
  const remote = capture('remote', () => new Proxy(target, { get }), { db })
  const through = capture('through', () => new Proxy(new LazyQuery(), {}), { db })
  t.is(await remote(), 7)
  t.deepEqual(Reflect.ownKeys(target), [])
  t.is(await through(), 1)
  t.deepEqual(summary(rowsOf(t, db)), ['remote ok sync', 'through ok async'])
})
