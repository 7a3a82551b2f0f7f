/** Stored rows that can no longer be read: answers go on without them, and say so. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import path from 'node:path'

import test from 'ava'
import { Database } from 'kronicler'
import type { ExecutionContext } from 'ava'

import { healthWhen, storeNumbered } from './fixtures/numbered.js'
import { openDatabase } from './harness.js'

const count = 230_000

/** Codes of the warnings while `work` runs. */
async function warningsOf(t: ExecutionContext, work: () => unknown): Promise<unknown[]> {
  const codes: unknown[] = []
  const listener = (warning: Error): void => {
    codes.push('code' in warning ? warning.code : warning.name)
  }
  process.on('warning', listener)
  t.teardown(() => process.off('warning', listener))
  await work()
  await turn()
  process.off('warning', listener)
  return codes
}

/** A closed database whose oldest segment has lost most of its pages. */
async function damaged(t: ExecutionContext): Promise<string> {
  const db = openDatabase(t)
  storeNumbered(db, 0, count)
  await db.flush()
  const { segments } = await healthWhen(db, (health) => health.segments > 0 && health.pending === 0)
  t.true(segments > 0)
  db.closeSync()
  const lane = path.join(db.dir, 'lane-0000')
  const [first = ''] = readdirSync(lane).filter((name) => name.startsWith('segment-')).toSorted()
  const file = path.join(lane, first)
  const bytes = readFileSync(file)
  writeFileSync(file, bytes.fill(0, bytes.length >> 2, (bytes.length >> 2) * 3))
  return db.dir
}

const questions: Record<string, (db: Database) => unknown> = {
  rows: async (db) => {
    let length = 0
    for await (const batch of db.rows()) length += batch.length
    return length
  },
  fetchAll: async (db) => (await db.fetchAll()).length,
  fetchAllSync: (db) => db.fetchAllSync().length,
  percentiles: (db) => db.percentiles('even', [0.5], { exact: true }),
}

for (const [name, ask] of Object.entries(questions)) {
  test.serial(`${name} tells that rows are lacking`, async (t) => {
    // Promise: an answer that lacks damaged rows is given, and one warning names the directory and
    // what to do; it is not repeated within the minute. A whole database warns of nothing.
    const reader = Database.reader(await damaged(t))
    let answer: unknown
    const codes = await warningsOf(t, async () => {
      answer = await ask(reader)
      await ask(reader)
    })
    t.deepEqual(codes, ['KRONICLER_PARTIAL'])
    t.true(typeof answer !== 'number' || (answer > 0 && answer < count), String(answer))
    const whole = openDatabase(t)
    storeNumbered(whole, 0, count)
    await whole.flush()
    t.deepEqual(await warningsOf(t, () => ask(whole)), [])
  })
}
