/** Decorators called by hand: what they refuse, what they leave alone, how they stack. */
/* oxlint-disable unicorn/consistent-function-scoping -- each test holds what it is about */
/* oxlint-disable typescript/no-extraneous-class -- classes to be decorated */

import test from 'ava'
import { Database, capture } from 'kronicler'

import { openDatabase, rowsOf, summary, tempDir, throwsCode } from './harness.js'

type Loose = (...args: unknown[]) => unknown
const loose = capture as unknown as Loose

/** What a compiler hands over with a standard decorator. */
function context(kind: string, name: PropertyKey, more: object = {}) {
  const initializers: ((this: unknown) => void)[] = []
  const addInitializer = (initializer: () => void): unknown => initializers.push(initializer)
  const access = { has: () => true }
  return {
    initializers,
    value: { kind, name, static: false, private: false, access, addInitializer, ...more },
  }
}

test('what cannot be captured is refused by its name', (t) => {
  // Promise: a TypeError when the class is made says what was decorated.
  class Users {
    find(): void {}
  }
  const { prototype } = Users
  const wrong: [args: unknown[], message: RegExp][] = [
    [[5, context('method', 'find').value], /method find is 5/],
    [[undefined, context('class', 'Users').value], /class Users is undefined/],
    [[undefined, context('accessor', 'level').value], /accessor level/],
    [[1, context('getter', Symbol('s')).value], /getter \[s\] is 1/],
    [[prototype, 'find', { value: 5 }], /Users\.find is 5/],
    [[Users, 'make', { value: undefined }], /Users\.make is undefined/],
    [[prototype, 'find', 0], /a parameter of Users\.find/],
    [[Users, undefined, 1], /a parameter of Users\.constructor/],
    [[Object.assign(class Shop {}, { label: 'x' }), 'label'], /field Shop\.label is 'x'/],
  ]
  for (const [args, message] of wrong) {
    for (const decorator of [loose, capture('name') as Loose, capture({}) as Loose]) {
      t.throws(() => decorator(...args), { instanceOf: TypeError, message })
    }
  }
  const decorator = capture('name') as Loose
  for (const args of [[], [1], [{}], ['name', () => 1], [{}, 'key']]) {
    t.throws(() => decorator(...args), { instanceOf: TypeError, message: /@capture decorates/ })
  }
  const later = loose(undefined, context('field', 'count').value) as Loose
  t.throws(() => later.call({}, 5), { instanceOf: TypeError, message: /field count is 5/ })
  t.is(later.call({}, undefined), undefined)
  t.is(later.call({}, null), null)
})

test('options are no context, and a context is no options', (t) => {
  // Promise: only a context of its own kind makes a decorator; wrong options are told as ever.
  const fn = (): number => 1
  const inherited: object = Object.create(context('method', 'fn').value) as object
  t.throws(() => loose(fn, { kind: 'method', name: 'fn' }), { message: /'kind'/ })
  t.throws(() => loose({ kind: 'method', name: 'fn' }), { message: /'kind'/ })
  t.throws(() => loose(fn, context('method', 'fn', { kind: 5 }).value), { message: /'kind'/ })
  t.is(typeof loose(fn, inherited), 'function')
  t.throws(() => loose(fn, 'users.find'), { message: /options must be an object/ })
  t.throws(() => loose(fn, 'absent', undefined), { message: /options must be an object/ })
  t.throws(() => [fn].map(loose), { message: /options must be an object/ })
  t.throws(() => loose('users.find', undefined), { message: /second argument/ })
  t.throws(() => capture('users.find', { dbb: 1 } as object), { message: /'dbb'/ })
  const polluted = Object.prototype as { kind?: unknown; addInitializer?: unknown }
  Object.assign(polluted, { kind: 'method', addInitializer: () => {} })
  t.teardown(() => {
    delete polluted.kind
    delete polluted.addInitializer
  })
  const db = openDatabase(t)
  t.is(capture(fn, { db })(), 1)
  t.deepEqual(summary(rowsOf(t, db)), ['fn ok sync'])
})

