/** Callables of every kind, made from a plan, so that one can be had bare and one captured. */
/* oxlint-disable unicorn/no-thenable, no-new-func, typescript/no-extraneous-class -- odd indeed */

import { types } from 'node:util'
import vm from 'node:vm'

import * as fc from 'fast-check'

export type Loose = (this: unknown, ...args: unknown[]) => unknown
export type LooseClass = new (...args: unknown[]) => object

const forms = [
  'arrow',
  'function',
  'sloppy',
  'method',
  'getter',
  'private method',
  'static method',
  'async',
  'async arrow',
  'async method',
  'generator',
  'async generator',
  'class',
  'derived class',
  'bound',
  'bound class',
  'proxy',
  'proxied class',
  'revoked proxy',
  'native',
  'own then',
] as const

const results = [
  'undefined',
  'number',
  'object',
  'this',
  'arguments',
  'function',
  'new.target',
  'null prototype',
  'resolved',
  'rejected',
  'later',
  'fails later',
  'same promise',
  'promise with property',
  'frozen promise',
  'subclass',
  'foreign',
  'lazy',
  'frozen lazy',
  'callable thenable',
  'throwing getter',
  'throwing proxy',
  'revoked',
  'throws error',
  'throws primitive',
  'throws frozen',
  'throws revoked',
  'recursion',
] as const

const propertyNames = ['a', 'name', 'length', 'then', 'toString', 'constructor', '1', 'symbol']

const property = fc.record({
  key: fc.constantFrom(...propertyNames),
  isAccessor: fc.boolean(),
  enumerable: fc.boolean(),
  configurable: fc.boolean(),
  writable: fc.boolean(),
})

/** What a callable is like. */
export const plans = fc.record({
  form: fc.constantFrom(...forms),
  result: fc.constantFrom(...results),
  properties: fc.array(property, { maxLength: 4 }),
  deleted: fc.subarray(['name', 'length']),
  integrity: fc.constantFrom('none', 'none', 'none', 'sealed', 'frozen', 'closed'),
  prototype: fc.constantFrom('own', 'own', 'null', 'other'),
})

export type Plan = typeof plans extends fc.Arbitrary<infer T> ? T : never
export { forms }

const realm = vm.createContext()

/** A value of another realm. */
function foreign(code: string): unknown {
  return vm.runInContext(code, realm)
}

class Special extends Promise<unknown> {}

/** Things with names, so that two worlds can be compared. */
export class World {
  readonly #names = new Map<unknown, string>()
  readonly log: string[] = []
  readonly symbol: symbol = Symbol.for('kronicler test')
  readonly kept: Promise<unknown> = Promise.resolve('kept')
  depth = 0

  name(value: unknown, name: string): unknown {
    this.#names.set(value, name)
    return value
  }

  /** A value in words; what has no name is told by its look. */
  show(value: unknown): string {
    const name = this.#names.get(value)
    if (name !== undefined) return name
    if (Array.isArray(value)) return `[${value.map((item) => this.show(item)).join()}]`
    if (types.isGeneratorObject(value)) return 'a generator'
    if (types.isPromise(value)) return 'a promise'
    if (typeof value === 'object' && value !== null) {
      const prototype: unknown = Object.getPrototypeOf(value)
      const of = prototype === null ? 'null' : this.show((prototype as object).constructor)
      return `${of} {${Reflect.ownKeys(value).filter(isOfUser).map(String).join()}}`
    }
    if (typeof value === 'function') return `function ${value.name}`
    return `${typeof value} ${String(value)}`
  }

  note(...parts: unknown[]): void {
    const words = parts.map((part) => (typeof part === 'string' ? part : this.show(part)))
    this.log.push(words.join(' '))
  }
}

