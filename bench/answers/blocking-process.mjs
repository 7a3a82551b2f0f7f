// Asks one question in a fresh process and tells for how long that kept its event loop at most.

import { Database } from 'kronicler'
import { report, settings } from '../harness/child.mjs'
import { median } from '../harness/median.mjs'

const { dir, rows, repeat, question, way } = settings

const name = 'function0'
const id = Math.floor(rows / 2)
/** When the reference data begins, as `bench/store` makes it. */
const begin = 1_750_000_000_000_000_000n

const asks = {
  'average(name)': (db) => db.average(name),
  'has(name)': (db) => db.has(name),
  'functionNames()': (db) => db.functionNames(),
  'stats(name)': (db) => db.stats(name),
  'stats()': (db) => db.stats(),
  'fetch(id)': (db) => db.fetch(id),
  'health()': (db) => db.health(),
  'query({ since })': (db) => db.query({ since: begin + 60_000_000_000n }),
  'outliers()': (db) => db.outliers(),
  'slowest()': (db) => db.slowest(),
  'percentiles(name)': (db) => db.percentiles(name, [0.5, 0.99], { exact: true }),
  'heatmap(name)': (db) => db.heatmap(name),
  'why(id)': (db) => db.why(id),
  'logs()': (db) => db.logs(),
}

/** Its answer is made in parts, between which the loop turns. */
const isInParts = question === 'logs()'

/**
 * Milliseconds that a question keeps the loop: how long that was busy until there was the answer,
 * by the call and by what becomes of it. While others read, it is idle.
 */
async function busyTime(ask) {
  const before = performance.eventLoopUtilization()
  const answer = await ask()
  const { active } = performance.eventLoopUtilization(before)
  if (answer === undefined) throw new Error(`${question} has no answer`)
  return active
}

/** The same where the loop turns meanwhile: the longest of its turns, none of which is idle. */
async function longestTurn(ask) {
  let [longest, last, isOver] = [0, performance.now(), false]
  const look = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (!isOver) setImmediate(look)
  }
  setImmediate(look)
  await ask()
  isOver = true
  look()
  return longest
}

const longestStretch = isInParts ? longestTurn : busyTime

/** Compiles what will run, on a database of its own without rows. */
async function rehearse() {
  const db = new Database({ dir: `${dir}-empty` })
  for (const [, ask] of Object.entries(asks)) await ask(db)
  db.closeSync()
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

await rehearse()
// The reference data is older than calls are kept.
const db = new Database({ dir, maxAge: '10000d' })
if (way === 'capture') {
  db.capture(name, [], begin, begin + 1_000n)
}
// As long as a program takes to load its modules, at least.
await pause(50)
const ask = () => asks[question](db)
const cold = await longestStretch(ask)
const warm = []
for (let round = 0; round < repeat; round++) {
  await pause(5)
  warm.push(await longestStretch(ask))
}
db.closeSync()
report({ 'first time': cold, 'asked again': median(warm) })
