/** Laws of the options `callback`, `stream` and `promise`: when a call has ended. */
/* oxlint-disable unicorn/consistent-function-scoping, unicorn/no-thenable -- made to be odd */

import { EventEmitter, once } from 'node:events'
import { createServer, get } from 'node:http'
import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

import test from 'ava'
import { capture } from 'kronicler'

import { openDatabase, rowsOf, run, summary, tempDir } from './harness.js'

type Done = (error: unknown, value?: unknown) => unknown

test('a call ends when it calls back', async (t) => {
  // Promise: recorded at the first call of the callback, which gets this, arguments, its result.
  const db = openDatabase(t)
  const seen: unknown[] = []
  const read = capture(
    function read(name: string, done: Done): string {
      setTimeout(() => {
        seen.push(Reflect.apply(done, 'self', [null, name]))
        done(null, 'twice')
      }, 5)
      return 'returned'
    },
    { db, callback: true },
  )
  const done = function named(this: unknown, ...args: unknown[]): string {
    seen.push(this, args)
    return 'result'
  }
  t.is(read('file', done), 'returned')
  t.is(rowsOf(t, db).length, 0)
  await sleep(20)
  t.deepEqual(seen, ['self', [null, 'file'], 'result', undefined, [null, 'twice']])
  const rows = rowsOf(t, db)
  t.deepEqual(summary(rows), ['read ok async'])
  t.true((rows[0]?.duration ?? 0) >= 4e6)
})

test('a callback that gets an error has failed', (t) => {
  // Promise: a truthy first argument counts as an error, whatever it is; null does not.
  const db = openDatabase(t)
  const pass = capture((error: unknown, done: Done) => done(error), { db, callback: 1 })
  const values = [new Error('no'), 'text', true, null, undefined, 0]
  for (const value of values) pass(value, () => {})
  const outcomes = rowsOf(t, db).map(({ outcome }) => outcome)
  t.deepEqual(outcomes, ['error', 'error', 'error', 'ok', 'ok', 'ok'])
})

test('the callback that a function gets is the callback in all that can be seen', (t) => {
  // Promise: name, length, properties and `new` are those of the callback; writes reach it.
  const db = openDatabase(t)
  let got: unknown
  const take = capture('take', (done: unknown) => void (got = done), { db, callback: 0 })
  class Done {
    static extra = 1
    constructor(readonly a: number) {}
  }
  take(Done)
  const Got = got as typeof Done
  t.not(Got, Done)
  t.deepEqual(Reflect.ownKeys(Got), Reflect.ownKeys(Done))
  t.is(Got.name, 'Done')
  t.is(new Got(3).a, 3)
  t.true(new Got(3) instanceof Done)
  Got.extra = 2
  t.is(Done.extra, 2)
  t.throws(() => Reflect.apply(Got as unknown as () => void, undefined, []), {
    instanceOf: TypeError,
  })
  t.deepEqual(summary(rowsOf(t, db)), ['take ok async'])
})

test('without a callback a call is an ordinary one', async (t) => {
  // Promise: one that is no function, or missing, changes nothing; a promise is then waited for.
  const db = openDatabase(t)
  const both = capture(
    'both',
    (value: unknown, done?: Done) => (done === undefined ? Promise.resolve(value) : done(null)),
    { db, callback: 1 },
  )
  t.is(await both(1), 1)
  t.is(both(1, () => 'called'), 'called')
  const last = capture('last', (...args: unknown[]) => args.length, { db, callback: true })
  t.is(last(), 0)
  t.is(last(1, 'x'), 2)
  const { proxy, revoke } = Proxy.revocable(() => {}, {})
  revoke()
  t.is(last(proxy), 1)
  const expected = ['both ok async', 'both ok async', 'last ok sync', 'last ok sync']
  t.deepEqual(summary(rowsOf(t, db)).slice(0, 4), expected)
})

test('a call that throws before it calls back has failed once', (t) => {
  // Promise: the error goes through by identity; a late callback is no second record.
  const db = openDatabase(t)
  const error = new Error('early')
  let late: Done | undefined
  const fail = capture(
    'fail',
    (done: Done) => {
      late = done
      throw error
    },
    { db, callback: true },
  )
  t.is(t.throws(() => fail(() => {})), error)
  late?.(null)
  capture('never', (_done: Done) => 1, { db, callback: true })(() => {})
  t.deepEqual(summary(rowsOf(t, db)), ['fail error async'])
})

