/** What can be asked of a database. */

import { checkString } from './arguments.js'
import { translated } from './errors.js'
import { checkFilter, checkQuestion } from './filter.js'
import { checked } from './gaps.js'
import { checkGroupedFilter, toAnswer } from './groups.js'
import { toOutliers } from './outliers.js'
import { checkHeatmap, checkHistogram, toHeatmap, toHistogram } from './pictures.js'
import { checkId, checkQuantiles, joined, toLogs, toLogsInParts, toRows } from './answers.js'
import { RowBatch } from './row-batch.js'
import { batches, batchesSync } from './row-stream.js'
import { toStats } from './stats.js'
import { toWhy } from './why.js'
import { enqueue } from './work.js'
import type { Filter } from './filter.js'
import type { GroupStats, GroupedFilter } from './groups.js'
import type { NativeGroups, NativeStats, NativeStore } from './native.js'
import type { Outlier } from './outliers.js'
import type { Heatmap, HeatmapOptions, Histogram, HistogramOptions } from './pictures.js'
import type { LogEntry, PercentilesOptions } from './answers.js'
import type { Row } from './row.js'
import type { Stats } from './stats.js'
import type { Why } from './why.js'

const logCount = 10_000
const slowestCount = 10

/** Questions about the rows of a database: the part of it that only reads. */
export abstract class Questions {
  readonly #store: () => NativeStore

  /** @internal Of the store that this gives, or throws why there is none. */
  constructor(store: () => NativeStore) {
    this.#store = store
  }

  /**
   * Mean duration in nanoseconds of all calls with this name; undefined without any.
   *
   * @example
   * ```ts
   * db.average('users.find') // 81250.5
   * ```
   */
  average(name: string): number | undefined {
    const wanted = checkString('name', name)
    const store = this.#store()
    return checked(store, translated(() => store.average(wanted))) ?? undefined
  }

  /**
   * Whether there is a call with this name.
   *
   * @example
   * ```ts
   * db.has('users.find') // true
   * ```
   */
  has(name: string): boolean {
    const wanted = checkString('name', name)
    const store = this.#store()
    return translated(() => store.has(wanted))
  }

  /**
   * Names of all functions that have rows, sorted.
   *
   * @example
   * ```ts
   * db.functionNames() // ['GET /orders/:id', 'users.find']
   * ```
   */
  functionNames(): string[] {
    const store = this.#store()
    return Array.from(checked(store, translated(() => store.functionNames())))
  }

  /**
   * Statistics of one function, or undefined without any call.
   *
   * @example
   * ```ts
   * const { count, median, p99 } = db.stats('users.find') ?? {}
   * ```
   */
  stats(name: string): Stats | undefined
  /**
   * Statistics of every function that the filter wants, by name. `limit` counts functions. At
   * once, by totals; but a filter by time, duration, instance or thread may read much, and blocks
   * until that is done: ask `query` then.
   *
   * @example
   * ```ts
   * console.table(db.stats({ name: 'GET *' }).map((stats) => stats.toJSON()))
   * ```
   */
  stats(filter?: Filter): Stats[]
  stats(question?: string | Filter): Stats | Stats[] | undefined {
    const isName = typeof question === 'string'
    const { native, limit } = checkQuestion(question)
    const store = this.#store()
    const found = checked(store, translated(() => store.statsSync(native)))
    const all = toStats(found, limit, (id) => this.fetch(id))
    return isName ? all[0] : all
  }

  /**
   * What `stats` gives for a filter, without blocking: a time range may read much.
   *
   * @example
   * ```ts
   * const lastDay = await db.query({ since: Date.now() - 24 * 3_600_000 })
   * ```
   */
  query(filter?: Filter): Promise<Stats[]>
  /**
   * The same by group: for each function those groups in which it has calls. Expired calls whose
   * group is not known are left out. `limit` counts functions and groups.
   *
   * @example
   * ```ts
   * const [{ group, stats } = {}] = await db.query({ name: 'users.find', by: 'hour' })
   * ```
   */
  query(filter: GroupedFilter): Promise<GroupStats[]>
  async query(filter?: Filter | GroupedFilter): Promise<Stats[] | GroupStats[]> {
    const { native, limit, by } = checkGroupedFilter(filter)
    const store = this.#store()
    const found = await enqueue<NativeStats | NativeGroups>(() =>
      by === undefined ? store.stats(native) : store.groups(native, by.native),
    )
    return toAnswer(checked(store, found), by, limit, (id) => this.fetch(id))
  }

