/** Statistics of random calls, counted again by DuckDB on the same rows. */

import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

import { Database, capture } from 'kronicler'
import type { Filter, GroupStats, Stats } from 'kronicler'
import type { ExecutionContext } from 'ava'

import { tempDir } from './harness.js'
import { execute } from './packaging/project.js'
import { testWith } from './tools.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const isWindows = process.platform === 'win32'
const program = path.join(root, 'npm/local', isWindows ? 'kr.exe' : 'kr')
const folder = path.join(root, '__test__/duckdb')
const python = path.join(folder, isWindows ? 'python/Scripts/python.exe' : 'python/bin/python')

const hourNs = 3_600_000_000_000n
const begin = 1_700_000_000_000_000_000n
const quantiles = [0, 0.001, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1]

/** What DuckDB counts of a function in a group. */
interface Counted {
  group: string
  name: string
  count: number
  errors: number
  sum: string
  mean: number
  deviation: number
  error: number
  min: string
  max: string
  quantiles: string[]
}

/** Numbers from 0 to below 1, the same in every run (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** How durations of functions are spread, and how many there are. */
const spreads: Record<string, { count: number; draw: (random: () => number) => number }> = {
  one: { count: 1, draw: (random) => random() * 1e9 },
  two: { count: 2, draw: (random) => random() * 1e9 },
  few: { count: 19, draw: (random) => random() * 1e6 },
  equal: { count: 1_000, draw: () => 123_456_789 },
  nothing: { count: 300, draw: () => 0 },
  ties: { count: 5_000, draw: (random) => [1, 999, 1_000, 70_000_001][Math.floor(random() * 4)]! },
  'two humps': { count: 4_000, draw: (random) => (random() < 0.9 ? 1e5 : 1e8) * (1 + random()) },
  // A Pareto distribution whose mean does not exist; cut after eleven days.
  heavy: { count: 20_000, draw: (random) => Math.min(1e3 / (1 - random()) ** 1.25, 1e15) },
  wide: { count: 20_000, draw: (random) => 10 ** (15 * random()) },
  // As durations mostly are: lognormal, by the central limit.
  usual: {
    count: 90_000,
    draw: (random) => 2e6 * Math.exp(random() + random() + random() + random() - 2),
  },
}

/** Calls of all spreads over six hours, mixed, and some that fail and were captured as such. */
async function fill(dir: string): Promise<void> {
  const db = new Database({ dir })
  const random = generator(2_718_281)
  const names = Object.entries(spreads).flatMap(([name, { count }]) => Array(count).fill(name))
  for (let index = names.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1))
    ;[names[index], names[other]] = [names[other], names[index]]
  }
  for (const name of names as string[]) {
    const duration = BigInt(Math.round(spreads[name]!.draw(random)))
    const end = begin + BigInt(Math.floor(random() * Number(6n * hourNs)))
    db.capture(name, [], end - duration, end)
  }
  const attempt = capture(
    'attempt',
    (isFailing: boolean) => {
      if (isFailing) throw new Error('as wanted')
    },
    { db },
  )
  for (let index = 0; index < 2_000; index++) {
    try {
      attempt(random() < 0.3)
    } catch {
      // It was to fail.
    }
  }
  await db.close()
}

async function counted(
  t: ExecutionContext,
  cwd: string,
  by: string,
  range: readonly bigint[] = [],
): Promise<Counted[]> {
  const script = path.join(folder, 'count_again.py')
  const args = [by, quantiles.join(','), ...range.map(String)]
  const command = [python, script, 'calls.parquet', ...args]
  const ended = await execute(command, cwd, { PYTHONIOENCODING: 'utf-8' })
  t.is(ended.code, 0, ended.stderr)
  const lines = ended.stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as Counted)
}

function near(
  t: ExecutionContext,
  what: string,
  found: number,
  right: number,
  within: number,
): void {
  const isNear = Math.abs(found - right) <= within * Math.abs(right)
  t.true(isNear, `${what} is ${found}, not ${right}`)
}

