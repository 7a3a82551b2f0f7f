/** Groups, outliers, histograms and heatmaps: each number counted once more from the rows. */
/* oxlint-disable unicorn/consistent-function-scoping -- each test holds what it is about */

import test from 'ava'
import type { ExecutionContext } from 'ava'
import { Database } from 'kronicler'
import type { Filter, Grouping, Histogram } from 'kronicler'

import { openDatabase } from './harness.js'

const minuteNs = 60_000_000_000n
const begin = 1_700_000_040_000_000_000n
const rowCount = 2_000

interface Known {
  name: string
  end: bigint
  duration: number
}

/** Rows over 20 minutes whose durations span six powers of ten. */
function fill(db: Database): Known[] {
  return Array.from({ length: rowCount }, (_, index) => {
    const name = index % 5 === 0 ? 'rare' : 'usual'
    const end = begin + (BigInt(index) * 20n * minuteNs) / BigInt(rowCount)
    const spread = 10 ** (3 + ((index * 7_919) % 4_001) / 1_000)
    const duration = index % 400 === 0 ? 900_000_000 : Math.round(spread)
    db.capture(name, [], end - BigInt(duration), end)
    return { name, end, duration }
  })
}

function opened(t: ExecutionContext): { db: Database; known: Known[] } {
  const db = openDatabase(t)
  return { db, known: fill(db) }
}

/** Nearest rank. */
function quantile(durations: readonly number[], q: number): number {
  const sorted = durations.toSorted((left, right) => left - right)
  return sorted[Math.max(Math.ceil(q * sorted.length), 1) - 1] ?? Number.NaN
}

function sum(values: Iterable<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0)
}

test('groups hold the calls that share what they were grouped by', async (t) => {
  // Promise: each call is in exactly the group it belongs to, off the event loop or on it.
  const { db, known } = opened(t)
  const minutes = await db.query({ by: { every: 60_000 } })
  t.is(minutes.length, 2 * 20, 'two functions, twenty minutes')
  for (const { group, stats } of minutes) {
    const [start, end] = [group.start, group.end].map((time) => BigInt(time?.getTime() ?? 0))
    const of = known.filter(
      (row) =>
        row.name === stats.name &&
        row.end >= (start ?? 0n) * 1_000_000n &&
        row.end < (end ?? 0n) * 1_000_000n,
    )
    const durations = of.map((row) => row.duration)
    const expected = [of.length, sum(durations), Math.max(...durations)]
    t.deepEqual([stats.count, stats.sum, stats.max], expected)
    t.true(Math.abs(stats.p90 - quantile(durations, 0.9)) <= 0.01 * stats.p90)
    t.is(stats.slowest?.duration, stats.max)
  }
  const plain = (by: Grouping): unknown[] =>
    db.querySync({ by }).map(({ group, stats }) => [group, stats.name, stats.count])
  const first = minutes.map(({ group, stats }) => [group, stats.name, stats.count])
  t.deepEqual(plain({ every: 60_000 }), first)
  const both = (group: object): unknown[] => [
    [group, 'rare', 400],
    [group, 'usual', 1_600],
  ]
  const period = (start: number, end: number): object => ({
    start: new Date(start),
    end: new Date(end),
  })
  t.deepEqual(plain('hour'), both(period(1_699_999_200_000, 1_700_002_800_000)))
  t.deepEqual(plain('day'), both(period(1_699_920_000_000, 1_700_006_400_000)))
  t.deepEqual(plain('outcome'), both({ outcome: 'ok' }))
  t.deepEqual(plain('kind'), both({ kind: 'manual' }))
  t.deepEqual(plain('thread'), both({ thread: 0 }))
  const [version] = db.querySync({ by: 'version', limit: 1 })
  t.deepEqual(Object.keys(version?.group ?? {}), ['service', 'version'])
  const [instance] = db.querySync({ by: 'instance', limit: 1 })
  t.deepEqual(Object.keys(instance?.group ?? {}), ['service', 'instance'])
  const name = instance?.group.instance
  t.is(typeof name, 'string')
  t.is(db.querySync({ instance: name ?? '' }).length, 2)
})

