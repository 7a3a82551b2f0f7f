/** What surrounds a captured call: contexts, the order of events, stack traces, the heap. */
/* oxlint-disable unicorn/consistent-function-scoping -- each test holds what it is about */

import { AsyncLocalStorage } from 'node:async_hooks'
import { PassThrough } from 'node:stream'

import test from 'ava'
import { capture } from 'kronicler'
import type { CaptureOptions } from 'kronicler'

import { openDatabase, rowsOf, runForJson, tempDir } from './harness.js'

/** In how many microtasks a promise settles. */
async function microtasksOf(promise: Promise<unknown>): Promise<number> {
  let count = 0
  let isOver = false
  const end = (): void => void (isOver = true)
  const ended = promise.then(end, end)
  // oxlint-disable-next-line no-unmodified-loop-condition -- it is modified by the promise
  while (!isOver && count < 100) {
    count += 1
    // oxlint-disable-next-line no-await-in-loop -- they are counted
    await undefined
  }
  await ended
  return count
}

test('a promise settles one microtask later, or at the same one', async (t) => {
  // Promise: the documented price of a chained promise is exactly one microtask, of `same` none.
  const db = openDatabase(t)
  const bare = {
    async: async () => 1,
    fails: async () => Promise.reject(new Error('no')),
    plain: () => Promise.resolve(1).then(() => 2),
    rejects: () => Promise.reject(new Error('no')),
  }
  for (const [name, fn] of Object.entries(bare) as [string, () => Promise<unknown>][]) {
    const expected = await microtasksOf(fn())
    t.is(await microtasksOf(capture(fn, { db })()), expected + 1, name)
    t.is(await microtasksOf(capture(fn, { db, promise: 'same' })()), expected, name)
  }
  rowsOf(t, db)
})

test('the order of events is kept', async (t) => {
  // Promise: ticks, timers, microtasks that a function sets off come in the order of before.
  const db = openDatabase(t)
  const traceOf = async (wrap: <F extends () => unknown>(fn: F) => F): Promise<string[]> => {
    const trace: string[] = []
    const note = (what: string) => () => void trace.push(what)
    const act = wrap(() => {
      process.nextTick(note('tick'))
      queueMicrotask(note('microtask'))
      setImmediate(note('immediate'))
      setTimeout(note('timer'), 0)
      trace.push('sync')
    })
    const generate = wrap(function* generate() {
      yield queueMicrotask(note('of generator'))
    })
    act()
    for (const _ of generate() as Iterable<unknown>) trace.push('step')
    await new Promise((resolve) => setTimeout(resolve, 20))
    // Node itself does not order these two.
    return trace.filter((what) => what !== 'immediate')
  }
  const bare = await traceOf((fn) => fn)
  for (const options of [{}, { callback: true }, { stream: true }, { every: 2 }]) {
    t.deepEqual(await traceOf((fn) => capture(fn, { db, ...options })), bare)
  }
})

test('async contexts go through callbacks, streams and generators', async (t) => {
  // Promise: AsyncLocalStorage gives what it would give without capture.
  const db = openDatabase(t)
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const call = capture('call', (done: () => void) => setTimeout(done, 1), { db, callback: 0 })
  const make = capture('make', () => new PassThrough(), { db, stream: true })
  const generate = capture('generate', async function* generate() {
    await Promise.resolve()
    yield storage.getStore()
  }, { db })
  await storage.run('inside', async () => {
    await new Promise<void>((resolve) => {
      call(() => {
        seen.push(storage.getStore())
        resolve()
      })
    })
    const stream = make()
    stream.end('x')
    for await (const _ of stream) seen.push(storage.getStore())
    for await (const value of generate()) seen.push(value, storage.getStore())
  })
  t.deepEqual(seen, Array.from({ length: 4 }, () => 'inside'))
  t.is(storage.getStore(), undefined)
})

/** How many frames an error has that is thrown by a function like this. */
function framesOf(wrap: (fn: () => never) => () => unknown): number {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 100
  try {
    wrap(() => {
      throw new Error('count me')
    })()
    return 0
  } catch (error) {
    return (error as Error).stack?.split('\n').length ?? 0
  } finally {
    Error.stackTraceLimit = limit
  }
}

test('a stack trace has one frame more', (t) => {
  // Promise: at most one frame of ours stands between the caller and the function.
  const db = openDatabase(t)
  const bare = framesOf((fn) => fn)
  const ways: CaptureOptions[] = [{}, { every: 1 }, { callback: true }, { stream: true }]
  for (const way of ways) {
    t.is(framesOf((fn) => capture(fn, { db, ...way })), bare + 1)
    t.is(framesOf((fn) => capture(fn.bind(undefined), { db, ...way })), bare + 1)
  }
  t.is(framesOf((fn) => capture(fn, { db, promise: 'same' })), bare + 1)
})

test('what fills no heap without capture fills none with it', async (t) => {
  // Promise: a million sync calls, once compiled, leave the heap as large as it was.
  // So large that nothing is collected meanwhile, which would hide what was allocated.
  const flags = ['--min-semi-space-size=256', '--max-semi-space-size=256']
  const grown = await runForJson<Record<string, number>>(t, 'heap.js', { cwd: tempDir(t), flags })
  const { allocating = 0, ...others } = grown
  t.true(allocating > 16e6, 'the test itself can see an object for each call')
  for (const [name, bytes] of Object.entries(others)) t.true(bytes < 2e6, `${name}: ${bytes}`)
})

test('a prototype that is replaced later is used', (t) => {
  // Promise: what the wrapper was given, or the function, is what new objects inherit from.
  const db = openDatabase(t)
  const given = { given: true }
  function Old(): void {}
  const Wrapped = capture(Old, { db }) as unknown as new () => unknown
  Wrapped.prototype = given
  t.is(Object.getPrototypeOf(new Wrapped()), given)
  function Other(): void {}
  const Kept = capture(Other, { db }) as unknown as new () => unknown
  Other.prototype = given
  t.is(Object.getPrototypeOf(new Kept()), given)
  function* generate(): Generator<number> {
    yield 1
  }
  const made = capture(generate, { db })
  const prototype = Object.create(made.prototype) as object
  Reflect.set(made, 'prototype', prototype)
  t.is(Object.getPrototypeOf(made()), prototype)
  t.deepEqual([...made()], [1])
})

test('a bound function is one of its class', (t) => {
  // Promise: instanceof asks the class in it; there is no prototype where there was none.
  const db = openDatabase(t)
  class Point {
    readonly x: number = 1
  }
  const Bound = capture(Point.bind(null), { db })
  t.true(new Bound() instanceof Bound && new Bound() instanceof Point)
  t.false({} instanceof Bound)
  t.false(Object.hasOwn(Bound, 'prototype'))
  const Proxied = capture('Proxy', Proxy, { db })
  t.is(new Proxied({ a: 1 }, {}).a, 1)
})
