/** Random callables, bare and captured: nobody can tell them apart. */

import assert from 'node:assert'
import { types } from 'node:util'

import test from 'ava'
import * as fc from 'fast-check'
import { capture } from 'kronicler'
import type { CaptureOptions, Database } from 'kronicler'

import { World, forms, makeCallable, plans } from './callables.js'
import { checkIdentity, openDatabase } from './harness.js'
import type { Loose, LooseClass, Plan } from './callables.js'

const numRuns = Number(process.env['KRONICLER_RUNS'] ?? 60)

const options = fc.record(
  {
    every: fc.constantFrom(1, 2, 3),
    promise: fc.constantFrom('chained' as const, 'same' as const),
    callback: fc.constantFrom(true, false, 0, 1),
    stream: fc.boolean(),
  },
  { requiredKeys: [] },
)

const call = fc.record({
  how: fc.constantFrom('call', 'call', 'call', 'method', 'new', 'construct', 'extend', 'static'),
  self: fc.constantFrom('undefined', 'null', 'number', 'string', 'symbol', 'object', 'frozen'),
  args: fc.array(fc.constantFrom('number', 'object', 'undefined', 'callback'), { maxLength: 3 }),
})
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never

class Other {
  readonly what: string = 'of Other'
}

function valueOf(world: World, name: string): unknown {
  switch (name) {
    case 'null':
      return null
    case 'number':
      return 1
    case 'string':
      return 'text'
    case 'symbol':
      return world.symbol
    case 'object':
      return world.name({ an: 'object' }, 'object')
    case 'frozen':
      return world.name(Object.freeze({}), 'frozen')
    default:
      return undefined
  }
}

function argumentOf(world: World, name: string): unknown {
  if (name !== 'callback') return valueOf(world, name)
  return (value: unknown) => world.note('called back', value)
}

function act(world: World, fn: Loose, { how, self, args }: Call): unknown {
  const values = args.map((name) => argumentOf(world, name))
  const Class = fn as unknown as LooseClass & { create?: Loose }
  switch (how) {
    case 'method':
      return Reflect.apply(fn, world.name({ fn }, 'holder'), values)
    case 'new':
      return new Class(...values)
    case 'construct':
      return Reflect.construct(Class, values, world.name(Other, 'Other') as typeof Other)
    case 'extend': {
      const Derived = class Extended extends Class {}
      world.name(Derived, 'Extended')
      const made = new Derived(...values)
      world.note('is', String(made instanceof Derived), String(made instanceof Class))
      return made
    }
    case 'static':
      return Class.create?.(...values)
    default:
      return Reflect.apply(fn, valueOf(world, self), values)
  }
}

function iterate(world: World, result: object): void {
  const iterator = result as Iterator<unknown>
  if (typeof iterator.next !== 'function' || Symbol.asyncIterator in result) return
  try {
    for (let i = 0; i < 3; i++) {
      const { done, value } = iterator.next('sent')
      world.note('step', String(done), value)
      // Else it would be an unhandled rejection.
      if (types.isPromise(value)) value.catch(() => {})
    }
  } catch (error) {
    world.note('step threw', error)
  }
}

async function iterateLater(world: World, result: object): Promise<void> {
  if (!(Symbol.asyncIterator in result)) return
  for await (const item of result as AsyncIterable<unknown>) world.note('item', item)
}

async function observeResult(world: World, fn: Loose, result: unknown): Promise<void> {
  world.note('result', result)
  if (types.isPromise(result)) {
    world.note('promise', String(Object.getPrototypeOf(result) === Promise.prototype))
  }
  if (typeof result === 'object' && result !== null) {
    try {
      world.note('instance', String(result instanceof (fn as unknown as LooseClass)))
      iterate(world, result)
      await iterateLater(world, result)
    } catch (error) {
      world.note('look threw', error)
    }
  }
  try {
    world.note('settled', await (result as PromiseLike<unknown>))
  } catch (error) {
    world.note('failed', error)
  }
}

function noteLook(world: World, fn: Loose): void {
  const prototype = Reflect.getPrototypeOf(fn)
  const isUsual = prototype === Function.prototype
  world.note('look', typeof fn, Object.prototype.toString.call(fn))
  world.note('prototype', String(isUsual), prototype, String(Reflect.isExtensible(fn)))
  // A sloppy function's `arguments` and `caller` are not copied.
  const keys = Reflect.ownKeys(fn).filter((key) => key !== 'arguments' && key !== 'caller')
  for (const key of keys) {
    const descriptor = Reflect.getOwnPropertyDescriptor(fn, key)
    const attributes = [descriptor?.enumerable, descriptor?.configurable, descriptor?.writable]
    world.note(`key ${String(key)}`, attributes.join(), descriptor?.value ?? descriptor?.get)
    world.note('value', Reflect.get(fn, key))
  }
}

/** Everything that can be seen of a callable that is looked at and called. */
async function observe(
  plan: Plan,
  calls: readonly Call[],
  wrap: (fn: Loose) => Loose,
): Promise<string[]> {
  const world = new World()
  const bare = makeCallable(plan, world, (): Loose => outer)
  const outer = wrap(bare)
  world.name(bare, 'the function')
  world.name(outer, 'the function')
  noteLook(world, outer)
  for (const one of calls) {
    // What is read of a revoked proxy itself throws, a wrapper only calls it.
    if (plan.form === 'revoked proxy' && one.how !== 'call') continue
    let result: unknown
    try {
      result = act(world, outer, one)
    } catch (error) {
      world.note('threw', error)
      continue
    }
    await observeResult(world, outer, result)
  }
  if (plan.form !== 'revoked proxy') noteLook(world, outer)
  return world.log
}

/** That a callable is seen the same way bare and captured. */
async function check(db: Database, plan: Plan, calls: readonly Call[], given: CaptureOptions) {
  const bare = await observe(plan, calls, (fn) => fn)
  const captured = await observe(plan, calls, (fn) => capture('random', fn, { ...given, db }))
  assert.deepStrictEqual(captured, bare)
}

for (const form of forms) {
  test(`${form}: captured as bare`, async (t) => {
    // Promise: result, this, new.target, arguments, errors, events, descriptors, keys are the same.
    const db = openDatabase(t)
    const planned = fc.tuple(plans, fc.constant({ form })).map((parts) => Object.assign(...parts))
    const calls = fc.array(call, { minLength: 1, maxLength: 3 })
    const property = fc.asyncProperty(planned, calls, options, (...made) => check(db, ...made))
    await t.notThrowsAsync(fc.assert(property, { numRuns, includeErrorInReport: true }))
    checkIdentity(t, db.health())
  })
}