test('filters by duration, kind, version, lane and thread want what they say', async (t) => {
  // Promise: a filter leaves out what it must, and nothing else, whichever question it is for.
  const { db, known } = opened(t)
  const counted = async (filter: Filter): Promise<number[]> => {
    const [stats, rows] = [await db.query(filter), await db.fetchAll(filter)]
    return [sum(stats.map((one) => one.count)), rows.length]
  }
  const between = known.filter((row) => row.duration >= 5_000 && row.duration <= 50_000).length
  t.deepEqual(await counted({ minDuration: 5_000, maxDuration: 50_000 }), [between, between])
  const { service = '-', version = '-' } = db.querySync({ by: 'version' })[0]?.group ?? {}
  const all: Filter[] = [
    { kind: 'manual', thread: 0, lane: 0 },
    { service, version },
    { until: begin + 60n * minuteNs },
  ]
  for (const filter of all) t.deepEqual(await counted(filter), [rowCount, rowCount])
  const none: Filter[] = [
    { kind: 'sync' },
    { thread: 1 },
    { lane: 1 },
    { lane: 100_000 },
    { version: 'no such' },
    { service: 'no such' },
    { instance: 'nobody' },
  ]
  for (const filter of none) t.deepEqual(await counted(filter), [0, 0], JSON.stringify(filter))
  const refuses = (act: () => unknown, message: RegExp): unknown => t.throws(act, { message })
  refuses(() => db.querySync({ kind: 'other' as 'sync' }), /filter\.kind must be one of/u)
  refuses(() => db.querySync({ by: 'week' as 'day' }), /filter\.by must be 'hour'/u)
  refuses(() => db.querySync({ by: { every: 0.5 } }), /filter\.by\.every must be a whole/u)
  refuses(() => db.querySync({ by: { every: 1 }, since: 0 }), /use longer ones/u)
  refuses(() => db.fetchAllSync({ by: 'hour' } as Filter), /unknown key 'by'/u)
})

test('histograms count every call once', async (t) => {
  // Promise: counts are exact, on an axis of the library's choice and between any edges.
  const { db, known } = opened(t)
  const check = (found: Histogram, durations: readonly number[]): void => {
    const { edges, counts, below, above } = found
    const within = (index: number): number =>
      durations.filter((ns) => ns >= (edges[index] ?? 0) && ns < (edges[index + 1] ?? 0)).length
    t.deepEqual(Array.from(counts), Array.from(counts, (_, index) => within(index)))
    t.is(below + above + sum(counts), durations.length)
  }
  const durations = known.map((row) => row.duration)
  const found = await db.histogram()
  check(found, durations)
  t.deepEqual(db.histogramSync(), found)
  const usual = known.filter((row) => row.name === 'usual').map((row) => row.duration)
  check(db.histogramSync('usual', { bins: 7 }), usual)
  const exact = await db.histogram({ name: 'usual' }, { edges: [1_000_000, 2_000, 1_500] })
  check(exact, usual)
  t.deepEqual(Array.from(exact.edges), [1_500, 2_000, 1_000_000])
  t.is(exact.below, usual.filter((ns) => ns < 1_500).length)
  t.deepEqual(db.histogramSync('nothing'), {
    edges: new Float64Array(),
    counts: new Float64Array(),
    below: 0,
    above: 0,
  })
  const both = { bins: 5, edges: [1, 2] }
  t.throws(() => db.histogramSync('a', both), { message: /both bins and edges/u })
  t.throws(() => db.histogramSync('a', { bins: 0 }), { instanceOf: RangeError })
  t.throws(() => db.histogramSync('a', { edges: [1, 2.5] }), { message: /options\.edges\[1\]/u })
})

