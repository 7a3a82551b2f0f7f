// Manual captures of one way of storing, ending in a sync: how many a second.

import { Database } from 'kronicler'
import { report, settings } from '../harness/child.mjs'
import { checkComplete } from '../harness/health.mjs'
import { SqliteLog } from './sqlite-log.mjs'

const { arm, dir, count } = settings
const warmUpCount = 10_000

const arms = {
  kronicler: () => {
    const db = new Database({ dir })
    const check = (expected) => checkComplete(db.health(), expected)
    const insert = (start, end) => db.capture('foo', [], start, end)
    return { insert, sync: () => db.flushSync(), check }
  },
  sqlite: () => ofSqlite((log) => (start, end) => log.insert('foo', start, end)),
  batch: () => ofSqlite((log) => (start, end) => log.insertBatched('foo', start, end)),
  means: () => ofSqlite((log) => (start, end) => log.insert('foo', start, end), { hasMeans: true }),
}

function ofSqlite(makeInsert, options) {
  const log = new SqliteLog(dir, options)
  const check = (expected) => {
    if (log.count() !== expected) throw new Error(`${log.count()} rows instead of ${expected}`)
  }
  return { insert: makeInsert(log), sync: () => log.sync(), check }
}

/** Calls one after the other, 1 us apart, with durations from 100 to 355 ns. */
function insertAll({ insert }, first, number) {
  for (let index = first; index < first + number; index++) {
    const start = 1_000_000 + 1_000 * index
    insert(start, start + 100 + (index & 255))
  }
}

const store = arms[arm]()
insertAll(store, 0, warmUpCount)
store.sync()
const begin = process.hrtime.bigint()
insertAll(store, warmUpCount, count)
const inserted = process.hrtime.bigint()
store.sync()
const synced = process.hrtime.bigint()
store.check(warmUpCount + count)
report({
  rowsPerSecond: count / (Number(synced - begin) / 1e9),
  insertSeconds: Number(inserted - begin) / 1e9,
  syncSeconds: Number(synced - inserted) / 1e9,
})
