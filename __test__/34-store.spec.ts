/** The columnar store: sealed rows answer as before, old ones go and are counted. */

import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'

import test from 'ava'
import { Database } from 'kronicler'
import type { DatabaseOptions, Health, Stats } from 'kronicler'
import type { ExecutionContext } from 'ava'

import { healthWhen, numbered, numberedNames, storeNumbered, zero } from './fixtures/numbered.js'
import { checkIdentity, openDatabase, run, runForJson, tempDir, throwsCode } from './harness.js'

const count = 230_000
const quantiles = [0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.9999, 1]
const ids = [0, 1, 65_535, 65_536, 131_071, 196_608, 199_999, count - 1]
/** A part of the rows of every chunk ended in between. */
const [since, until] = [zero + 1_500_000_000_000n, zero + 2_500_000_000_000n]

/** What each name's rows come to, in the simplest way there is. */
function naively(name: string): unknown {
  const rows = Array.from({ length: count }, (_, id) => ({ id, ...numbered(id) }))
  const own = rows.filter((row) => row.name === name)
  const sorted = own.map(({ duration }) => duration).toSorted((left, right) => left - right)
  const sum = own.reduce((total, { duration }) => total + BigInt(duration), 0n)
  const within = own.filter(({ end }) => end >= since && end < until)
  return {
    count: own.length,
    sum: Number(sum),
    min: sorted[0],
    max: sorted.at(-1),
    percentiles: quantiles.map((q) => sorted[Math.max(0, Math.ceil(q * own.length) - 1)]),
    slowest: own
      .toSorted((left, right) => right.duration - left.duration || left.id - right.id)
      .slice(0, 20)
      .map(({ id, duration }) => [id, duration]),
    within: within.length,
    rowSum: String(sum),
    newest: own
      .toSorted((left, right) => Number(left.end - right.end) || left.id - right.id)
      .slice(-3)
      .map(({ id, start, duration }) => [id, name, Number(start), duration]),
  }
}

async function answerOf(db: Database, name: string): Promise<unknown> {
  const stats = db.stats(name)
  let rowSum = 0n
  for await (const batch of db.rows({ name })) {
    for (const duration of batch.columns.duration) rowSum += duration
  }
  const slowest = await db.slowest({ name, limit: 20 })
  return {
    count: stats?.count,
    sum: stats?.sum,
    min: stats?.min,
    max: stats?.max,
    percentiles: await db.percentiles(name, quantiles, { exact: true }),
    slowest: slowest.map(({ id, duration }) => [id, duration]),
    within: db.stats({ name, since, until })[0]?.count,
    rowSum: String(rowSum),
    newest: await db.logs({ name, limit: 3 }),
  }
}

async function checkAnswers(
  t: ExecutionContext,
  right: ReadonlyMap<string, unknown>,
  db: Database,
  when: string,
): Promise<void> {
  for (const [name, expected] of right) {
    t.deepEqual(await answerOf(db, name), expected, `${name} ${when}`)
    const [median = NaN] = await db.percentiles(name, [0.5])
    const [exact = NaN] = await db.percentiles(name, [0.5], { exact: true })
    t.true(Math.abs(median - exact) <= exact * 0.01, `${name} ${when}: ${median} for ${exact}`)
  }
  for (const id of ids) {
    const { name, start, end } = numbered(id)
    const row = db.fetch(id)
    t.deepEqual([row?.id, row?.name, row?.start, row?.end], [id, name, start, end], when)
  }
  t.is(db.fetch(count), undefined)
}

function segmentFiles(dir: string): string[] {
  return readdirSync(`${dir}/lane-0000`).filter((name) => name.startsWith('segment-'))
}

test('sealed rows answer as they did before', async (t) => {
  // Promise: rows become columns behind the back of who asks: totals, exact percentiles, slowest
  // calls, time ranges, rows and ids are those of a naive computation, at once, when all is
  // sealed, for a reader, and after reopening.
  const db = openDatabase(t)
  const right = new Map(numberedNames.map((name) => [name, naively(name)]))
  storeNumbered(db, 0, count)
  await checkAnswers(t, right, db, 'at once')
  await db.flush()
  const health = await healthWhen(db, ({ segments, pending }) => segments > 0 && pending === 0)
  checkIdentity(t, health)
  t.deepEqual([health.stored, health.live, health.expired], [count, count, 0])
  t.true(health.segments > 0 && health.segmentBytes > 0)
  await checkAnswers(t, right, db, 'sealed')
  const { pool } = db.health()
  t.true(pool.misses > 0 && pool.hits > 0, 'pages come through the bufferpool')
  t.true(pool.bytes > 0 && pool.bytes <= pool.capacity, JSON.stringify(pool))
  await checkAnswers(t, right, Database.reader(db.dir), 'for a reader')
  await db.close()
  const again = new Database({ dir: db.dir })
  await checkAnswers(t, right, again, 'reopened')
  storeNumbered(again, count, count + 1)
  t.is(again.fetch(count)?.start, numbered(count).start)
  checkIdentity(t, again.health())
  await again.close()
})

