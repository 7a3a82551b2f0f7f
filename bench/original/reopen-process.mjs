// A fresh process opens a database that another has filled, and asks for a mean first thing.

import { Database } from 'kronicler'
import { report, settings } from '../harness/child.mjs'
import { median } from '../harness/median.mjs'
import { checkMeans, timeMeans } from './means.mjs'

const { dir, isReader, totals } = settings

function microseconds(act) {
  const start = process.hrtime.bigint()
  act()
  return Number(process.hrtime.bigint() - start) / 1_000
}

let db
const open = microseconds(() => {
  db = isReader ? Database.reader(dir) : new Database({ dir })
  db.functionNames()
})
const average = (name) => db.average(name)
const firstMeans = totals.map(([name]) => microseconds(() => average(name)))
const mean = timeMeans(average, totals.map(([name]) => name), 1_001)
checkMeans(average, totals)
// The very first finds the processor's caches full of what was read while opening.
report({ open, veryFirstMean: firstMeans[0], firstMeans: median(firstMeans), mean })
