/** Laws of captured functions that return promises. */
/* oxlint-disable unicorn/consistent-function-scoping -- each test holds what it is about */

import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

import test from 'ava'
import { capture } from 'kronicler'

import { openDatabase, rowsOf, run, summary, tempDir } from './harness.js'

test('async functions settle as they did', async (t) => {
  // Promise: values and reasons go through by identity; one record each, at the settling.
  const db = openDatabase(t)
  const value = { a: 1 }
  const reason = new Error('no')
  const good = capture(
    'good',
    async () => {
      await sleep(5)
      return value
    },
    { db },
  )
  const bad = capture(
    'bad',
    async () => {
      await sleep(1)
      throw reason
    },
    { db },
  )
  const promise = good()
  t.true(promise instanceof Promise)
  t.is(db.fetchAllSync().length, 0)
  t.is(await promise, value)
  t.is(await t.throwsAsync(bad), reason)
  const rows = rowsOf(t, db)
  t.deepEqual(summary(rows), ['good ok async', 'bad error async'])
  t.true((rows[0]?.duration ?? 0) >= 4e6)
})

test('async functions look like async functions', (t) => {
  // Promise: frameworks that tell async functions by their prototype still can.
  const db = openDatabase(t)
  const fn = async (_a: unknown): Promise<void> => {}
  const wrapped = capture(fn, { db })
  t.is(Object.getPrototypeOf(wrapped), Object.getPrototypeOf(fn))
  t.is(Object.prototype.toString.call(wrapped), '[object AsyncFunction]')
  t.is(wrapped.constructor.name, 'AsyncFunction')
  t.is(wrapped.length, 1)
})

test('plain functions that return promises are async calls', async (t) => {
  // Promise: measured until they settle, with the same value.
  const db = openDatabase(t)
  const later = capture('later', (n: number) => sleep(5).then(() => n), { db })
  const never = capture('never', () => Promise.reject(new Error('no')), { db })
  t.is(await later(3), 3)
  await t.throwsAsync(never, { message: 'no' })
  const rows = rowsOf(t, db)
  t.deepEqual(summary(rows), ['later ok async', 'never error async'])
  t.true((rows[0]?.duration ?? 0) >= 4e6)
})

test('remembered promises stay one object', async (t) => {
  // Promise: a function that returns the same promise twice still does; each call is a record.
  const db = openDatabase(t)
  const cached = sleep(1).then(() => 'x')
  const read = capture('read', () => cached, { db })
  const first = read()
  t.is(read(), first)
  t.is(await first, 'x')
  t.is(read(), first)
  await sleep(1)
  t.deepEqual(summary(rowsOf(t, db)), Array.from({ length: 3 }, () => 'read ok async'))
})

test('promises with more than a promise has come back untouched', async (t) => {
  // Promise: own properties, like a cancel function, are not lost; the sync part is recorded.
  const db = openDatabase(t)
  const special = Object.assign(Promise.resolve(1), { cancel: () => 'cancelled' })
  const wrapped = capture('special', () => special, { db })
  t.is(wrapped(), special)
  t.is(await wrapped(), 1)
  t.deepEqual(summary(rowsOf(t, db)), ['special ok sync', 'special ok sync'])
})

test('async contexts go through', async (t) => {
  // Promise: AsyncLocalStorage sees what it saw, before and after the call.
  const db = openDatabase(t)
  const storage = new AsyncLocalStorage<number>()
  const read = capture('read', async () => (await sleep(1), storage.getStore()), { db })
  const plain = capture('plain', () => sleep(1).then(() => storage.getStore()), { db })
  const seen = await storage.run(42, async () => [await read(), await plain(), storage.getStore()])
  t.deepEqual(seen, [42, 42, 42])
  t.deepEqual(summary(rowsOf(t, db)), ['read ok async', 'plain ok async'])
})

test('calls that never settle leave no record', async (t) => {
  // Promise: what has not ended is not counted as if it had.
  const db = openDatabase(t)
  const stuck = capture('stuck', () => new Promise<void>(() => {}), { db })
  void stuck()
  await sleep(5)
  t.is(rowsOf(t, db).length, 0)
})

test('many at once each have their own time', async (t) => {
  // Promise: overlapping calls do not disturb each other.
  const db = openDatabase(t)
  const wait = capture('wait', async (ms: number) => (await sleep(ms), ms), { db })
  const waits = Array.from({ length: 200 }, (_, index) => (index % 10) + 1)
  t.deepEqual(await Promise.all(waits.map((ms) => wait(ms))), waits)
  const rows = rowsOf(t, db)
  t.is(rows.length, 200)
  t.true(rows.every(({ duration }) => duration >= 0.9e6))
})

for (const kind of ['async', 'plain']) {
  for (const handling of ['unhandled', 'late', 'handled']) {
    test(`${handling} rejections of ${kind} functions are as without capture`, async (t) => {
      // Promise: unhandledRejection and rejectionHandled come exactly as they would.
      const cwd = tempDir(t)
      const bare = await run('rejection.js', { cwd, args: [kind, handling, 'bare'] })
      const captured = await run('rejection.js', { cwd, args: [kind, handling, 'captured'] })
      t.is(captured.stdout, bare.stdout)
      t.is(captured.code, bare.code)
      t.is(bare.stdout.includes('unhandledRejection'), handling !== 'handled')
    })
  }
}

/** Breaks what `then` makes its promises with while something is done. */
function withBrokenPromises<T>(act: () => T): T {
  const species = Reflect.getOwnPropertyDescriptor(Promise, Symbol.species)
  const get = (): never => {
    throw new Error('broken')
  }
  Reflect.defineProperty(Promise, Symbol.species, { get, configurable: true })
  try {
    return act()
  } finally {
    Reflect.defineProperty(Promise, Symbol.species, species as PropertyDescriptor)
  }
}

test('promises that cannot be chained are handed out as they are', async (t) => {
  // Promise: whatever somebody does to Promise itself, nothing of ours throws.
  const db = openDatabase(t)
  const ways = [{ db }, { db, every: 2 }, { db, stream: true }]
  const fns = [async () => 1, () => Promise.resolve(1), Object.assign(async () => 1, { more: 1 })]
  for (const options of ways) {
    for (const fn of fns) {
      const wrapped = capture(fn as () => Promise<number>, options)
      const promises = withBrokenPromises(() => [wrapped(), wrapped()])
      t.deepEqual(await Promise.all(promises), [1, 1])
    }
  }
  const generate = capture(async function* generate() {
    yield 1
  }, { db })
  const step = withBrokenPromises(() => generate().next())
  t.deepEqual(await step, { value: 1, done: false })
  t.is(rowsOf(t, db).length, 15)
})