test('a reader keeps up with a writer that seals', async (t) => {
  // Promise: while another process writes, seals and joins a million rows, answers never fail and
  // never go back, and are always those of the first so many rows.
  const cwd = tempDir(t)
  const total = 1_000_000
  const dir = `${cwd}/.kronicler_data`
  const writer = { isOver: false }
  const ended = run('numbered-writer.js', { cwd, args: [String(total)] })
  const over = ended.then(() => (writer.isOver = true))
  while (!writer.isOver && !Database.exists(dir)) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const reader = Database.reader(dir)
  let [known, knownSum, rounds] = [0, 0n, 0]
  for (let isLast = false; !isLast; rounds++) {
    isLast = writer.isOver
    let [rows, sum] = [0, 0n]
    for await (const batch of reader.rows()) {
      const { id, duration } = batch.columns
      if (id[0] !== rows || id.at(-1) !== rows + batch.length - 1 || batch.isPartial) t.fail()
      rows += batch.length
      for (const one of duration) sum += one
    }
    for (; known < rows; known++) knownSum += BigInt(numbered(known).duration)
    t.deepEqual([rows, sum], [known, knownSum])
    const stats = reader.stats()
    const counted = countOf(stats)
    t.true(counted >= rows, `${counted} after ${rows}`)
    for (; known < counted; known++) knownSum += BigInt(numbered(known).duration)
    const summed = stats.reduce((all, one) => all + one.sum, 0)
    t.true(Math.abs(summed - Number(knownSum)) <= 1e-12 * summed, `${summed} is not ${knownSum}`)
    const health = reader.health()
    checkIdentity(t, health)
    t.true(health.stored >= counted)
  }
  await over
  const { code, stdout, stderr } = await ended
  t.is(code, 0, stderr)
  const health = JSON.parse(stdout) as Health
  checkIdentity(t, health)
  t.is(known, total)
  t.true(rounds > 1)
  t.true(health.segments > 0)
})

/** Copies a lane as docs/durability.md says, logs first; `false` if a file went meanwhile. */
function copyLane(from: string, to: string): boolean {
  mkdirSync(to, { recursive: true })
  try {
    for (const isLog of [true, false]) {
      const names = readdirSync(from).filter((name) => name.startsWith('head-') === isLog)
      for (const name of names) copyFileSync(`${from}/${name}`, `${to}/${name}`)
    }
    return true
  } catch {
    return false
  }
}

test('a copy of a database in use is a database', async (t) => {
  // Promise: copied logs first, while another process writes and seals, it holds all rows up to
  // some moment after the one before, can be read, and be written to.
  const cwd = tempDir(t)
  const [dir, lane] = [`${cwd}/.kronicler_data`, 'lane-0000']
  const writer = { isOver: false }
  const ended = run('numbered-writer.js', { cwd, args: ['600000'] })
  const over = ended.then(() => (writer.isOver = true))
  const counts: number[] = []
  for (let round = 0; !writer.isOver; round++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const copy = `${cwd}/copy-${round}`
    if (!Database.exists(dir) || !copyLane(`${dir}/${lane}`, `${copy}/${lane}`)) continue
    if (!Database.exists(copy)) continue
    let rows = 0
    for await (const batch of Database.reader(copy).rows()) {
      const { id } = batch.columns
      if (id[0] !== rows || id.at(-1) !== rows + batch.length - 1 || batch.isPartial) t.fail()
      rows += batch.length
    }
    t.true(rows >= (counts.at(-1) ?? 0))
    counts.push(rows)
    const db = openDatabase(t, { dir: copy })
    storeNumbered(db, rows, rows + 1)
    t.is(db.fetch(rows)?.end, numbered(rows).end)
    const health = db.health()
    checkIdentity(t, health)
    t.deepEqual([health.live + health.pending, health.quarantined], [rows + 1, 0])
    await db.close()
  }
  await over
  t.is((await ended).code, 0)
  t.true((counts.at(-1) ?? 0) > 0)
})

function countOf(stats: readonly Stats[]): number {
  return stats.reduce((all, one) => all + one.count, 0)
}

const limit = 4 << 20