test('a reader refuses decorators, too', (t) => {
  // Promise: KRONICLER_READ_ONLY when the class is made, nothing at a call.
  const writer = new Database({ dir: tempDir(t) })
  writer.capture('a', [], 0, 1)
  writer.closeSync()
  const db = Database.reader(writer.dir)
  t.teardown(() => db.closeSync())
  const decorator = capture({ db }) as Loose
  throwsCode(t, 'KRONICLER_READ_ONLY', () => decorator(() => 1, context('method', 'find').value))
})

/** As compilers do it: the method is replaced on the prototype. */
function decorate(prototype: object, name: string, decorators: Loose[], more?: object): void {
  let value: unknown = Reflect.get(prototype, name)
  for (const decorator of decorators) value = decorator(value, context('method', name, more).value)
  Object.defineProperty(prototype, name, { value, configurable: true, writable: true })
}

test('names are those of the class that declares', (t) => {
  // Promise: of a subclass's object, of one without a class, and of none at all; under a decorator
  // that hides ours it is the nearest class that has the method.
  const db = openDatabase(t)
  const timed = capture({ db }) as Loose
  const hide: Loose = (fn) =>
    function hidden(this: unknown) {
      return Reflect.apply(fn as () => unknown, this, [])
    }
  class Base {
    plain(): void {}
    hidden(): void {}
    bare(): void {}
    loose(): void {}
    proxied(): void {}
  }
  class Sub extends Base {}
  decorate(Base.prototype, 'plain', [timed])
  decorate(Base.prototype, 'hidden', [timed, hide])
  for (const name of ['bare', 'loose', 'proxied']) decorate(Base.prototype, name, [timed])
  const object = new Sub()
  object.plain()
  object.hidden()
  Reflect.apply(Base.prototype.bare, Object.create(null), [])
  Reflect.apply(Base.prototype.loose, undefined, [])
  const refuse = (): never => {
    throw new Error('hostile')
  }
  const hostile = new Proxy({}, { get: refuse, getPrototypeOf: refuse })
  t.notThrows(() => Reflect.apply(Base.prototype.proxied, hostile, []))
  const names = rowsOf(t, db).map(({ name }) => name)
  t.deepEqual(names, ['Base.plain', 'Base.hidden', 'bare', 'loose', 'proxied'])
})

test('decorating twice is decorating once', (t) => {
  // Promise: one row a call, by the first decorator; methods that are shared stay shared.
  const db = openDatabase(t)
  const timed = capture({ db }) as Loose
  class Twice {
    run(): number {
      return 1
    }
  }
  decorate(Twice.prototype, 'run', [capture('inner', { db }) as Loose, timed, loose])
  t.is(new Twice().run(), 1)
  t.deepEqual(summary(rowsOf(t, db)), ['inner ok sync'])
})

test('generators and async methods are named late, too', async (t) => {
  // Promise: all kinds of methods get the name of their class at the first call.
  const db = openDatabase(t)
  const timed = capture({ db, every: 1 }) as Loose
  class Kinds {
    async later(): Promise<number> {
      return 1
    }
    *values(): Generator<number> {
      yield 1
    }
    async *stream(): AsyncGenerator<number> {
      yield 1
    }
  }
  for (const name of ['later', 'values', 'stream']) decorate(Kinds.prototype, name, [timed])
  const kinds = new Kinds()
  await kinds.later()
  t.deepEqual([...kinds.values()], [1])
  for await (const value of kinds.stream()) t.is(value, 1)
  t.deepEqual(summary(rowsOf(t, db)), [
    'Kinds.later ok async',
    'Kinds.values ok generator',
    'Kinds.stream ok generator',
  ])
})

test('a decorated method that is sampled keeps its name', (t) => {
  // Promise: `every` and late names go together.
  const db = openDatabase(t)
  class Often {
    run(): void {}
  }
  decorate(Often.prototype, 'run', [capture({ db, every: 10 }) as Loose])
  const often = new Often()
  for (let i = 0; i < 100; i++) often.run()
  const stats = db.stats('Often.run')
  t.deepEqual([stats?.count, stats?.rows], [100, 10])
})
