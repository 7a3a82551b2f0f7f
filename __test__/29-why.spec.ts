/** `db.why`: what `kr why --json` says, in the shapes of JavaScript. */

import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'

import test from 'ava'
import { capture } from 'kronicler'
import type { Database, Why, WhyAmong } from 'kronicler'

import { openDatabase, rejectsCode } from './harness.js'
import { execute } from './packaging/project.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = path.join(root, 'npm/local', process.platform === 'win32' ? 'kr.exe' : 'kr')

function spin(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

/** A request that waits, is blocked by another, and calls what is captured; which is its id. */
async function serve(db: Database): Promise<number> {
  const parse = capture('parse', () => spin(1), { db })
  const load = capture('load', () => parse(), { db })
  const find = capture('find', () => sleep(5), { db })
  const hash = capture('hash', spin, { db })
  const login = capture('login', async (ms: number) => hash(ms), { db })
  const request = capture(
    'request \u001b[31m',
    async () => {
      load()
      await find()
    },
    { db },
  )
  for (let round = 0; round < 20; round++) {
    await request()
    await login(1)
  }
  await Promise.all([request(), login(200)])
  await db.flush()
  const [slowest] = await db.slowest({ name: 'request*', limit: 1 })
  return slowest?.id ?? Number.NaN
}

function among(one: WhyAmong): unknown {
  const { count, median, fasterCount, isSlowest } = one
  return { count, median_ns: median, faster_count: fasterCount, slowest: isSlowest }
}

/** What was answered, with the keys of `kr`. */
function asKr(why: Why): unknown {
  // A row has its detail in itself.
  const { detail = null, ...call } = why.call.toJSON()
  return {
    call,
    detail,
    verdict: why.verdict,
    reason: why.parts.indexOf(why.reason),
    parts: why.parts.map((part) => ({
      kind: part.kind,
      name: part.name ?? null,
      source: part.source ?? null,
      of: part.of ?? null,
      rows: part.rows,
      duration_ns: part.duration,
      share: part.share,
      usual_ns: part.usual,
      one_in: part.oneIn,
      path: part.path.map((step) => ({
        name: step.name,
        source: step.source,
        kind: step.kind,
        rows: step.rows,
        duration_ns: step.duration,
      })),
    })),
    of_all: among(why.ofAll),
    of_minute: among(why.ofMinute),
    other_functions: why.others.functionCount,
    other_functions_slowed: why.others.slowedCount,
    other_functions_ratio: why.others.ratio ?? null,
    in_flight: why.inFlight.atStart,
    in_flight_mean: why.inFlight.mean,
    in_flight_usual: why.inFlight.usual,
    callers: why.callers.map(({ id, name, source, kind, duration, isCertain }) => ({
      id,
      lane: Math.floor(id / 2 ** 43),
      seq: id % 2 ** 43,
      name,
      source,
      kind,
      duration_ns: duration,
      certain: isCertain,
    })),
    cut: why.isCut,
    uncounted: why.uncounted,
  }
}

test.serial('a slow call is explained as kr explains it', async (t) => {
  // Promise: db.why says all that kr why --json says, off the event loop or on it.
  const db = openDatabase(t)
  await serve(db)
  const rows = await db.fetchAll()
  for (const { id, name } of rows) {
    const why = await db.why(id)
    if (why === undefined) return t.fail(`no answer about ${name}`)
    t.is(why.call.id, id)
    t.true(why.parts.includes(why.reason))
    const total = why.parts.reduce((sum, part) => sum + part.duration, 0)
    t.is(total, why.call.duration, 'the parts add up to the call')
    const { verdict, call } = why
    t.deepEqual(asKr(db.whySync(id) ?? why), asKr(why))
    t.is(verdict.startsWith(call.name.replace('\u001b', String.raw`\u{1b}`)), true, verdict)
  }
  const chosen = [rows[0], rows[1], rows.find(({ name }) => name === 'hash'), rows.at(-1)]
  for (const row of chosen) {
    const why = await db.why(row?.id ?? Number.NaN)
    const ended = await execute([program, 'why', `${row?.id}`, '--json'], root, {
      KRONICLER_DIR: db.dir,
      LC_ALL: 'C.UTF-8',
    })
    t.deepEqual([ended.code, ended.stderr], [0, ''])
    const { schema, command, dir, partial, ...answer } = JSON.parse(ended.stdout)
    t.deepEqual([schema, command, dir, partial], [1, 'why', db.dir, false])
    t.deepEqual(why && asKr(why), answer)
  }
  return undefined
})

test.serial('the reason of a blocked request is what blocked it', async (t) => {
  // Promise: who is named as the reason is who kept the thread, with the function it began with.
  const db = openDatabase(t)
  const why = await db.why(await serve(db))
  t.is(why?.reason.kind, 'blocked')
  t.deepEqual([why?.reason.name, why?.reason.of], ['hash', 'login'])
  t.is(why?.reason.path.at(-1)?.name, 'hash')
  t.is(why?.ofAll.count, 21)
  t.true(why?.ofAll.isSlowest)
  t.is(why?.call.toJSON().name, 'request \u001b[31m')
})

test.serial('a call that is not there is not explained', async (t) => {
  // Promise: an id that no row has is undefined, one that cannot be an id is refused.
  const db = openDatabase(t)
  t.is(await db.why(0), undefined)
  t.is(db.whySync(2 ** 53 - 1), undefined)
  await t.throwsAsync(() => db.why(-1), { instanceOf: RangeError, message: /^id must be from 0/ })
  t.throws(() => db.whySync('0' as never), { instanceOf: TypeError, message: /^id must be/ })
  db.closeSync()
  await rejectsCode(t, 'KRONICLER_CLOSED', () => db.why(0))
})