/** Node puts symbols on promises while AsyncLocalStorage is in use. */
function isOfUser(key: PropertyKey): boolean {
  return typeof key !== 'symbol'
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function lazy(world: World): object {
  return {
    then(done: (value: unknown) => void) {
      world.note('lazy ran')
      done('lazy value')
    },
  }
}

function raise(value: unknown): () => never {
  return () => {
    throw value
  }
}

async function delayed(value: unknown): Promise<unknown> {
  await Promise.resolve()
  await Promise.resolve()
  return value
}

/** The makers of results; `self` is the `this` of the call. */
function makers(world: World): Record<string, (...call: CallSeen) => unknown> {
  const error = world.name(new RangeError('thrown'), 'the error')
  return {
    number: () => 42,
    object: () => world.name({ deep: { er: 1 } }, 'an object'),
    this: (self) => self,
    arguments: (_, args) => world.name(args, 'the arguments'),
    function: () => world.name(() => 1, 'a function'),
    'new.target': (_, __, target) => target,
    'null prototype': () => world.name(Object.create(null), 'bare object'),
    resolved: () => Promise.resolve('value'),
    rejected: () => Promise.reject(error),
    later: () => delayed('late value'),
    'fails later': () => delayed(0).then(raise(error)),
    'same promise': () => world.kept,
    'promise with property': () => {
      return world.name(Object.assign(Promise.resolve(1), { cancel: 1 }), 'promise and more')
    },
    'frozen promise': () => world.name(Object.freeze(Promise.resolve(2)), 'frozen promise'),
    subclass: () => world.name(Special.resolve(3), 'special promise'),
    foreign: () => world.name(foreign('Promise.resolve(4)'), 'foreign promise'),
    lazy: () => world.name(lazy(world), 'lazy'),
    'frozen lazy': () => world.name(Object.freeze(lazy(world)), 'frozen lazy'),
    'callable thenable': () => world.name(Object.assign(() => 1, lazy(world)), 'callable lazy'),
    'throwing getter': () => {
      const get = raise(error)
      return world.name(Object.defineProperty({}, 'then', { get }), 'throwing getter')
    },
    'throwing proxy': () => {
      const trap = raise(error)
      const traps = { get: trap, getPrototypeOf: trap, has: trap, defineProperty: trap }
      return world.name(new Proxy({}, { ...traps, getOwnPropertyDescriptor: trap }), 'hostile')
    },
    revoked: () => world.name(revoked(), 'revoked proxy'),
    'throws error': raise(error),
    'throws primitive': raise('primitive'),
    'throws frozen': raise(world.name(Object.freeze(new Error('frozen')), 'frozen error')),
    'throws revoked': raise(world.name(revoked(), 'revoked error')),
  }
}

type CallSeen = [self: unknown, args: unknown[], target: unknown]

/** What all callables do in the end. `again` calls the outermost function. */
function behaviour(plan: Plan, world: World, again: () => Loose): Does {
  const made = makers(world)
  return (self, args, target) => {
    world.note('called', self, args, target, String(args.length))
    if (plan.result === 'recursion' && world.depth < 3) {
      world.depth += 1
      return Reflect.apply(again(), self, args)
    }
    return made[plan.result]?.(self, args, target)
  }
}

type Does = (...call: CallSeen) => unknown

function methodOf(does: Does): Loose {
  const holder = {
    method(...args: unknown[]): unknown {
      return does(this, args, undefined)
    },
  }
  return holder.method as Loose
}

function asyncMethodOf(does: Does): Loose {
  const holder = {
    async method(...args: unknown[]): Promise<unknown> {
      return does(this, args, undefined)
    },
  }
  return holder.method as Loose
}

function getterOf(does: Does): Loose {
  const holder = {
    get value(): unknown {
      return does(this, [], undefined)
    },
  }
  return Reflect.getOwnPropertyDescriptor(holder, 'value')?.get as Loose
}

function privateMethodOf(does: Does): Loose {
  class Holder {
    #secret(...args: unknown[]): unknown {
      return does(this, args, undefined)
    }
    static open(): Loose {
      return new Holder().#secret as Loose
    }
  }
  return Holder.open()
}

function staticMethodOf(does: Does): Loose {
  class Holder {
    static method(...args: unknown[]): unknown {
      return does(this, args, undefined)
    }
  }
  return Holder.method as Loose
}

function sloppyFunction(does: Does): Loose {
  const code = 'return function sloppy() { return does(this, [...arguments], new.target) }'
  return new Function('does', code)(does) as Loose
}

function proxyOf(does: Does, world: World): Loose {
  return new Proxy(plainFunction(does), {
    apply(target, self, args: unknown[]) {
      world.note('apply trap', self, args)
      return Reflect.apply(target, self, args)
    },
  })
}