function isWithinLimit({ expired, segmentBytes, logSizeBytes }: Health): boolean {
  return expired > 0 && segmentBytes + logSizeBytes <= limit
}

/** Checks what is left of numbered rows when the oldest of them had to go. */
async function checkRest(
  t: ExecutionContext,
  health: Health,
  db: Database,
  total: number,
): Promise<void> {
  checkIdentity(t, health)
  t.is(health.stored, total)
  t.true(isWithinLimit(health) && health.live > 0, JSON.stringify(health))
  t.true(health.historyBytes > 0)
  let next = health.expired
  for await (const batch of db.rows()) {
    t.is(batch.columns.id[0], next)
    next += batch.length
  }
  t.is(next, total)
  t.is(db.fetch(health.expired - 1), undefined)
  t.is(countOf(db.stats()), health.live)
  t.is(countOf(db.stats({ since: 0 })), total, 'statistics of expired rows stay')
  for (const id of [health.expired, total - 1]) t.is(db.fetch(id)?.end, numbered(id).end)
}

test('maxBytes lets the oldest rows go', async (t) => {
  // Promise: the files stay below the limit, the oldest rows go first, each is counted as expired,
  // their statistics are kept, and the rest answers, also after reopening.
  const options = { dir: tempDir(t), maxBytes: '4 MiB' }
  const total = 600_000
  const db = openDatabase(t, options)
  storeNumbered(db, 0, total)
  await db.flush()
  await checkRest(t, await healthWhen(db, isWithinLimit), db, total)
  await db.close()
  const again = openDatabase(t, options)
  await checkRest(t, again.health(), again, total)
})

test('KRONICLER_MAX_BYTES lets the oldest rows go', async (t) => {
  // Promise: the variable limits the default database as the option does, in the same words; a
  // reader finds what the writer says.
  const [cwd, total] = [tempDir(t), 600_000]
  const args = [String(total), String(limit)]
  const env = { KRONICLER_MAX_BYTES: '4MiB' }
  const health = await runForJson<Health>(t, 'numbered-writer.js', { cwd, args, env })
  const reader = Database.reader(`${cwd}/.kronicler_data`)
  await checkRest(t, health, reader, total)
  t.is(reader.health().expired, health.expired)
})

test('limits that do not agree are a conflict', async (t) => {
  // Promise: the same limit in other words is the same; another one throws
  // KRONICLER_OPTIONS_CONFLICT naming option and both values.
  const cwd = tempDir(t)
  const env = { KRONICLER_MAX_BYTES: '8 MB', KRONICLER_MAX_AGE: '36h' }
  const wanted: DatabaseOptions[] = [
    { maxBytes: 8_000_000, maxAge: 129_600_000 },
    { maxBytes: '8mb', maxAge: '1.5 d' },
    { maxBytes: '8 MiB' },
    { maxAge: '2d' },
  ]
  const args = [JSON.stringify(wanted)]
  const results = await runForJson<string[]>(t, 'limited.js', { cwd, args, env })
  t.deepEqual(results.slice(0, 2), ['ok', 'ok'])
  t.regex(results[2] ?? '', /^KRONICLER_OPTIONS_CONFLICT .*maxBytes.*8000000.*8388608/)
  t.regex(results[3] ?? '', /^KRONICLER_OPTIONS_CONFLICT .*maxAge.*129600000.*172800000/)
  const db = openDatabase(t, { maxAge: '2d' })
  throwsCode(t, 'KRONICLER_OPTIONS_CONFLICT', () => new Database({ dir: db.dir, maxAge: '3d' }))
  t.notThrows(() => new Database({ dir: db.dir, maxAge: '48h' }))
})

test('clear removes sealed rows and their files', async (t) => {
  // Promise: after clear there is no row, no segment and no file of one, for readers, too; ids
  // begin at 0 again.
  const db = openDatabase(t)
  storeNumbered(db, 0, 140_000)
  await db.flush()
  await healthWhen(db, ({ segments }) => segments > 0)
  t.true(segmentFiles(db.dir).length > 0)
  const reader = Database.reader(db.dir)
  t.true(reader.health().segments > 0)
  await db.clear()
  t.deepEqual(segmentFiles(db.dir), [])
  for (const { segments, segmentBytes, stored, live } of [db.health(), reader.health()]) {
    t.deepEqual([segments, segmentBytes, stored, live], [0, 0, 0, 0])
  }
  t.deepEqual([db.stats(), reader.stats(), db.fetch(0)], [[], [], undefined])
  storeNumbered(db, 0, 1)
  t.is(db.fetchAllSync()[0]?.id, 0)
  checkIdentity(t, db.health())
})
