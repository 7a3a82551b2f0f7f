/** Functions, promises and errors of another realm, as vm contexts make them. */

import vm from 'node:vm'

import test from 'ava'
import { capture } from 'kronicler'
import type { Database } from 'kronicler'

import { openDatabase, rowsOf, summary } from './harness.js'

type Fn = (...args: unknown[]) => unknown

interface Realm {
  Promise: PromiseConstructor
  fns: Record<string, Fn>
}

function makeRealm(db: Database): Realm {
  const captured = (name: string, fn: Fn): Fn => capture(name, fn, { db })
  const context = vm.createContext({ captured })
  return vm.runInContext(
    `({
      Promise,
      fns: {
        sum: captured('sum', (a, b) => a + b),
        self: captured('self', function () { return this }),
        fails: captured('fails', (error) => { throw error }),
        breaks: captured('breaks', () => null.x),
        later: captured('later', async (value) => value),
        rejects: captured('rejects', async (error) => { throw error }),
        promise: captured('promise', (value) => Promise.resolve(value)),
        steps: captured('steps', function* () { yield 1; yield 2 }),
        Made: captured('Made', class Made {}),
      },
    })`,
    context,
  ) as Realm
}

function thrown(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}

test('functions of another realm are captured as they are', (t) => {
  // Promise: values, this, errors and classes of another realm stay what they are.
  const db = openDatabase(t)
  const { fns } = makeRealm(db)
  t.is(fns['sum']?.(1, 2), 3)
  t.is(Reflect.apply(fns['self'] as Fn, fns, []), fns)
  const error = { not: 'an error' }
  t.is(
    thrown(() => fns['fails']?.(error)),
    error,
  )
  const foreign = thrown(() => fns['breaks']?.()) as Error
  t.false(foreign instanceof Error)
  t.is(foreign.name, 'TypeError')
  t.deepEqual(Array.from((fns['steps'] as () => Iterable<number>)()), [1, 2])
  const Made = fns['Made'] as unknown as new () => object
  t.true(new Made() instanceof Made)
  t.deepEqual(summary(rowsOf(t, db)), [
    'sum ok sync',
    'self ok sync',
    'fails error sync',
    'breaks error sync',
    'steps ok generator',
    'Made ok sync',
  ])
})

test('promises of another realm stay of that realm', async (t) => {
  // Promise: what a function of another realm returns is a promise of that realm, settles with
  // the same value or error, and is recorded when it does.
  const db = openDatabase(t)
  const { Promise: Foreign, fns } = makeRealm(db)
  const value = {}
  for (const name of ['later', 'promise', 'rejects']) {
    const promise = fns[name]?.(value) as Promise<unknown>
    t.true(promise instanceof Foreign, name)
    t.is(await promise.catch((error: unknown) => error), value, name)
  }
  t.deepEqual(summary(rowsOf(t, db)), ['later ok async', 'promise ok async', 'rejects error async'])
})

test('a captured function of this realm works in another', async (t) => {
  // Promise: calls from another realm are recorded, and what comes back is of this realm.
  const db = openDatabase(t)
  const later = capture('here', async (value: unknown) => value, { db })
  const context = vm.createContext({ later })
  const promise = vm.runInContext('later([1])', context) as Promise<unknown>
  t.true(promise instanceof Promise)
  t.is(((await promise) as number[])[0], 1)
  t.deepEqual(summary(rowsOf(t, db)), ['here ok async'])
})
