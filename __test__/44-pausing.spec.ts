/** Pausing: calls go unseen for a while, in all threads of a process. */

import test from 'ava'
import { capture } from 'kronicler'
import type { Health } from 'kronicler'

import { checkIdentity, openDatabase, runForJson, summary, rowsOf, tempDir } from './harness.js'

interface Printed {
  results: string[]
  names: string[]
  paused: boolean[]
  health: Health
}

test('a pause holds for all threads', async (t) => {
  // Promise: while paused calls do what they do, unseen, also in threads that begin meanwhile;
  // manual rows are stored; health says so; one resume ends it.
  const printed = await runForJson<Printed>(t, 'paused-threads.js', { cwd: tempDir(t) })
  const seen = '[true,2,3,[1]]'
  const unseen = '[false,2,3,[1]]'
  t.deepEqual(printed.results, [seen, seen, unseen, unseen, unseen, seen, seen, seen])
  // What had begun before the pause is recorded when it ends.
  const begun = ['begun before 1', 'later 5', 'manual 1', 'numbers 6', 'step 5']
  t.deepEqual(printed.names, begun)
  t.deepEqual(printed.paused, [true, false])
  checkIdentity(t, printed.health)
})

test.serial('a pause ends with resume, and enabled says so', (t) => {
  // Promise: `enabled` can only be read and is false during a pause; resume without a pause does
  // nothing.
  const db = openDatabase(t)
  t.teardown(() => capture.resume())
  const fn = capture('fn', () => 1, { db })
  capture.resume()
  t.true(capture.enabled)
  capture.pause()
  t.false(capture.enabled)
  t.throws(() => Object.assign(capture, { enabled: true }), { instanceOf: TypeError })
  t.is(fn(), 1)
  t.is(capture('late', () => 2, { db })(), 2)
  t.is(db.health().seen, 0)
  capture.resume()
  t.true(capture.enabled)
  t.is(fn(), 1)
  t.deepEqual(summary(rowsOf(t, db)), ['fn ok sync'])
})
