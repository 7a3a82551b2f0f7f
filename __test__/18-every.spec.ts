/** Laws of the option `every`, and of capturing that is paused. */
/* oxlint-disable unicorn/consistent-function-scoping -- each test holds what it is about */

import test from 'ava'
import { capture } from 'kronicler'
import type { Health, RowJson } from 'kronicler'

import { checkIdentity, openDatabase, rowsOf, runForJson, tempDir } from './harness.js'

test('of each group of calls one is recorded', (t) => {
  // Promise: exactly one of n successive calls, at a place that varies; the rest is counted.
  const db = openDatabase(t)
  let ran = 0
  for (let failing = 0; failing < 10; failing++) {
    const name = `fails at place ${failing}`
    const step = capture(
      name,
      (place: number) => {
        ran += 1
        if (place === failing) throw new Error('chosen')
      },
      { db, every: 10 },
    )
    for (let call = 0; call < 5_000; call++) {
      try {
        step(call % 10)
      } catch {
        // One in ten.
      }
    }
    t.is(db.stats(name)?.count, 5_000)
    t.is(db.stats(name)?.rows, 500)
    // Expected 50 times; 15 is five standard deviations away.
    const failed = db.fetchAllSync({ name, outcome: 'error' }).length
    t.true(failed > 15 && failed < 90, `${name}: ${failed}`)
  }
  t.is(ran, 50_000)
  t.is(rowsOf(t, db).length, 5_000)
  t.is(db.health().skipped.every, 45_000)
})

test('every works for calls of all kinds', async (t) => {
  // Promise: async calls, generators, constructors, callbacks are thinned out the same way.
  const db = openDatabase(t)
  const options = { db, every: 4 }
  const later = capture('async', async () => 1, options)
  const counted = capture('generator', function* counted() {
    yield 1
  }, options)
  const Made = capture('new', Map<string, number>, options)
  const call = capture('callback', (done: () => void) => done(), { ...options, callback: true })
  const bound = capture('bound', Number.prototype.valueOf.bind(1), options)
  for (let i = 0; i < 40; i++) {
    t.is(await later(), 1)
    t.deepEqual([...counted()], [1])
    t.true(new Made() instanceof Made)
    call(() => {})
    t.is(bound(), 1)
  }
  for (const name of ['async', 'generator', 'new', 'callback', 'bound']) {
    t.is(db.stats(name)?.rows, 10, name)
    t.is(db.stats(name)?.count, 40, name)
  }
  rowsOf(t, db)
})

test('whoever replaces Math.random sees no call of it', (t) => {
  // Promise: seeded programs stay what they are.
  const db = openDatabase(t)
  const { random } = Math
  let asked = 0
  Math.random = () => (asked += 1) && 0.5
  t.teardown(() => (Math.random = random))
  const step = capture('step', () => 1, { db, every: 2 })
  for (let i = 0; i < 100; i++) step()
  Math.random = random
  t.is(asked, 0)
})

test('paused, nothing is seen, and everything works', async (t) => {
  // Promise: calls that begin while capturing is paused are bare, those that began before count.
  const printed = await runForJson<{
    results: unknown[]
    enabled: boolean[]
    rows: RowJson[]
    health: Health
  }>(t, 'paused.js', { cwd: tempDir(t) })
  t.deepEqual(printed.enabled, [true, false, true])
  const once = ['sync', 'async', 2, 'generated', 'made', 'called back', 'run', 'error', 'undefined']
  t.deepEqual(printed.results, [...once, ...once, ...once])
  const names = printed.rows.map(({ name }) => name)
  const twice = ['sync', 'later', 'generate', 'Made', 'callback', 'run', 'fail', 'span', 'bound']
  for (const name of twice) t.is(names.filter((other) => other === name).length, 2, name)
  t.deepEqual(names.filter((name) => name === 'manual').length, 3)
  const across = names.filter((name) => name.startsWith('across')).toSorted()
  t.deepEqual(across, ['across', 'across span'])
  checkIdentity(t, printed.health)
})