function check(t: ExecutionContext, stats: Stats | undefined, right: Counted, where: string): void {
  const what = `${where}, ${right.name} ${right.group}:`
  if (stats === undefined) return t.fail(`${what} is missing`)
  t.deepEqual([stats.name, stats.count, stats.rows], [right.name, right.count, right.count], what)
  t.is(stats.errors, right.errors, what)
  near(t, `${what} sum`, stats.sum, Number(right.sum), 1e-9)
  near(t, `${what} mean`, stats.mean, right.mean, 1e-9)
  near(t, `${what} deviation`, stats.stdDev, right.deviation, 1e-9)
  near(t, `${what} error`, stats.stdErr, right.error, 1e-9)
  t.deepEqual([stats.min, stats.max], [Number(right.min), Number(right.max)], what)
  const { median, p75, p90, p95, p99, p999 } = stats
  const exact = (q: number): number => Number(right.quantiles[quantiles.indexOf(q)])
  const sketched = { 0.5: median, 0.75: p75, 0.9: p90, 0.95: p95, 0.99: p99, 0.999: p999 }
  for (const [q, found] of Object.entries(sketched)) {
    near(t, `${what} quantile ${q}`, found, exact(Number(q)), 0.01)
  }
  return undefined
}

/** Percentiles of a part of the rows: exact ones are equal, others within 1 %. */
async function checkPercentiles(
  t: ExecutionContext,
  db: Database,
  filter: Filter,
  right: Counted,
): Promise<void> {
  const expected = right.quantiles.map(Number)
  t.deepEqual(await db.percentiles(filter, quantiles, { exact: true }), expected, right.name)
  const found = await db.percentiles(filter, quantiles)
  for (const [index, q] of quantiles.entries()) {
    near(t, `${right.name}, quantile ${q}`, found[index]!, expected[index]!, 0.01)
  }
}

testWith('__test__/duckdb')('DuckDB counts the same statistics', async (t) => {
  // Promise: what is exact is right to a part in 10^9, percentiles are those of the nearest rank,
  // sketches are within 1 %: of few rows, ties and heavy tails, of time ranges and of groups.
  const cwd = tempDir(t)
  const dir = path.join(cwd, '.kronicler_data')
  await fill(dir)
  const ended = await execute([program, 'export', '-q', '-o', 'calls.parquet'], cwd, {})
  t.deepEqual([ended.code, ended.stderr], [0, ''])
  const db = Database.reader(dir)

  const all = await counted(t, cwd, 'name')
  t.is(all.length, Object.keys(spreads).length + 1)
  t.deepEqual(db.stats().map(({ name }) => name), all.map(({ name }) => name))
  for (const right of all) {
    check(t, db.stats(right.name), right, 'all')
    await checkPercentiles(t, db, { name: right.name }, right)
  }

  // Times that are ends of rows: the first is in the range, the second is not.
  const random = generator(31_415)
  const ends: bigint[] = []
  for await (const { columns } of db.rows({ name: 'usual' })) ends.push(...columns.end)
  for (let round = 0; round < 4; round++) {
    const pick = (): bigint => ends[Math.floor(random() * ends.length)]!
    const [since, until] = [pick(), pick()].toSorted((left, right) => (left < right ? -1 : 1))
    const range = [since!, until!]
    const rows = await counted(t, cwd, 'name', range)
    const found = await db.query({ since: since!, until: until! })
    t.deepEqual(found.map(({ name }) => name), rows.map(({ name }) => name))
    for (const [index, right] of rows.entries()) {
      check(t, found[index], right, `from ${since} to ${until}`)
      await checkPercentiles(t, db, { name: right.name, since: since!, until: until! }, right)
    }
  }

  for (const by of ['hour', 'outcome'] as const) {
    const rows = await counted(t, cwd, by)
    const found: GroupStats[] = await db.query({ by })
    const groups = found.map(({ group, stats }) => {
      const label = by === 'hour' ? String(group.start?.getTime()) : String(group.outcome)
      return { label, stats }
    })
    t.is(groups.length, rows.length, by)
    for (const right of rows) {
      const isIt = (one: { label: string; stats: Stats }): boolean =>
        one.label === right.group && one.stats.name === right.name
      const of = groups.find(isIt)
      check(t, of?.stats, right, by)
    }
  }
  t.deepEqual(
    [...new Set((await counted(t, cwd, 'outcome')).map(({ group }) => group))].toSorted(),
    ['error', 'ok'],
  )
})
