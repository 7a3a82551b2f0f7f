/** Laws of a captured sync function: whatever it does, it looks and works like the bare one. */
/* oxlint-disable unicorn/consistent-function-scoping, unicorn/no-thenable -- made to be odd */

import { inspect } from 'node:util'

import test from 'ava'
import { capture } from 'kronicler'

import { openDatabase, rowsOf, summary } from './harness.js'

test('results, this and arguments go through', (t) => {
  // Promise: capture changes neither the result, nor `this`, nor the arguments.
  const db = openDatabase(t)
  const seen: unknown[] = []
  function strict(this: unknown, ...args: unknown[]): unknown {
    seen.push(this, args)
    return seen
  }
  const wrapped = capture(strict, { db })
  for (const self of [undefined, null, 1, 'a', Symbol.iterator, { a: 1 }]) {
    seen.length = 0
    t.is(Reflect.apply(wrapped, self, [1, undefined, 'x']), seen)
    t.deepEqual(seen, [self, [1, undefined, 'x']])
    t.is(seen[0], self)
  }
  t.is(wrapped.length, 0)
  t.deepEqual(new Set(summary(rowsOf(t, db))), new Set(['strict ok sync']))
})

test('sloppy functions get the this of sloppy functions', (t) => {
  // Promise: `this` is boxed or global exactly where it would be without capture.
  const db = openDatabase(t)
  // oxlint-disable-next-line no-new-func -- modules cannot hold sloppy functions
  const sloppy = new Function('return this') as (this: unknown) => unknown
  const wrapped = capture('sloppy', sloppy, { db })
  t.is(Reflect.apply(wrapped, undefined, []), globalThis)
  t.is(Reflect.apply(wrapped, null, []), globalThis)
  t.is(typeof Reflect.apply(wrapped, 1, []), 'object')
  t.is(rowsOf(t, db).length, 3)
})

test('what is thrown is thrown on', (t) => {
  // Promise: the same value is rethrown, whatever it is, and the call counts as failed.
  const db = openDatabase(t)
  const values = [new Error('a'), 'text', undefined, null, 0, Object.freeze(new Error('b'))]
  const wrapped = capture(
    'thrower',
    (value: unknown) => {
      throw value
    },
    { db },
  )
  for (const value of values) {
    let caught: unknown = 'nothing'
    try {
      wrapped(value)
    } catch (error) {
      caught = error
    }
    t.is(caught, value)
  }
  t.deepEqual(
    summary(rowsOf(t, db)),
    values.map(() => 'thrower error sync'),
  )
})

test('name, length and own properties are kept', (t) => {
  // Promise: whoever looks at the function finds what was there before.
  const db = openDatabase(t)
  const key = Symbol('key')
  const named = (_a: number, _b: number): number => 0
  const fn = Object.assign(named, { extra: { deep: 1 }, [key]: 2 })
  Object.defineProperty(fn, 'hidden', { value: 3 })
  Object.defineProperty(fn, 'counted', { get: () => 4, enumerable: true, configurable: true })
  const wrapped = capture(fn, { db })
  t.is(wrapped.name, 'named')
  t.is(wrapped.length, 2)
  t.deepEqual(Reflect.ownKeys(wrapped), Reflect.ownKeys(fn))
  for (const name of Reflect.ownKeys(fn)) {
    const own = Reflect.getOwnPropertyDescriptor(fn, name)
    t.deepEqual(Reflect.getOwnPropertyDescriptor(wrapped, name), own)
  }
  t.is(wrapped.extra, fn.extra)
})

