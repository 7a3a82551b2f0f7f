/** Wrong arguments and odd functions: told at wrap time, or taken as they are. */
/* oxlint-disable unicorn/consistent-function-scoping -- each test holds what it is about */

import path from 'node:path'
import { fileURLToPath } from 'node:url'

import test from 'ava'
import { Database, capture } from 'kronicler'

import { openDatabase, rowsOf, summary } from './harness.js'

type Loose = (...args: unknown[]) => unknown
const loose = capture as unknown as Loose

test('what is no function is refused when it is wrapped', (t) => {
  // Promise: a TypeError that names the argument, never an error at the call.
  for (const value of [undefined, null, 1, 1n, true, Symbol('s')]) {
    t.throws(() => loose(value), { instanceOf: TypeError, message: /first argument/ })
    t.throws(() => loose('name', value), { instanceOf: TypeError, message: /second argument/ })
  }
  for (const value of [[], { length: 1 }]) {
    t.throws(() => loose(value), { instanceOf: TypeError, message: /options/ })
    t.throws(() => loose('name', value), { instanceOf: TypeError, message: /options/ })
  }
})

test('wrong options are refused by their name', (t) => {
  // Promise: unknown keys and wrong values are told; map() cannot pass an index unseen.
  const fn = (): number => 1
  t.throws(() => loose(fn, { dbb: 1 }), { instanceOf: TypeError, message: /'dbb'/ })
  t.throws(() => loose('n', fn, { db: {} }), { instanceOf: TypeError, message: /options\.db/ })
  t.throws(() => loose(fn, { db: null }), { instanceOf: TypeError, message: /options\.db/ })
  t.throws(() => loose(fn, 0), { instanceOf: TypeError, message: /options/ })
  t.throws(() => [fn].map(loose), { instanceOf: TypeError, message: /options/ })
  t.throws(() => loose(fn, { kind: 'method', name: 'x' }), { message: /'kind'/ })
  const trap = {
    get db(): never {
      throw new RangeError('own')
    },
  }
  t.throws(() => loose(fn, trap), { instanceOf: RangeError, message: 'own' })
})

test('values of options are checked', (t) => {
  // Promise: what no call could work with is told when it is wrapped, with option and value.
  const wrong: [string, unknown, ErrorConstructor][] = [
    ...[0, -1, 1.5, Number.NaN, 1_000_001, Infinity].map((value) => ['every', value, RangeError]),
    ...['2', 2n, null, {}].map((value) => ['every', value, TypeError]),
    ...['chain', ''].map((value) => ['promise', value, RangeError]),
    ...[true, null, 1].map((value) => ['promise', value, TypeError]),
    ...[-1, 1.5, Number.NaN, 65_536].map((value) => ['callback', value, RangeError]),
    ...['last', null, {}].map((value) => ['callback', value, TypeError]),
    ...[1, null, 'yes'].map((value) => ['stream', value, TypeError]),
  ] as [string, unknown, ErrorConstructor][]
  for (const [key, value, kind] of wrong) {
    const message = new RegExp(`options\\.${key} must be`)
    t.throws(() => loose(() => 1, { [key]: value }), { instanceOf: kind, message })
  }
  const db = openDatabase(t)
  const unset = { every: undefined, promise: undefined, callback: undefined, stream: undefined }
  t.is(capture('unset', () => 1, { db, ...(unset as object) })(), 1)
  t.deepEqual(summary(rowsOf(t, db)), ['unset ok sync'])
})

test('prototypes of options do not count', (t) => {
  // Promise: null prototypes work, frozen options work, a polluted Object.prototype is ignored.
  const db = openDatabase(t)
  const bare = Object.assign(Object.create(null) as object, { db })
  t.is(typeof loose(() => 1, bare), 'function')
  t.is(typeof loose(() => 1, Object.freeze({ db })), 'function')
  const polluted = Object.prototype as { db?: unknown; limit?: unknown }
  polluted.db = 'polluted'
  polluted.limit = 'polluted'
  t.teardown(() => {
    delete polluted.db
    delete polluted.limit
  })
  t.is(capture('clean', () => 2, { db })(), 2)
  t.is(db.fetchAllSync({ name: 'clean' }).length, 1)
})

test('what is put on Object.prototype reaches no question', (t) => {
  // Promise: answers are those of the filter that was given, whatever every object inherits.
  const db = openDatabase(t)
  db.capture('clean', [], 1, 2)
  const inherited = { outcome: 'error', names: ['other'], name: 'other', since: '9', dir: 'wrong' }
  t.teardown(() => {
    for (const key of Object.keys(inherited)) Reflect.deleteProperty(Object.prototype, key)
  })
  for (const [key, value] of Object.entries(inherited)) {
    Reflect.defineProperty(Object.prototype, key, { value, configurable: true })
    t.is(db.fetchAllSync().length, 1, key)
    t.is(db.stats('clean')?.count, 1, key)
    t.not(path.basename(new Database().dir), 'wrong')
    Reflect.deleteProperty(Object.prototype, key)
  }
})

