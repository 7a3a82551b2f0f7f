// Many manual captures, one by one, and their mean, which must be exact.
//
// As in the original there are two variants: one keeps every duration in memory and computes the
// mean from them at the end, the other keeps nothing but their sum.

import { Database } from 'kronicler'
import { report, settings } from '../harness/child.mjs'
import { checkComplete } from '../harness/health.mjs'
import { timeMeans } from './means.mjs'
import { seededRandom } from './random.mjs'

const { dir, count, isKept } = settings

function between(random, from, to) {
  return from + Math.floor(random() * (to - from + 1))
}

/** Starts from 100 to 200, ends from 300 to 400, as in the original. */
function captureAll(db) {
  const random = seededRandom(1)
  const durations = isKept ? new Float64Array(count) : undefined
  let total = 0
  for (let index = 0; index < count; index++) {
    const start = between(random, 100, 200)
    const end = between(random, 300, 400)
    db.capture('foo', [], start, end)
    total += end - start
    if (durations !== undefined) durations[index] = end - start
  }
  return (durations?.reduce((sum, duration) => sum + duration, 0) ?? total) / count
}

async function countRows(db) {
  let rows = 0
  for await (const batch of db.rows()) rows += batch.length
  return rows
}

const db = new Database({ dir })
const begin = process.hrtime.bigint()
const expected = captureAll(db)
const captured = process.hrtime.bigint()
db.flushSync()
const synced = process.hrtime.bigint()
const mean = db.average('foo')
const meanMedian = timeMeans((name) => db.average(name), ['foo'], 1_001)
const health = db.health()
checkComplete(health, count)
const rowCount = await countRows(db)
const error = Math.abs(mean - expected) / expected
if (!(error <= 1e-9) || rowCount !== count || db.stats('foo').count !== count) {
  throw new Error(`mean ${mean} instead of ${expected}, ${rowCount} rows instead of ${count}`)
}
report({
  captureSeconds: Number(captured - begin) / 1e9,
  syncSeconds: Number(synced - captured) / 1e9,
  meanMedian,
  error,
  rowCount,
  clock: health.clock,
})