test('statics of a class are the same inside and outside', (t) => {
  // Promise: what the class, or its user, changes on it later is seen by the other.
  const db = openDatabase(t)
  class Counter {
    static count = 0
    static late?: number
    constructor() {
      Counter.count += 1
    }
    static add(): number {
      this.count += 1
      return Counter.count
    }
  }
  const Wrapped = capture(Counter, { db })
  const made = new Wrapped()
  t.is(Wrapped.count, 1)
  t.is(Wrapped.add(), 2)
  Wrapped.count = 10
  t.is(Wrapped.add(), 11)
  Wrapped.late = 1
  t.is(Counter.late, 1)
  Reflect.deleteProperty(Counter, 'late')
  t.false('late' in Wrapped)
  t.true(made instanceof Wrapped)
  // From Node 26 on it says that there is a proxy.
  t.regex(inspect(Wrapped), /^(?:Proxy\()?\[class Counter\]/)
  t.deepEqual(summary(rowsOf(t, db)), ['Counter ok sync'])
})

test('functions that hold state hold it for both', (t) => {
  // Promise: applications, mocks and counters are functions with properties, and go on working.
  const db = openDatabase(t)
  const routes = {
    routes: undefined as Map<string, () => string> | undefined,
    get(path: string, handler: () => string): void {
      this.routes ??= new Map()
      this.routes.set(path, handler)
    },
  }
  const app = Object.assign((path: string) => app.routes?.get(path)?.() ?? 'not found', routes)
  const wrapped = capture('app', app, { db })
  wrapped.get('/', () => 'found')
  t.is(wrapped('/'), 'found')
  t.is(app('/'), 'found')
  const proxy = new Proxy((): number => 1, {
    get: (target, key) => (key === 'made up' ? 2 : (Reflect.get(target, key) as unknown)),
  })
  t.is(Reflect.get(capture('proxy', proxy, { db }), 'made up'), 2)
  const own = Object.assign((): number => 3, { call: () => 4, [Symbol.toPrimitive]: () => 5 })
  const odd = capture('own', own, { db })
  t.deepEqual([odd(), odd.call(), Number(odd)], [3, 4, 5])
  t.deepEqual(summary(rowsOf(t, db)), ['app ok sync', 'own ok sync'])
})

test('what is put on Object.prototype spoils no wrapper', (t) => {
  // Promise: name, prototype and statics are those of the function, whatever all objects inherit.
  const db = openDatabase(t)
  const inherited = ['get', 'set', 'value', 'writable', 'apply', 'construct', 'choose', 'db']
  t.teardown(() => {
    for (const key of inherited) Reflect.deleteProperty(Object.prototype, key)
  })
  for (const key of inherited) {
    const descriptor = Object.assign(Object.create(null) as object, { configurable: true })
    Reflect.defineProperty(Object.prototype, key, Object.assign(descriptor, { value: () => 1 }))
    function named(a: number): number {
      return a
    }
    const wrapped = capture(named, { db })
    const Class = capture(class Made { m = 1 }, { db })
    const seen = [wrapped(2), wrapped.name, wrapped.length, new Class() instanceof Class]
    Reflect.deleteProperty(Object.prototype, key)
    t.deepEqual(seen, [2, 'named', 1, true], key)
  }
})

test('functions that cannot be constructed still cannot', (t) => {
  // Promise: `new` throws for arrows, methods and async functions, and works for others.
  const db = openDatabase(t)
  const holder = {
    method() {
      return 1
    },
    async later() {
      return 1
    },
    *generate() {
      yield 1
    },
  }
  const bare = [() => 1, holder.method, holder.later, holder.generate, Math.max]
  for (const fn of bare) {
    const wrapped = capture(fn as () => unknown, { db })
    t.throws(() => Reflect.construct(wrapped, []), { instanceOf: TypeError })
    t.is(Object.hasOwn(wrapped, 'prototype'), Object.hasOwn(fn, 'prototype'))
  }
})

test('classes stay classes', (t) => {
  // Promise: new, instanceof, statics, new.target, super calls work through a captured class.
  const db = openDatabase(t)
  class Base {
    static made = 0
    readonly target: unknown
    constructor(readonly value: number) {
      this.target = new.target
      Base.made += 1
    }
  }
  class Middle extends Base {
    static override made = -1
  }
  const Wrapped = capture(Middle, { db })
  const made = new Wrapped(7)
  t.is(made.value, 7)
  t.is(made.target, Middle)
  t.true(made instanceof Wrapped && made instanceof Middle && made instanceof Base)
  t.is(Wrapped.made, -1)
  t.is(Object.getPrototypeOf(Wrapped), Base)
  t.is(Wrapped.prototype, Middle.prototype)
  class Derived extends Wrapped {}
  const derived = new Derived(8)
  t.is(derived.target, Derived)
  t.true(derived instanceof Derived && derived instanceof Base)
  t.throws(() => Reflect.apply(Wrapped, undefined, [1]), {
    message: /cannot be invoked without 'new'/,
  })
  t.is(Object.getPrototypeOf(Reflect.construct(Wrapped, [9], Array)), Array.prototype)
  t.deepEqual(summary(rowsOf(t, db)), [
    'Middle ok sync',
    'Middle ok sync',
    'Middle error sync',
    'Middle ok sync',
  ])
})

test('old constructors and bound functions work', (t) => {
  // Promise: functions with a prototype construct, and return what they return.
  const db = openDatabase(t)
  function Point(this: { x?: number }, x: number): unknown {
    if (x < 0) return { instead: x }
    this.x = x
    return undefined
  }
  const Wrapped = capture(Point, { db }) as unknown as new (x: number) => { x?: number }
  t.is(new Wrapped(1).x, 1)
  t.true(new Wrapped(1) instanceof Wrapped)
  t.deepEqual(new Wrapped(-1) as object, { instead: -1 })
  const bound = capture(Point.bind({}, 5), { db }) as unknown as new () => { x?: number }
  t.is(new bound().x, 5)
  t.is(bound.name, 'bound Point')
  t.is(rowsOf(t, db).length, 4)
})

test('recursion, nesting and reentry are counted', (t) => {
  // Promise: each call is one record, however deep it lies in others.
  const db = openDatabase(t)
  const inner = capture('inner', (n: number): number => (n === 0 ? 0 : outer(n - 1)), { db })
  const outer = capture('outer', (n: number): number => inner(n) + 1, { db })
  t.is(outer(10), 11)
  const rows = rowsOf(t, db)
  t.is(rows.length, 22)
  t.deepEqual(new Set(summary(rows)), new Set(['inner ok sync', 'outer ok sync']))
  const [first, last] = [rows[0], rows.at(-1)]
  t.true(first !== undefined && last !== undefined && last.duration >= first.duration)
})

test('a full stack ends as it would have', (t) => {
  // Promise: a stack overflow is the RangeError it was, and capture goes on afterwards.
  const db = openDatabase(t)
  let depth = 0
  const dive = capture(
    'dive',
    (): number => {
      depth += 1
      return dive() + 1
    },
    { db },
  )
  t.throws(dive, { instanceOf: RangeError, message: /call stack/ })
  t.true(depth > 1_000)
  t.is(capture('after', () => 1, { db })(), 1)
  t.true(rowsOf(t, db).some(({ name }) => name === 'after'))
})

test('results that resist being looked at are returned', (t) => {
  // Promise: revoked proxies and throwing getters are returned as they are.
  const db = openDatabase(t)
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const trap = {
    get then(): never {
      throw new Error('do not look')
    },
  }
  const results = [proxy, trap, Object.create(null) as object, () => 1, null, undefined, 0n]
  for (const result of results) {
    t.true(capture('odd', () => result, { db })() === result)
  }
  t.deepEqual(
    summary(rowsOf(t, db)),
    results.map(() => 'odd ok sync'),
  )
})

test('fake clocks do no harm', (t) => {
  // Promise: whoever replaces Date and performance.now changes nothing about durations.
  const db = openDatabase(t)
  const { now } = Date
  const wrapped = capture('timed', () => 1, { db })
  Date.now = () => 0
  t.teardown(() => (Date.now = now))
  wrapped()
  Date.now = now
  const [row] = rowsOf(t, db)
  t.true(row !== undefined && Math.abs(row.startDate.getTime() - now()) < 60_000)
})

test('recursion goes at least a quarter as deep', (t) => {
  // Promise: capture takes stack, but never so much that what recursed well overflows early.
  const db = openDatabase(t)
  const depthOf = (wrap: (fn: () => number) => () => number): number => {
    let depth = 0
    const dive = wrap(() => {
      depth += 1
      return dive() + 1
    })
    t.throws(dive, { instanceOf: RangeError })
    return depth
  }
  const bare = depthOf((fn) => fn)
  const captured = depthOf((fn) => capture('dive', fn, { db }))
  t.true(captured >= bare / 4, `${captured} of ${bare}`)
})

test('types go through', (t) => {
  // Promise: overloads, generics, this and constructors keep their types; this file compiles.
  const db = openDatabase(t)
  function overloaded(value: string): string
  function overloaded(value: number): number
  function overloaded(value: string | number): string | number {
    return value
  }
  const wrapped = capture(overloaded, { db })
  const text: string = wrapped('a')
  const number: number = wrapped(1)
  const identity: <T>(value: T) => T = capture('identity', <T>(value: T): T => value, { db })
  const list: readonly boolean[] = identity([true])
  const made: Map<string, number> = new (capture(Map<string, number>, { db }))([['a', 1]])
  const bound: (this: { n: number }) => number = capture(
    function read(this: { n: number }): number {
      return this.n
    },
    { db },
  )
  const results = [text, number, list, [...made], bound.call({ n: 4 })]
  t.deepEqual(results, ['a', 1, [true], [['a', 1]], 4])
  // @ts-expect-error -- a number is no function
  t.throws(() => capture(1))
})