test('capturing twice is capturing once', (t) => {
  // Promise: a captured function comes back as it is, so a call is one record.
  const db = openDatabase(t)
  const once = capture('once', () => 1, { db })
  t.is(capture(once, { db }), once)
  t.is(capture('again', once, { db }), once)
  once()
  t.deepEqual(summary(rowsOf(t, db)), ['once ok sync'])
})

test('odd functions can be captured', (t) => {
  // Promise: proxies, bound, frozen functions and those without a usable name work.
  const db = openDatabase(t)
  const nameless = (): number => 1
  Object.defineProperty(nameless, 'name', {
    get() {
      throw new Error('no name')
    },
  })
  const hostile = new Proxy(() => 2, {
    ownKeys() {
      throw new Error('no keys')
    },
    getPrototypeOf() {
      throw new Error('no prototype')
    },
  })
  t.is(capture(nameless, { db })(), 1)
  t.is(capture('hostile', hostile, { db })(), 2)
  t.is(capture('frozen', Object.freeze(() => 3), { db })(), 3)
  t.is(capture('native', Math.max, { db })(1, 4), 4)
  const { proxy, revoke } = Proxy.revocable(() => 5, {})
  const revoked = capture('revoked', proxy, { db })
  t.is(revoked(), 5)
  revoke()
  t.throws(revoked, { instanceOf: TypeError, message: /revoked/ })
  t.is(rowsOf(t, db).length, 6)
})

test('names of all kinds are kept or cut', (t) => {
  // Promise: emoji, NUL and 1 MB names neither throw nor mix; lone surrogates become U+FFFD.
  const db = openDatabase(t)
  const names = ['😀 né', 'a\0b', 'line\nbreak', '\ud800x', 'x'.repeat(1 << 20), '__proto__']
  for (const name of names) t.is(capture(name, () => name, { db })(), name)
  const stored = rowsOf(t, db).map(({ name }) => name)
  t.deepEqual(stored.slice(0, 4), ['😀 né', 'a\0b', 'line\nbreak', '\ufffdx'])
  t.true((stored[4]?.length ?? 0) <= 1_024 && (stored[4]?.startsWith('xxx') ?? false))
  t.is(stored[5], '__proto__')
  capture(`${'x'.repeat(1 << 20)}y`, () => 1, { db })()
  t.is(new Set(rowsOf(t, db).map(({ name }) => name)).size, 7)
})

test('functions without a name of their own are told by their place', (t) => {
  // Promise: anonymous functions are file:line, same names elsewhere get it added, chosen win.
  const db = openDatabase(t)
  const file = path.relative(process.cwd(), fileURLToPath(import.meta.url))
  const makers = [() => function same() {}, () => function same() {}]
  capture('', () => 1, { db })()
  const [first, second] = makers.map((make) => make())
  capture(first as () => void, { db })()
  capture(second as () => void, { db })()
  capture('chosen', first as () => void, { db })()
  capture(
    'chosen',
    second as () => void,
    { db },
  )()
  const rows = rowsOf(t, db)
  const [anonymous, same, other] = rows.map(({ name }) => name)
  t.is(anonymous, rows[0]?.source)
  t.true(anonymous?.startsWith(`${file}:`))
  t.is(same, 'same')
  t.is(other, `same (${rows[2]?.source})`)
  t.deepEqual(db.functionNames().filter((name) => name === 'chosen'), ['chosen'])
})

test('reading the stack leaves Error as it was', (t) => {
  // Promise: prepareStackTrace and stackTraceLimit are untouched, even hostile ones.
  const db = openDatabase(t)
  const errors = Error as { stackTraceLimit: number; prepareStackTrace?: unknown }
  const limit = errors.stackTraceLimit
  const prepare = (): never => {
    throw new Error('mine')
  }
  const found: unknown[] = []
  // Nothing is asserted in here: ava itself needs stacks, and would miss a failure.
  try {
    errors.stackTraceLimit = 0
    errors.prepareStackTrace = prepare
    capture('a', () => 1, { db })()
    found.push(errors.stackTraceLimit, errors.prepareStackTrace === prepare)
    delete errors.prepareStackTrace
    capture('b', () => 1, { db })()
    found.push(Object.hasOwn(Error, 'prepareStackTrace'))
  } finally {
    errors.stackTraceLimit = limit
    delete errors.prepareStackTrace
  }
  t.deepEqual(found, [0, true, false])
  t.true(rowsOf(t, db).every(({ source }) => /14-misuse\.spec\.js:\d+$/.test(source)))
})

test('more names than a lane takes are counted together', (t) => {
  // Promise: beyond 100,000 names the rest is __other__, and nothing is lost.
  const db = openDatabase(t)
  const count = 100_500
  for (let i = 0; i < count; i++) db.capture(`name ${i}`, [], i, i + 1)
  const other = db.stats('__other__')
  t.true(other !== undefined && other.count >= 500 && other.count < 600)
  const health = db.health()
  t.is(health.seen, count)
  t.is(health.live + health.pending, count)
  t.true(health.nameCount <= 100_000)
})