  /** As `query`, blocking. */
  querySync(filter?: Filter): Stats[]
  querySync(filter: GroupedFilter): GroupStats[]
  querySync(filter?: Filter | GroupedFilter): Stats[] | GroupStats[] {
    const { native, limit, by } = checkGroupedFilter(filter)
    const store = this.#store()
    const found = translated(() =>
      by === undefined ? store.statsSync(native) : store.groupsSync(native, by.native),
    )
    return toAnswer(checked(store, found), by, limit, (id) => this.fetch(id))
  }

  /**
   * Functions that are now and then far slower than usual, the farthest from it first.
   *
   * @example
   * ```ts
   * const [worst] = await db.outliers({ since: Date.now() - 3_600_000 })
   * ```
   */
  async outliers(filter?: Filter): Promise<Outlier[]> {
    const { native, limit } = checkFilter(filter)
    const store = this.#store()
    const found = checked(store, await enqueue(() => store.outliers(native)))
    return toOutliers(found, limit, (id) => this.fetch(id))
  }

  /** As `outliers`, blocking. */
  outliersSync(filter?: Filter): Outlier[] {
    const { native, limit } = checkFilter(filter)
    const store = this.#store()
    const found = checked(store, translated(() => store.outliersSync(native)))
    return toOutliers(found, limit, (id) => this.fetch(id))
  }

  /**
   * How many calls of a name, or of what a filter wants, took how long.
   *
   * @example
   * ```ts
   * const { edges, counts } = await db.histogram('users.find', { bins: 20 })
   * ```
   */
  async histogram(question?: string | Filter, options?: HistogramOptions): Promise<Histogram> {
    const { native, bins, edges } = checkHistogram(question, options)
    const store = this.#store()
    return toHistogram(checked(store, await enqueue(() => store.histogram(native, bins, edges))))
  }

  /** As `histogram`, blocking. */
  histogramSync(question?: string | Filter, options?: HistogramOptions): Histogram {
    const { native, bins, edges } = checkHistogram(question, options)
    const store = this.#store()
    return toHistogram(checked(store, translated(() => store.histogramSync(native, bins, edges))))
  }

  /**
   * The same over time: from `since` to `until`, else as far as there are rows.
   *
   * @example
   * ```ts
   * const { times, edges, counts, quantiles } = await db.heatmap({ name: 'GET *' })
   * ```
   */
  async heatmap(question?: string | Filter, options?: HeatmapOptions): Promise<Heatmap> {
    const { native, shape } = checkHeatmap(question, options)
    const store = this.#store()
    const found = checked(store, await enqueue(() => store.heatmap(native, shape)))
    return toHeatmap(found, shape.quantiles.length)
  }

  /** As `heatmap`, blocking. */
  heatmapSync(question?: string | Filter, options?: HeatmapOptions): Heatmap {
    const { native, shape } = checkHeatmap(question, options)
    const store = this.#store()
    const found = checked(store, translated(() => store.heatmapSync(native, shape)))
    return toHeatmap(found, shape.quantiles.length)
  }

  /**
   * The row with this id, or undefined.
   *
   * @example
   * ```ts
   * db.fetch(0)?.duration
   * ```
   */
  fetch(id: number): Row | undefined {
    const wanted = checkId(id)
    const store = this.#store()
    return new RowBatch(checked(store, translated(() => store.fetch(wanted)))).at(0)
  }

  /**
   * All rows that the filter wants in the order of their ids; holds them all in memory.
   *
   * @example
   * ```ts
   * const failed = await db.fetchAll({ outcome: 'error', limit: 1_000 })
   * ```
   */
  async fetchAll(filter?: Filter): Promise<Row[]> {
    const parts: Row[][] = []
    for await (const batch of this.rows(filter)) parts.push(batch.toArray())
    return joined(parts)
  }

