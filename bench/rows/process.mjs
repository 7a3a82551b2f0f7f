// Makes rows, or reads them in one of the ways that are compared, and tells what that took.

import { readFileSync } from 'node:fs'
import { Database } from 'kronicler'
import { report, settings } from '../harness/child.mjs'
import { checkComplete } from '../harness/health.mjs'
import { generate } from '../original/dataset.mjs'

/** Megabytes. */
function resident() {
  try {
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
    return (Number(found[1]) * 1_024) / 1e6
  } catch {
    return process.memoryUsage.rss() / 1e6
  }
}

async function milliseconds(act) {
  globalThis.gc()
  const begin = performance.now()
  await act()
  return performance.now() - begin
}

function check(found, expected) {
  if (found !== expected) throw new Error(`${found} rows were read, ${expected} expected`)
}

function fill({ dir, count }) {
  const db = new Database({ dir, durability: 'os' })
  generate(count, (name, start, end) => db.capture(name, [], start, end))
  db.flushSync()
  const health = db.health()
  checkComplete(health, count)
  db.closeSync()
  return { clock: health.clock }
}

/** The typed arrays alone, nothing of them is looked at. */
async function drain(db, count) {
  let found = 0
  for await (const batch of db.rows()) found += batch.length
  check(found, count)
}

async function fetchAll(db, count) {
  check((await db.fetchAll()).length, count)
}

/** Bytes that are in use, on V8's heap and in buffers. */
function used() {
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Bytes of a row that is kept, with its share of the columns. */
async function measureRow(db) {
  await db.fetchAll({ limit: 1 })
  const before = used()
  const rows = await db.fetchAll()
  return (used() - before) / rows.length
}

/** In turn, so that noise meets both. The first round warms up. */
async function compare({ dir, count, repeat }) {
  const db = Database.reader(dir)
  const rowBytes = await measureRow(db)
  const times = { columns: [], fetchAll: [] }
  for (let round = 0; round <= repeat; round++) {
    times.columns.push(await milliseconds(() => drain(db, count)))
    times.fetchAll.push(await milliseconds(() => fetchAll(db, count)))
  }
  return { columns: times.columns.slice(1), fetchAll: times.fetchAll.slice(1), rowBytes }
}

/** Looks at each row, as a program that searches does, and watches the memory. */
async function stream({ dir, count }) {
  const db = Database.reader(dir)
  const begin = performance.now()
  let [found, longest, peak] = [0, 0, 0]
  for await (const batch of db.rows()) {
    for (const row of batch) longest = Math.max(longest, row.duration)
    found += batch.length
    if (found > count / 10) peak = Math.max(peak, resident())
  }
  check(found, count)
  return { seconds: (performance.now() - begin) / 1e3, peak, end: resident(), longest }
}

async function logs({ dir, counts, repeat }) {
  const db = Database.reader(dir)
  const times = counts.map(() => [])
  for (let round = 0; round <= repeat; round++) {
    for (const [index, limit] of counts.entries()) {
      times[index].push(await milliseconds(async () => JSON.stringify(await db.logs({ limit }))))
    }
  }
  return times.map((all) => all.slice(1))
}

const tasks = { fill, compare, stream, logs }

report(await tasks[settings.task](settings))
