// Captures at a steady rate, and tells what that cost on the threads that Kronicler starts.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Database } from 'kronicler'
import { report, settings } from '../harness/child.mjs'
import { checkComplete } from '../harness/health.mjs'
import { engineThreadTimes } from '../harness/thread-time.mjs'
import { generate } from '../original/dataset.mjs'

const { dir, rate, seconds } = settings
const warmUpSeconds = 1

/** Bytes handed to writing system calls so far; nothing where the system does not tell. */
function writtenBytes() {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))[1])
  } catch {
    return Number.NaN
  }
}

function engineNanoseconds() {
  return Object.values(engineThreadTimes()).reduce((sum, nanoseconds) => sum + nanoseconds, 0)
}

/** Rows of the reference data, made beforehand. */
function makeRows(count) {
  const rows = { names: [], starts: new Float64Array(count), ends: new Float64Array(count) }
  generate(count, (name, start, end) => {
    rows.starts[rows.names.length] = start
    rows.ends[rows.names.length] = end
    rows.names.push(name)
  })
  return rows
}

/** Captures rows as time goes by, a few each millisecond. */
async function captureRows(db, { names, starts, ends }, from, to) {
  const begin = performance.now()
  let index = from
  while (index < to) {
    const due = Math.min(to, from + Math.floor(((performance.now() - begin) * rate) / 1_000))
    for (; index < due; index++) db.capture(names[index], [], starts[index], ends[index])
    await sleep(1)
  }
  return (performance.now() - begin) / 1_000
}

const count = rate * (warmUpSeconds + seconds)
const rows = makeRows(count)
const db = new Database({ dir })
await captureRows(db, rows, 0, rate * warmUpSeconds)
db.flushSync()
const [cpuBefore, writtenBefore] = [engineNanoseconds(), writtenBytes()]
const took = await captureRows(db, rows, rate * warmUpSeconds, count)
db.flushSync()
const cpu = engineNanoseconds() - cpuBefore
const written = writtenBytes() - writtenBefore
const health = db.health()
checkComplete(health, count)
report({
  cpuPercent: cpu / 1e7 / took,
  writtenPerRow: written / (rate * seconds),
  rate: (rate * seconds) / took,
  clock: health.clock,
})