  /** As `fetchAll`, blocking. */
  fetchAllSync(filter?: Filter): Row[] {
    const { native, limit = Infinity } = checkFilter(filter)
    const store = this.#store()
    return translated(() => {
      const stream = batchesSync(store.rows(native), limit, store.dir)
      return joined(Array.from(stream, (batch) => batch.toArray()))
    })
  }

  /**
   * All rows that the filter wants in the order of their ids, in batches: two of them are in
   * memory, however many rows there are.
   *
   * @example
   * ```ts
   * let sum = 0n
   * for await (const batch of db.rows({ name: 'users.*' })) {
   *   for (const duration of batch.columns.duration) sum += duration
   * }
   * ```
   */
  rows(filter?: Filter): AsyncIterableIterator<RowBatch> {
    const { native, limit = Infinity } = checkFilter(filter)
    const store = this.#store()
    return batches(() => store.rows(native), limit, () => this.#store().dir)
  }

  /**
   * The newest rows, oldest first, as `[id, name, start, duration]`; 10,000 unless limited.
   *
   * @example
   * ```ts
   * app.get('/logs', async (_, response) => response.json(await db.logs()))
   * ```
   */
  async logs(filter?: Filter): Promise<LogEntry[]> {
    const { native, limit = logCount } = checkFilter(filter)
    const store = this.#store()
    return toLogsInParts(checked(store, await enqueue(() => store.newest(native, limit))))
  }

  /** As `logs`, blocking. */
  logsSync(filter?: Filter): LogEntry[] {
    const { native, limit = logCount } = checkFilter(filter)
    const store = this.#store()
    return toLogs(checked(store, translated(() => store.newestSync(native, limit))))
  }

  /**
   * The slowest rows, slowest first; 10 unless limited.
   *
   * @example
   * ```ts
   * const [slowest] = await db.slowest({ name: 'GET *', limit: 1 })
   * ```
   */
  async slowest(filter?: Filter): Promise<Row[]> {
    const { native, limit = slowestCount } = checkFilter(filter)
    const store = this.#store()
    return toRows(checked(store, await enqueue(() => store.slowest(native, limit))))
  }

  /** As `slowest`, blocking. */
  slowestSync(filter?: Filter): Row[] {
    const { native, limit = slowestCount } = checkFilter(filter)
    const store = this.#store()
    return toRows(checked(store, translated(() => store.slowestSync(native, limit))))
  }

  /**
   * Why the call with this id took as long as it did: what it called, waited for, or was blocked
   * by, in amounts of its time, and how it compares with other calls. Undefined without such a row.
   *
   * @example
   * ```ts
   * const [slowest] = await db.slowest({ name: 'GET *', limit: 1 })
   * if (slowest) console.log((await db.why(slowest.id))?.verdict)
   * ```
   */
  async why(id: number): Promise<Why | undefined> {
    const wanted = checkId(id)
    const store = this.#store()
    return toWhy(checked(store, await enqueue(() => store.why(wanted))))
  }

  /** As `why`, blocking. */
  whySync(id: number): Why | undefined {
    const wanted = checkId(id)
    const store = this.#store()
    return toWhy(checked(store, translated(() => store.whySync(wanted))))
  }

  /**
   * Nearest-rank percentiles of the durations in nanoseconds: `qs` lie between 0 and 1, 0.5 is
   * the median. Within 1 %, or exact when asked for; none when there is no row.
   *
   * @example
   * ```ts
   * const [median, p99] = await db.percentiles('users.find', [0.5, 0.99])
   * ```
   */
  async percentiles(
    name: string | Filter,
    qs: readonly number[],
    options?: PercentilesOptions,
  ): Promise<number[]> {
    const { native } = checkQuestion(name)
    const { quantiles, isExact } = checkQuantiles(qs, options)
    const store = this.#store()
    const found = await enqueue(() => store.percentiles(native, quantiles, isExact))
    return Array.from(checked(store, found))
  }

  /** As `percentiles`, blocking. */
  percentilesSync(
    name: string | Filter,
    qs: readonly number[],
    options?: PercentilesOptions,
  ): number[] {
    const { native } = checkQuestion(name)
    const { quantiles, isExact } = checkQuantiles(qs, options)
    const store = this.#store()
    const found = translated(() => store.percentilesSync(native, quantiles, isExact))
    return Array.from(checked(store, found))
  }
}