function revokedSoon(does: Does): Loose {
  const { proxy, revoke } = Proxy.revocable(plainFunction(does), {})
  queueMicrotask(revoke)
  return proxy
}

/** The function itself, before anything is hung on it. */
const makeForm: Record<(typeof forms)[number], (does: Does, world: World) => Loose> = {
  arrow:
    (does) =>
    (...args) =>
      does(undefined, args, undefined),
  function: plainFunction,
  sloppy: sloppyFunction,
  method: methodOf,
  getter: getterOf,
  'private method': privateMethodOf,
  'static method': staticMethodOf,
  async: (does) =>
    async function later(this: unknown, ...args) {
      return does(this, args, undefined)
    },
  'async arrow':
    (does) =>
    async (...args) => {
      await Promise.resolve()
      return does(undefined, args, undefined)
    },
  'async method': asyncMethodOf,
  generator: (does, world) =>
    function* generate(this: unknown, ...args) {
      world.note('got', yield 1)
      return does(this, args, undefined)
    },
  'async generator': (does, world) =>
    async function* generate(this: unknown, ...args) {
      world.note('got', yield 1)
      return does(this, args, undefined)
    },
  class: baseClass,
  'derived class': (does, world) => derivedClass(baseClass(does, world)),
  'bound class': (does, world) => baseClass(does, world).bind(null, 'bound argument') as Loose,
  'proxied class': (does, world) => proxiedClass(baseClass(does, world), world),
  bound: (does, world) => plainFunction(does).bind(world.name({}, 'bound this'), 'bound') as Loose,
  proxy: proxyOf,
  'revoked proxy': revokedSoon,
  native: () => Array.prototype.concat as Loose,
  'own then': (does) => {
    return Object.assign(plainFunction(does), { then: (done: (v: unknown) => void) => done(1) })
  },
}

function plainFunction(does: Does): Loose {
  return function plain(this: unknown, ...args) {
    return does(this, args, new.target)
  }
}

function baseClass(does: Does, world: World): Loose {
  class Base {
    readonly seen: unknown
    constructor(...args: unknown[]) {
      this.seen = does('a new one', args, new.target)
      // Nobody will ask for it.
      if (types.isPromise(this.seen)) this.seen.catch(() => {})
    }
    static create(...args: unknown[]): object {
      return new this(...args)
    }
    method(): string {
      return 'of Base'
    }
  }
  return world.name(Base, 'Base') as Loose
}

function derivedClass(base: Loose): Loose {
  const Base = base as unknown as new (...args: unknown[]) => { method(): string }
  class Derived extends Base {
    static #count = 0
    static readonly extra = 1
    override method(): string {
      Derived.#count += 1
      return `of Derived, then ${super.method()} ${Derived.#count}`
    }
  }
  return Derived as unknown as Loose
}

function proxiedClass(base: Loose, world: World): Loose {
  return new Proxy(base, {
    construct(target, args: unknown[], newTarget) {
      world.note('construct trap', args, newTarget)
      return Reflect.construct(target, args, newTarget) as object
    },
  })
}

/** A callable as planned, with what hangs on it. `again` gives what is called in its place. */
export function makeCallable(plan: Plan, world: World, again: () => Loose): Loose {
  const fn = makeForm[plan.form](behaviour(plan, world, again), world)
  if (plan.form === 'native') return fn
  for (const key of plan.deleted) Reflect.deleteProperty(fn, key)
  for (const { key, isAccessor, writable, ...attributes } of plan.properties) {
    const value = key === 'name' ? 'named' : key === 'length' ? 7 : { of: key }
    const what = isAccessor ? { get: () => value } : { value, writable }
    const actual = key === 'symbol' ? world.symbol : key
    // Refused where it contradicts what is there: fine.
    Reflect.defineProperty(fn, actual, { ...attributes, ...what })
  }
  if (plan.prototype === 'null') Reflect.setPrototypeOf(fn, null)
  const other = Object.assign(Object.create(Function.prototype) as object, { inherited: 1 })
  if (plan.prototype === 'other') Reflect.setPrototypeOf(fn, other)
  if (plan.integrity === 'sealed') Object.seal(fn)
  if (plan.integrity === 'frozen') Object.freeze(fn)
  if (plan.integrity === 'closed') Object.preventExtensions(fn)
  return fn
}
