// Fills a database with the reference data and times the mean: with all of it on disk, and while
// rows wait in memory.

import { Database } from 'kronicler'
import { report, settings } from '../harness/child.mjs'
import { checkComplete } from '../harness/health.mjs'
import { generate } from './dataset.mjs'
import { checkMeans, timeMeans } from './means.mjs'
import { SqliteLog } from './sqlite-log.mjs'

const { arm, dir, count, meanCount } = settings

function fillKronicler() {
  const db = new Database({ dir })
  const totals = generate(count, (name, start, end) => db.capture(name, [], start, end))
  db.flushSync()
  checkComplete(db.health(), count)
  const average = (name) => db.average(name)
  checkMeans(average, totals)
  const times = { mean: timeMeans(average, [...totals.keys()], meanCount) }
  // Rows that wait have not been counted yet.
  const waiting = 10_000
  for (let row = 0; row < waiting; row++) db.capture('waiting', [], row, row + 2)
  const begin = process.hrtime.bigint()
  const mean = db.average('waiting')
  times.meanWaiting = Number(process.hrtime.bigint() - begin) / 1_000
  if (mean !== 2) throw new Error(`the mean of rows that wait is ${mean} instead of 2`)
  db.closeSync()
  return { ...times, totals: [...totals] }
}

function fillSqlite(hasMeans) {
  const log = new SqliteLog(dir, { hasMeans })
  const totals = generate(count, (name, start, end) => log.insertBatched(name, start, end))
  log.sync()
  const average = hasMeans ? (name) => log.runningMean(name) : (name) => log.average(name)
  checkMeans(average, totals)
  return { mean: timeMeans(average, [...totals.keys()], meanCount) }
}

const fill = {
  kronicler: fillKronicler,
  sqlite: () => fillSqlite(false),
  means: () => fillSqlite(true),
}
report(fill[arm]())