test('what the callback throws is thrown on', (t) => {
  // Promise: an error of the callback reaches the function, and is not the function's own.
  const db = openDatabase(t)
  const error = new Error('of the callback')
  const call = capture('call', (done: Done) => done(null), { db, callback: true })
  t.is(
    t.throws(() =>
      call(() => {
        throw error
      }),
    ),
    error,
  )
  t.deepEqual(summary(rowsOf(t, db)), ['call ok async'])
})

test('a call ends when its stream has ended', async (t) => {
  // Promise: readable, writable and duplex streams, node and web, that end well are ok.
  const db = openDatabase(t)
  const options = { db, stream: true }
  const read = capture('read', () => Readable.from(['a', 'b']), options)
  const items: unknown[] = []
  for await (const item of read()) items.push(item)
  t.deepEqual(items, ['a', 'b'])
  const sink = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() })
  const written = capture('write', sink, options)()
  written.end('text')
  await once(written, 'close')
  const through = capture('through', () => new PassThrough(), options)()
  through.end('text')
  through.resume()
  await once(through, 'close')
  const web = capture('web', () => new Blob(['abc']).stream(), options)
  t.is(await new Response(web()).text(), 'abc')
  const promised = capture('promised', async () => Readable.from(['c']), options)
  for await (const item of await promised()) items.push(item)
  await sleep(5)
  const expected = ['read', 'write', 'through', 'web', 'promised'].map((name) => `${name} ok async`)
  t.deepEqual(summary(rowsOf(t, db)), expected)
})

test('streams that fail or are given up have failed or are aborted', async (t) => {
  // Promise: an error is an error, a premature end is aborted; an AbortSignal aborts.
  const db = openDatabase(t)
  const make = capture('make', () => new PassThrough(), { db, stream: true })
  const failed = make()
  failed.on('error', () => {})
  failed.destroy(new Error('no'))
  const given = make()
  given.destroy()
  const stopped = make()
  stopped.on('error', () => {})
  stopped.destroy(Object.assign(new Error('stop'), { name: 'AbortError', code: 'ABORT_ERR' }))
  await new Promise((resolve) => stopped.on('close', resolve))
  await sleep(5)
  const outcomes = rowsOf(t, db).map(({ outcome }) => outcome)
  t.deepEqual(outcomes, ['error', 'aborted', 'aborted'])
})

test('watching a stream neither reads it nor leaves anything on it', async (t) => {
  // Promise: no data flows by itself, no handler of errors is added, listeners are gone at the end.
  const db = openDatabase(t)
  const stream = new Readable({ read() {} })
  const made = capture('make', () => stream, { db, stream: true })()
  t.is(made, stream)
  stream.push('data')
  await sleep(5)
  t.is(stream.readableFlowing, null)
  t.is(stream.readableLength, 4)
  t.is(stream.listenerCount('error'), 0)
  t.is(stream.listenerCount('data') + stream.listenerCount('readable'), 0)
  stream.push(null)
  stream.resume()
  await once(stream, 'close')
  await sleep(5)
  t.deepEqual(stream.eventNames(), [])
  t.deepEqual(summary(rowsOf(t, db)), ['make ok async'])
  const emitter = new EventEmitter()
  t.is(capture('other', () => emitter, { db, stream: true })(), emitter)
  t.deepEqual(emitter.eventNames(), [])
  t.is(rowsOf(t, db).length, 2)
})

test('a stream that is returned often is watched once', async (t) => {
  // Promise: each call is a record, no warning of too many listeners, no list without a bound.
  const db = openDatabase(t)
  const stream = new PassThrough()
  const make = capture('make', () => stream, { db, stream: true })
  for (let i = 0; i < 100; i++) t.is(make(), stream)
  t.true(stream.listenerCount('end') <= 2, `${stream.listenerCount('end')}`)
  stream.resume().end('text')
  await once(stream, 'close')
  await sleep(5)
  t.is(make(), stream)
  await sleep(5)
  t.is(rowsOf(t, db).length, 101)
})

