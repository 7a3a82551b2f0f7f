/** `kronicler/otel`: spans of the real SDK of OpenTelemetry become calls. */

import type { ExecutionContext } from 'ava'
import test from 'ava'
import { Database } from 'kronicler'
import type { Health, Row } from 'kronicler'
import { KroniclerSpanProcessor } from 'kronicler/otel'

import { checkIdentity, openDatabase, rowsAfter, rowsOf, run } from './harness.js'
import { tempDir, throwsCode } from './harness.js'
import { testWith } from './tools.js'

const withFrameworks = testWith('__test__/frameworks')

interface Ended {
  health: Health
  rows: Row[]
}

/** Runs a part of the program with spans. */
async function rowsOfPart(t: ExecutionContext, part: string): Promise<Ended> {
  const cwd = tempDir(t)
  const ended = await run('../frameworks/spans.mjs', { cwd, args: [part] })
  t.deepEqual([ended.code, ended.stderr], [0, ''])
  return { health: JSON.parse(ended.stdout) as Health, rows: rowsAfter(t, cwd) }
}

function summary(rows: readonly Row[]): string[] {
  const lines = rows.map(({ name, outcome, kind }) => `${name} ${outcome} ${kind}`)
  return lines.map((line) => line.replace(/127\.0\.0\.1:\d+/, 'host')).toSorted()
}

withFrameworks('requests that the instrumentation of http sees are calls', async (t) => {
  // Promise: served ones by route and class of status, made ones by host.
  const { rows } = await rowsOfPart(t, 'requests')
  t.deepEqual(summary(rows), [
    'GET /users/:id error http',
    'GET /users/:id ok http',
    'GET ok http',
    'http GET host error async',
    'http GET host ok async',
    'http GET host ok async',
  ])
})

withFrameworks('spans keep their times and their outcome', async (t) => {
  // Promise: start and end as they were given, to the nanosecond; none after the shutdown.
  const { rows } = await rowsOfPart(t, 'spans')
  t.deepEqual(
    rows.map(({ name, start, duration, outcome, kind }) => [name, start, duration, outcome, kind]),
    [
      ['work', 1_700_000_000_000_000_000n, 250_000_000, 'ok', 'async'],
      ['broken', 1_700_000_000_000_000_000n, 1_000_000_000, 'error', 'async'],
    ],
  )
})

withFrameworks('names that hold an id, and more spans than find room', async (t) => {
  // Promise: names are bounded; what is dropped is counted, and nobody waits for the disk.
  const { health, rows } = await rowsOfPart(t, 'many')
  checkIdentity(t, health)
  t.is(health.seen, 203_000)
  const names = new Set(rows.map(({ name }) => name))
  t.true(names.size <= 2_001, `${names.size} names`)
  t.true(names.has('(other spans)'))
})

withFrameworks('spans that are built otherwise do no harm', async (t) => {
  // Promise: nothing is thrown; a span that ends before it begins has no duration.
  const { rows } = await rowsOfPart(t, 'strange')
  t.deepEqual(
    rows.map(({ name, duration }) => [name, duration]),
    [['Symbol(name)', 0]],
  )
})

test('a processor has a database of its own, or none', async (t) => {
  // Promise: the option is checked; a reader refuses; a database that is closed throws nothing.
  const db = openDatabase(t)
  const processor = new KroniclerSpanProcessor({ db })
  const span = {
    name: 'one',
    kind: 0,
    startTime: [1, 0],
    endTime: [1, 5],
    status: { code: 0 },
    attributes: {},
  } as const
  processor.onStart(span, undefined)
  processor.onEnd(span)
  await processor.forceFlush()
  t.deepEqual(rowsOf(t, db).map(({ name, duration }) => [name, duration]), [['one', 5]])
  const make = KroniclerSpanProcessor as unknown as new (options: unknown) => unknown
  t.throws(() => new make({ db: 1 }), { message: /options\.db/ })
  t.throws(() => new make({ dir: 'x' }), { message: /'dir'/ })
  throwsCode(t, 'KRONICLER_READ_ONLY', () => new make({ db: Database.reader(db.dir) }))
  db.closeSync()
  processor.onEnd(span)
  await processor.forceFlush()
  await processor.shutdown()
})
