/** Details of slow and failed calls: what is told, what is not, and that it does no harm. */

import { PassThrough } from 'node:stream'

import test from 'ava'
import { Database, capture } from 'kronicler'
import type { CaptureOptions, Detail, Row } from 'kronicler'

import { checkIdentity, openDatabase, rowsOf, tempDir } from './harness.js'

/** The rows of a database, oldest first, each with its detail. */
function told(db: Database): (Row & { detail: Detail | undefined })[] {
  return db.fetchAllSync().map((row) => db.fetch(row.id) as Row)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** A sync call that takes so many milliseconds at least. */
function spin(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

class NotFound extends Error {}

test('of a failed call the class of its error is told, and nothing private', async (t) => {
  // Promise: rejections, callbacks, streams and spans tell what class of error it was, no more.
  const db = openDatabase(t)
  const options: CaptureOptions = { db }
  const reject = capture('reject', async (_secret: string) => {
    throw new NotFound('user 7 is not there')
  }, options)
  await t.throwsAsync(reject('hunter2'))
  const callBack = capture('callback', (done: (error: Error) => void) => {
    setImmediate(done, new RangeError('private'))
  }, { db, callback: true })
  await new Promise<void>((resolve) => callBack(() => resolve()))
  const stream = capture('stream', () => new PassThrough(), { db, stream: true })()
  stream.on('error', () => {})
  stream.destroy(new TypeError('private'))
  await sleep(5)
  const values = [
    ['text', 'private'],
    ['none', undefined],
    ['nameless', new (class extends RangeError {})('private')],
  ] as const
  for (const [name, value] of values) {
    const rejected = capture(name, async () => Promise.reject(value), options)()
    t.is(await rejected.catch((error: unknown) => error), value)
  }
  const errors = told(db).map(({ name, detail }) => [name, detail?.error])
  t.deepEqual(errors, [
    ['reject', 'NotFound'],
    ['callback', 'RangeError'],
    ['stream', 'TypeError'],
    ['text', 'string'],
    ['none', 'undefined'],
    ['nameless', 'RangeError'],
  ])
  for (const { detail } of told(db)) {
    const others = Object.keys(detail ?? {}).filter((key) => !/^(error|loop|inFlight)/.test(key))
    t.deepEqual(others, [])
  }
  t.false(JSON.stringify(told(db)).includes('private'))
  t.is(db.health().detailsDropped, 0)
  checkIdentity(t, db.health())
})

test('details are those of their own calls, stored or not', async (t) => {
  // Promise: whatever else runs at the same time, a detail belongs to its row; a reader sees it.
  const dir = tempDir(t)
  const db = new Database({ dir })
  const classes = [RangeError, TypeError, NotFound, SyntaxError]
  const fns = classes.map((Made) =>
    capture(Made.name, async (ms: number) => {
      await sleep(ms)
      throw new Made('mine')
    }, { db }),
  )
  const fine = capture('fine', async (ms: number) => sleep(ms), { db })
  const calls: Promise<unknown>[] = []
  for (let at = 0; at < 200; at++) {
    calls.push(fns[at % 4]!(at % 7).catch(() => {}), fine(at % 5))
  }
  await Promise.all(calls)
  const check = (rows: readonly Row[]): void => {
    t.is(rows.length, 400)
    for (const { name, outcome, detail } of rows) {
      t.is(detail?.error, outcome === 'error' ? name : undefined)
    }
  }
  check(told(db))
  await db.flush()
  check(told(db))
  check(told(Database.reader(dir)))
  await db.close()
  check(told(Database.reader(dir)))
})

test('slow calls are told, fast ones are not', (t) => {
  // Promise: a call above slowMs gets a detail, also the very first; one below gets none.
  const db = openDatabase(t)
  const work = capture('work', spin, { db, slowMs: 20 })
  work(30)
  work(0)
  const never = capture('never', spin, { db, slowMs: Infinity })
  never(30)
  const always = capture('always', spin, { db, slowMs: 0 })
  always(2)
  const details = told(db).map(({ name, detail }) => [name, detail !== undefined])
  t.deepEqual(details, [['work', true], ['work', false], ['never', false], ['always', true]])
  t.is(told(db)[0]?.detail?.error, undefined)
})

test('from 200 calls on the slowest hundredth of a function is told', async (t) => {
  // Promise: without an option a call that is far slower than the others gets a detail.
  const db = openDatabase(t)
  const work = capture('work', spin, { db })
  work(20)
  for (let at = 0; at < 1_000; at++) work(0)
  await db.flush()
  work(60)
  const rows = told(db)
  t.is(rows[0]?.detail, undefined, 'nothing is known of the first call')
  t.not(rows.at(-1)?.detail, undefined)
})

test('a sync call that blocks the loop is seen by what it did to it', async (t) => {
  // Promise: the event loop's use is that of a time which ends with the call and holds it.
  const db = openDatabase(t)
  const block = capture('block', spin, { db, slowMs: 10 })
  await sleep(20)
  block(50)
  await sleep(60)
  const wait = capture('wait', sleep, { db, slowMs: 10 })
  await wait(80)
  const [blocked, waited] = told(db).map((row) => row.detail)
  t.true(blocked!.loopWindow! >= 50e6)
  t.true(blocked!.loopBusy! > 0 && blocked!.loopBusy! <= 1)
  t.true(waited!.loopWindow! >= 75e6)
  t.true(waited!.loopBusy! < blocked!.loopBusy! + 1)
})

test.serial('calls that wait at the same time are counted', async (t) => {
  // Promise: inFlight counts captured calls of the thread that have not ended, others than itself.
  const db = openDatabase(t)
  const wait = capture('wait', sleep, { db })
  const fail = capture('fail', async () => {
    throw new Error('soon')
  }, { db })
  const waiting = [wait(30), wait(30), wait(30)]
  await t.throwsAsync(fail())
  await Promise.all(waiting)
  await t.throwsAsync(fail())
  const failed = told(db).filter((row) => row.name === 'fail')
  const [during, after] = failed.map((row) => row.detail?.inFlight)
  t.is(during! - after!, 3)
})

test('messages, arguments and traces are told on request', async (t) => {
  // Promise: what was asked for is there, and what sounds secret is not.
  const db = openDatabase(t)
  const options: CaptureOptions = {
    db,
    message: true,
    args: ['0.id', '0.user', '1', '2.headers.authorization', '3', '9'],
  }
  const request = { headers: { authorization: 'Bearer abc', host: 'x' } }
  const fail = capture('fail', (...args: unknown[]) => {
    throw new NotFound(`no ${args.length}`)
  }, options)
  const user = { name: 'Ann', password: 'hunter2', apiKey: 'k', deep: { er: { still: { on: 1 } } } }
  const call = (): unknown => fail({ id: 5, user }, 'text', request, undefined)
  const error = t.throws(call, { instanceOf: NotFound })
  t.is(error?.message, 'no 4')
  const detail = told(db)[0]?.detail
  t.like(detail, { error: 'NotFound', message: 'no 4' })
  t.deepEqual(detail?.args, {
    '0.id': 5,
    '0.user': {
      name: 'Ann',
      password: '[redacted]',
      apiKey: '[redacted]',
      deep: { er: { still: '[Object]' } },
    },
    1: 'text',
    '2.headers.authorization': '[redacted]',
  })
  t.false(JSON.stringify(detail).includes('hunter2'))
})

test('trace and span are told where OpenTelemetry is in use', async (t) => {
  // Promise: only with the option, only of what the program itself has loaded, which may be broken.
  const db = openDatabase(t)
  const fail = capture('fail', async () => Promise.reject(new Error('x')), { db, trace: true })
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const spanId = '00f067aa0ba902b7'
  const key = Symbol.for('opentelemetry.js.api.1')
  const spanContext = (): object => ({ traceId, spanId, traceFlags: 1 })
  const getValue = (asked: symbol): unknown =>
    asked === Symbol.for('OpenTelemetry Context Key SPAN') ? { spanContext } : undefined
  const apis: unknown[] = [undefined, {}, 7, { context: { active: () => ({ getValue }) } }]
  const broken = { spanContext: () => ({ traceId: '!' }) }
  apis.push({ context: { active: () => ({ getValue: () => broken }) } })
  for (const api of apis) {
    Reflect.set(globalThis, key, api)
    await t.throwsAsync(fail())
  }
  Reflect.deleteProperty(globalThis, key)
  const ids = told(db).map(({ detail }) => [detail?.traceId, detail?.spanId])
  const none = [undefined, undefined]
  t.deepEqual(ids, [none, none, none, [traceId, spanId], none])
})

/** Values that do harm to who looks at them. */
function hostile(): unknown[] {
  const cyclic: Record<string, unknown> = { a: 1 }
  cyclic['self'] = cyclic
  const thrower = {
    get value(): never {
      throw new Error('getter')
    },
  }
  const traps = new Proxy({}, {
    get: () => {
      throw new Error('trap')
    },
    ownKeys: () => {
      throw new Error('trap')
    },
  })
  const { proxy: revoked, revoke } = Proxy.revocable({}, {})
  revoke()
  const huge = Array.from({ length: 100_000 }, (_, at) => 'x'.repeat(at % 50))
  const values = [cyclic, thrower, traps, revoked, huge, 'y'.repeat(1_000_000), 10n ** 3_000n, -0]
  const map = new Map([[1, 2]])
  return [...values, Symbol('s'), () => 1, Object.create(null), map, new Uint8Array(9)]
}

test('arguments and errors that do harm do none', async (t) => {
  // Promise: whatever is thrown or given is thrown and given on; the detail says what it can.
  const db = openDatabase(t)
  const args = ['0', '0.value', '0.self.self.a', '1.value.deep']
  const fail = capture('fail', async (value: unknown) => {
    throw value
  }, { db, args, message: true })
  const sync = capture('sync', (value: unknown) => {
    throw value
  }, { db, args, message: true })
  for (const value of hostile()) {
    let caught: unknown
    try {
      await fail(value)
    } catch (error) {
      caught = error
    }
    t.is(caught, value)
    try {
      sync(value)
    } catch (error) {
      caught = [error]
    }
    t.deepEqual((caught as unknown[]).length, 1)
    t.is((caught as unknown[])[0], value)
  }
  const rows = told(db)
  t.is(rows.length, hostile().length * 2)
  for (const { detail } of rows) t.is(typeof detail?.error, 'string')
  t.is(rows[0]?.detail?.args?.['0.self.self.a'], 1)
  rowsOf(t, db)
})

test('a getter that makes captured calls mixes up nothing', async (t) => {
  // Promise: code of the program that runs while a detail is put together may itself fail calls.
  const db = openDatabase(t)
  const inner = capture('inner', async () => {
    throw new RangeError('inner')
  }, { db })
  const outer = capture('outer', async (value: object) => {
    throw new NotFound(typeof value)
  }, { db, args: ['0.value'], message: true })
  const begun: Promise<unknown>[] = []
  const value = {
    get value() {
      begun.push(inner().catch(() => {}))
      return 'got'
    },
  }
  await t.throwsAsync(outer(value))
  await Promise.all(begun)
  const errors = told(db).map(({ name, detail }) => [name, detail?.error, detail?.args])
  t.deepEqual(errors.toSorted(), [
    ['inner', 'RangeError', undefined],
    ['outer', 'NotFound', { '0.value': 'got' }],
  ])
})

test('details beyond what is kept are counted', async (t) => {
  // Promise: at most 1,024 wait; others are dropped and counted, their calls are not.
  const db = openDatabase(t)
  const fail = capture('fail', (count: number) => {
    if (count === 0) throw new Error('deep')
    fail(count - 1)
  }, { db })
  const many = capture('many', () => {
    throw 1
  }, { db, message: true })
  for (let at = 0; at < 20_000; at++) {
    try {
      many()
    } catch {
      // As it should be.
    }
  }
  t.throws(() => fail(100))
  await db.flush()
  const health = db.health()
  const detailed = db.slowestSync({ limit: 30_000 }).filter((row) => row.detail !== undefined)
  t.is(detailed.length + health.detailsDropped, 20_101)
  checkIdentity(t, health)
})

function wrap(options: object): () => unknown {
  return () => capture(() => {}, options as CaptureOptions)
}

test('wrong options are told', (t) => {
  // Promise: an option that cannot be meant is a TypeError or RangeError that names it.
  t.throws(wrap({ slowMs: '5' }), { instanceOf: TypeError, message: /options.slowMs/ })
  t.throws(wrap({ slowMs: -1 }), { instanceOf: RangeError, message: /options.slowMs/ })
  t.throws(wrap({ slowMs: NaN }), { instanceOf: RangeError, message: /options.slowMs/ })
  t.throws(wrap({ message: 1 }), { instanceOf: TypeError, message: /options.message/ })
  t.throws(wrap({ trace: 'yes' }), { instanceOf: TypeError, message: /options.trace/ })
  t.throws(wrap({ args: '0' }), { instanceOf: TypeError, message: /options.args/ })
  t.throws(wrap({ args: [0] }), { instanceOf: TypeError, message: /options.args/ })
  for (const path of ['', 'id', '0.', '0..a', '-1', 'a.0']) {
    t.throws(wrap({ args: [path] }), { instanceOf: RangeError, message: /options.args/ })
  }
  t.throws(wrap({ args: Array.from({ length: 17 }, () => '0') }), { instanceOf: RangeError })
})