test('streams that resist being watched are ordinary results', (t) => {
  // Promise: whatever looks like a stream and is none, or throws, is returned as it is.
  const db = openDatabase(t)
  const refuse = (): never => {
    throw new Error('do not look')
  }
  const odd = [
    Object.create(Readable.prototype) as object,
    { _readableState: null },
    { _writableState: {}, on: refuse },
    Object.defineProperty({}, '_readableState', { get: refuse }),
    new Proxy(new PassThrough(), { get: refuse }),
    new Proxy({}, { has: refuse, getPrototypeOf: refuse }),
  ]
  for (const value of odd) t.is(capture('odd', () => value, { db, stream: true })(), value)
})

test('streams that have ended already, or never do', async (t) => {
  // Promise: an ended stream ends the call; one that nobody reads leaves no record.
  const db = openDatabase(t)
  const ended = Readable.from([])
  ended.resume()
  await once(ended, 'close')
  capture('ended', () => ended, { db, stream: true })()
  capture('stuck', () => new Duplex({ read() {}, write() {} }), { db, stream: true })()
  await sleep(5)
  t.deepEqual(summary(rowsOf(t, db)), ['ended ok async'])
})

test('an answer over HTTP is timed to its last byte', async (t) => {
  // Promise: what http.get gives works as ever; an answer that breaks off is an error.
  const db = openDatabase(t)
  const server = createServer((request, response) => {
    response.write('begin')
    if (request.url === '/broken') setTimeout(() => response.destroy(), 10)
    else setTimeout(() => response.end('end'), 10)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const ask = async (path: string): Promise<IncomingMessage> => {
    const [answer] = await once(get({ port, host: '127.0.0.1', path }), 'response')
    return answer as IncomingMessage
  }
  const fetched = capture('ask', ask, { db, stream: true })
  const texts: string[] = []
  for await (const text of (await fetched('/')).setEncoding('utf8')) texts.push(String(text))
  t.is(texts.join(''), 'beginend')
  await t.throwsAsync(async () => {
    for await (const text of await fetched('/broken')) texts.push(String(text))
  })
  await sleep(5)
  const rows = rowsOf(t, db)
  t.deepEqual(summary(rows), ['ask ok async', 'ask error async'])
  t.true((rows[0]?.duration ?? 0) >= 9e6)
})

for (const how of ['unheard stream error', 'uncaught', 'uncaught primitive', 'rejection']) {
  test(`${how}: the process dies as it would`, async (t) => {
    // Promise: an error that nobody handles is as fatal with capture as without, and recorded.
    const cwd = tempDir(t)
    const bare = await run('fatal.js', { cwd, args: [how, 'bare'] })
    const captured = await run('fatal.js', { cwd, args: [how, 'captured'] })
    t.is(bare.code, 1)
    t.is(captured.code, bare.code)
    t.is(captured.signal, bare.signal)
    t.is(captured.stdout, bare.stdout)
    t.is(captured.stderr.includes('fatal.js'), bare.stderr.includes('fatal.js'))
  })
}

test('the same promise is handed out when asked for', async (t) => {
  // Promise: identity and the microtask of the settling are kept; the sync part is recorded.
  const db = openDatabase(t)
  const options = { db, promise: 'same' as const }
  const promise = sleep(5)
  t.is(capture('plain', () => promise, options)(), promise)
  const later = capture('later', async () => await promise, options)
  t.is(Object.getPrototypeOf(later), Object.getPrototypeOf(async () => {}))
  await later()
  const query = { then: (done: (value: number) => void) => done(1) }
  t.is(capture('query', () => query, options)(), query)
  t.deepEqual(Reflect.ownKeys(query), ['then'])
  const order: string[] = []
  const tick = capture('tick', async () => {}, options)
  void tick().then(() => order.push('captured'))
  await Promise.resolve().then(() => order.push('bare'))
  t.deepEqual(order, ['captured', 'bare'])
  const names = ['plain', 'later', 'query', 'tick']
  t.deepEqual(summary(rowsOf(t, db)), names.map((name) => `${name} ok sync`))
})