test('heatmaps count every call in its cell', async (t) => {
  // Promise: a cell holds the calls of its period and durations; lines are within 1 %.
  const { db, known } = opened(t)
  const since = begin + minuteNs / 2n
  const wanted = known.filter((row) => row.end >= since)
  const map = await db.heatmap({ since }, { columns: 30, bins: 25, quantiles: [0.5, 1] })
  t.deepEqual(db.heatmapSync({ since }, { columns: 30, bins: 25, quantiles: [0.5, 1] }), map)
  const { times, edges, counts, quantiles } = map
  const [periodCount, binCount] = [times.length - 1, edges.length - 1]
  t.true([30, 31].includes(periodCount) && binCount <= 25, `${periodCount} x ${binCount}`)
  t.is(counts.length, periodCount * binCount)
  t.is(sum(counts), wanted.length)
  for (let period = 0; period < periodCount; period++) {
    const [from, to] = [times[period] ?? 0n, times[period + 1] ?? 0n]
    const of = wanted.filter((row) => row.end >= from && row.end < to).map((row) => row.duration)
    const column = Array.from({ length: binCount }, (_, bin) => {
      const [low, high] = [edges[bin] ?? 0, edges[bin + 1] ?? 0]
      return of.filter((ns) => ns >= low && ns < high).length
    })
    t.deepEqual(Array.from(counts.subarray(period * binCount, (period + 1) * binCount)), column)
    for (const [line, q] of [0.5, 1].entries()) {
      const [close, exact] = [quantiles[line]?.[period] ?? 0, quantile(of, q)]
      t.true(Number.isNaN(exact) ? Number.isNaN(close) : Math.abs(close - exact) <= exact / 100)
    }
  }
  t.deepEqual(db.heatmapSync('nothing', { quantiles: [] }).quantiles, [])
  t.throws(() => db.heatmapSync('a', { columns: 5_000 }), { message: /options\.columns/u })
  t.throws(() => db.heatmapSync('a', { quantiles: [2] }), { message: /options\.quantiles\[0\]/u })
})

test('outliers are functions with rare slow calls', async (t) => {
  // Promise: who is now and then far slower than usual is found with what that costs.
  const db = openDatabase(t)
  for (let index = 0; index < 1_000; index++) {
    const duration = index % 250 === 249 ? 400_000_000n : 10_000_000n + BigInt(index % 7) * 100_000n
    db.capture('quote', [], 0n, duration)
    db.capture('even', [], 0n, 10_000_000n + BigInt(index % 7) * 100_000n)
  }
  const found = await db.outliers()
  t.deepEqual(db.outliersSync(), found)
  const counts = found.map(({ stats, slowCount }) => [stats.name, stats.count, slowCount])
  t.deepEqual(counts, [['quote', 1_000, 4]])
  const [worst] = found
  t.true(worst !== undefined && worst.limit > worst.median && worst.slowMean > worst.limit)
  t.true(Math.abs((worst?.slowMean ?? 0) - 400_000_000) <= 4_000_000)
  t.true((worst?.excessShare ?? 0) > 0.1 && (worst?.excessShare ?? 2) < 0.2)
  t.is(worst?.stats.slowest?.duration, 400_000_000)
  t.true((worst?.score ?? 0) > 1 && (worst?.mad ?? 1e9) < 1_000_000)
  t.true((worst?.tailMean ?? 0) > 100_000_000, 'four of the ten slowest took 400 ms')
})

test('a reader gives the answers of the writer', async (t) => {
  // Promise: another process, or a reader in this one, sees the same groups and pictures.
  const { db } = opened(t)
  await db.flush()
  const reader = Database.reader(db.dir)
  t.deepEqual(reader.histogramSync(), db.histogramSync())
  t.deepEqual(reader.heatmapSync(), db.heatmapSync())
  const json = (from: Database): string => JSON.stringify(from.querySync({ by: 'hour' }))
  t.is(json(reader), json(db))
})
