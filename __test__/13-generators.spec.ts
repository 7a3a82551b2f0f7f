/** Laws of captured generator functions: from the first next to the end. */

import { setTimeout as sleep } from 'node:timers/promises'

import test from 'ava'
import { capture } from 'kronicler'

import { openDatabase, rowsOf, summary } from './harness.js'

function* count(to: number): Generator<number, string, number | undefined> {
  try {
    for (let i = 1; i <= to; i++) {
      const step = yield i
      if (step !== undefined) i += step
    }
    return 'done'
  } finally {
    if (to === 99) yield -1
  }
}

test('a generator that runs to its end is one record', (t) => {
  // Promise: values in and out, the result, prototype and instanceof are as without capture.
  const db = openDatabase(t)
  const wrapped = capture(count, { db })
  t.deepEqual([...wrapped(3)], [1, 2, 3])
  const run = wrapped(9)
  t.true(run instanceof wrapped && run instanceof count)
  t.is(Object.prototype.toString.call(run), '[object Generator]')
  t.is(run[Symbol.iterator](), run)
  t.deepEqual(run.next(), { value: 1, done: false })
  t.deepEqual(run.next(6), { value: 8, done: false })
  t.deepEqual(run.next(), { value: 9, done: false })
  t.deepEqual(run.next(), { value: 'done', done: true })
  t.deepEqual(run.next(), { value: undefined, done: true })
  t.deepEqual(Reflect.ownKeys(run), [])
  t.deepEqual(summary(rowsOf(t, db)), ['count ok generator', 'count ok generator'])
})

test('early ends are ends', (t) => {
  // Promise: break, return and throw end the record; a yield in finally goes on.
  const db = openDatabase(t)
  const wrapped = capture(count, { db })
  for (const value of wrapped(5)) if (value === 2) break
  const thrown = wrapped(5)
  thrown.next()
  t.throws(() => thrown.throw(new Error('stop')), { message: 'stop' })
  const stubborn = wrapped(99)
  stubborn.next()
  t.deepEqual(stubborn.return('x'), { value: -1, done: false })
  t.is(rowsOf(t, db).length, 2)
  t.deepEqual(stubborn.next(), { value: 'x', done: true })
  const expected = ['count ok generator', 'count error generator', 'count ok generator']
  t.deepEqual(summary(rowsOf(t, db)), expected)
})

test('a generator that is never started is no record', (t) => {
  // Promise: calling a generator function does nothing, so nothing is recorded.
  const db = openDatabase(t)
  capture(count, { db })(3)
  t.is(rowsOf(t, db).length, 0)
})

test('a generator that throws has failed', (t) => {
  // Promise: the same error, one failed record.
  const db = openDatabase(t)
  const error = new Error('inside')
  // oxlint-disable-next-line require-yield -- it throws before it could
  const wrapped = capture('fails', function* fails(): Generator<never> {
    throw error
  }, { db })
  t.is(
    t.throws(() => wrapped().next()),
    error,
  )
  t.deepEqual(summary(rowsOf(t, db)), ['fails error generator'])
})

test('async generators are one record, too', async (t) => {
  // Promise: for await, early ends and errors of async generators work and are recorded.
  const db = openDatabase(t)
  const wrapped = capture(
    'stream',
    async function* stream(to: number): AsyncGenerator<number, string> {
      for (let i = 1; i <= to; i++) {
        await sleep(1)
        if (i === 4) throw new Error('four')
        yield i
      }
      return 'done'
    },
    { db },
  )
  const values: number[] = []
  for await (const value of wrapped(3)) values.push(value)
  t.deepEqual(values, [1, 2, 3])
  for await (const value of wrapped(3)) if (value === 2) break
  await t.throwsAsync(
    async () => {
      for await (const value of wrapped(5)) values.push(value)
    },
    { message: 'four' },
  )
  const expected = ['stream ok generator', 'stream ok generator', 'stream error generator']
  t.deepEqual(summary(rowsOf(t, db)), expected)
})

test('generators of generators work', (t) => {
  // Promise: yield* through captured generators keeps values and order.
  const db = openDatabase(t)
  const inner = capture(count, { db })
  const outer = capture('outer', function* outer(): Generator<number, string> {
    return yield* inner(2)
  }, { db })
  t.deepEqual([...outer()], [1, 2])
  t.deepEqual(summary(rowsOf(t, db)), ['count ok generator', 'outer ok generator'])
})

test('a generator that asks itself for more goes on', (t) => {
  // Promise: the error that it gets is no end of the call.
  const db = openDatabase(t)
  const wrapped = capture(
    function* selfish(): Generator<number> {
      t.throws(() => run.next(), { instanceOf: TypeError })
      yield 1
      yield 2
    },
    { db },
  )
  const run = wrapped()
  t.deepEqual([...run], [1, 2])
  t.deepEqual(summary(rowsOf(t, db)), ['selfish ok generator'])
})

function* hostile(): Generator<number> {
  yield 1
}

test('generators with a hostile prototype can be called', (t) => {
  // Promise: a wrapped call never throws because of Kronicler.
  const db = openDatabase(t)
  const getter = {
    get(): never {
      throw new Error('not to be looked at')
    },
  }
  const prototype = Object.getPrototypeOf(hostile.prototype) as Generator<number>
  hostile.prototype = Object.create(prototype, { next: getter }) as Generator<number>
  const run = capture(hostile, { db })()
  t.deepEqual(Reflect.apply(prototype.next, run, []), { value: 1, done: false })
})

test('a generator that is ended before its start never ran', (t) => {
  // Promise: return and throw before the first next are no call, whatever comes after them.
  const db = openDatabase(t)
  const wrapped = capture(count, { db })
  const returned = wrapped(1)
  t.deepEqual(returned.return('early'), { value: 'early', done: true })
  t.deepEqual(returned.next(), { value: undefined, done: true })
  const thrown = wrapped(1)
  t.throws(() => thrown.throw(new Error('early')), { message: 'early' })
  t.deepEqual(Reflect.ownKeys(thrown), [])
  t.is(thrown.next().done, true)
  t.is(rowsOf(t, db).length, 0)
})

test('a step that resists being looked at is handed on', (t) => {
  // Promise: what an iterator behind yield* gives reaches the caller, its getters and all.
  const db = openDatabase(t)
  let readCount = 0
  const step = {
    value: 1,
    get done(): boolean {
      readCount += 1
      if (readCount > 1) throw new Error('do not look')
      return false
    },
  }
  const odd = { [Symbol.iterator]: () => ({ next: () => step }) }
  const wrapped = capture('odd', function* delegate(): Generator<number> {
    yield* odd
  }, { db })
  t.is(wrapped().next() as unknown, step)
})

test('steps belong to the generator that they are called on', (t) => {
  // Promise: a step taken from one generator works on any other, which records itself, and on one
  // that is not captured; after its end a generator has no properties of its own.
  const db = openDatabase(t)
  const wrapped = capture('wrapped', count, { db })
  const [first, second] = [wrapped(1), wrapped(1)]
  const { next } = first
  t.is(next.name, 'next')
  t.deepEqual(next.call(second), { value: 1, done: false })
  t.deepEqual(next.call(count(1)), { value: 1, done: false })
  t.throws(() => Reflect.apply(next, {}, []), { instanceOf: TypeError })
  t.deepEqual(next.call(second), { value: 'done', done: true })
  t.deepEqual(Reflect.ownKeys(second), [])
  t.deepEqual(Object.keys(first), [])
  t.is(rowsOf(t, db).length, 1)
})
