/** Databases: manual rows, questions, health. */

import { checkDir, checkString, rangeError, typeError } from './arguments.js'
import { isEnabled } from './environment.js'
import { KroniclerError, translated } from './errors.js'
import { checkFilter, checkQuestion } from './filter.js'
import { absentHealth, toHealth, warnOfDrops } from './health.js'
import { checked } from './gaps.js'
import { checkGroupedFilter, toAnswer } from './groups.js'
import { findAddon, requireAddon } from './load.js'
import { putTimes } from './manual.js'
import { Opener, openerOf, storeKey } from './opener.js'
import type { Found } from './opener.js'
import { toOutliers } from './outliers.js'
import { checkHeatmap, checkHistogram, toHeatmap, toHistogram } from './pictures.js'
import { checkQuantiles, joined, toLogs, toRows } from './questions.js'
import { kindManual } from './record.js'
import { RowBatch } from './row-batch.js'
import { batches, batchesSync } from './row-stream.js'
import * as scratch from './scratch.js'
import { SiteCache, siteOf } from './sites.js'
import { toStats } from './stats.js'
import { enqueue } from './work.js'
import type { Filter } from './filter.js'
import type { Health } from './health.js'
import type { GroupStats, GroupedFilter } from './groups.js'
import type { NativeGroups, NativeStats, NativeStore } from './native.js'
import type { DatabaseOptions } from './options.js'
import type { Outlier } from './outliers.js'
import type { Heatmap, HeatmapOptions, Histogram, HistogramOptions } from './pictures.js'
import type { LogEntry, PercentilesOptions } from './questions.js'
import type { Row } from './row.js'
import type { Stats } from './stats.js'

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { doubles, words, insert, isCapturing, isPaused } = scratch

const logCount = 10_000
const slowestCount = 10

let fromOpener: (opener: Opener) => Database

/** The database of an opener. */
export function databaseOf(opener: Opener): Database {
  return fromOpener(opener)
}

/**
 * A database: all calls that were captured into one directory.
 *
 * Questions about totals and single rows answer at once. Those that may read much return a promise,
 * and have a twin that ends in `Sync` and blocks. All of them throw, or reject with, `TypeError`
 * and `RangeError` for wrong arguments, and `KroniclerError`: `KRONICLER_CLOSED` after a close,
 * `KRONICLER_IO` when files cannot be read, `KRONICLER_NO_BINARY` without the addon.
 *
 * @example
 * ```ts
 * const db = new Database({ dir: '/var/lib/shop/calls' })
 * const quote = capture('quote', (sku: string) => sku.length, { db })
 * quote('A-1')
 * console.log(db.stats('quote')?.median)
 * ```
 */
export class Database {
  readonly #opener: Opener
  readonly #sites: SiteCache
  #store: NativeStore | undefined
  #isClosed = false
  #flush: Promise<void> | undefined

  /**
   * Opens the database of a directory and reads what is in it, blocking; nothing is made on disk
   * before the first row. All handles of one directory in one process share one engine.
   *
   * @param options - where and how; what is absent is taken from the environment, else a default
   * @throws `KroniclerError` with `KRONICLER_OPTIONS_CONFLICT` when the directory is open in this
   * process with other options
   */
  constructor(options?: DatabaseOptions)
  constructor(options?: DatabaseOptions | Opener) {
    this.#opener = options instanceof Opener ? options : openerOf(options)
    this.#sites = new SiteCache((name) => siteOf(this.#writable(), name, '', true))
    if (isEnabled && findAddon().binding !== undefined) this.#opened()
  }

  /**
   * A reader of the database in a directory, which other processes may be writing. It never writes.
   *
   * @throws `KroniclerError`: `KRONICLER_NOT_FOUND`, `KRONICLER_NOT_A_DIRECTORY`
   * @example
   * ```ts
   * const reader = Database.reader('.kronicler_data')
   * console.log(reader.functionNames())
   * ```
   */
  static reader(dir: string): Database {
    const wanted = checkDir('dir', dir)
    const reader = fromOpener(new Opener(wanted, (binding) => binding.openReader(wanted)))
    reader.#opened()
    return reader
  }

  /**
   * Whether there is a database in a directory.
   *
   * @example
   * ```ts
   * if (Database.exists('.kronicler_data')) console.log('captured before')
   * ```
   */
  static exists(dir: string): boolean {
    const wanted = checkDir('dir', dir)
    return translated(() => requireAddon().exists(wanted))
  }

  static {
    fromOpener = (opener) => new Database(opener as DatabaseOptions)
    Object.defineProperty(this.prototype, storeKey, {
      value(this: Database): Found {
        return { store: this.#recordable(), scratch: doubles }
      },
    })
  }

  #opened(): NativeStore {
    this.#store ??= translated(() => this.#opener.open(requireAddon()))
    return this.#store
  }

  /** The store, for questions. */
  #usable(): NativeStore {
    if (this.#isClosed) {
      const text = `${this.#opener.dir} has been closed; open it again: new Database({ dir })`
      throw new KroniclerError('KRONICLER_CLOSED', text)
    }
    return this.#opened()
  }

  #writable(): NativeStore {
    const store = this.#usable()
    if (!store.isReader) return store
    const text = `${store.dir} was opened by Database.reader(), which never writes`
    throw new KroniclerError('KRONICLER_READ_ONLY', `${text}; use new Database({ dir })`)
  }

  /**
   * The store that wrappers record into; undefined where nothing is captured. A closed one
   * counts what it gets as dropped: a module that is loaded late must not fail for that.
   */
  #recordable(): NativeStore | undefined {
    if (!isCapturing) return undefined
    return this.#isClosed ? this.#opened() : this.#writable()
  }

  /** The directory. */
  get dir(): string {
    return this.#store?.dir ?? this.#opener.dir
  }

  /**
   * Inserts a row by hand. Times are nanoseconds since the Unix epoch (or another zero); numbers
   * are rounded to whole ones. Never drops the row: waits while the disk does not keep up, at
   * most `exitBudgetMs`, then throws. The arguments are taken so that a call looks like one of the
   * Python package; they are not stored.
   *
   * @param name - of what was done; not empty
   * @param start - when it began
   * @param end - when it ended, not before it began
   * @throws `KroniclerError`: `KRONICLER_STALLED`, `KRONICLER_STORE_FAILED`, `KRONICLER_READ_ONLY`
   * @example
   * ```ts
   * const start = process.hrtime.bigint()
   * db.capture('work', [], start, process.hrtime.bigint())
   * ```
   */
  capture(
    name: string,
    _args: unknown,
    start: number | bigint,
    end: number | bigint,
  ): void {
    if (typeof name !== 'string') throw typeError('name', 'a string', name)
    putTimes(start, end)
    if (!isEnabled) return
    if (this.#isClosed) this.#usable()
    const site = this.#sites.get(name)
    words[2] = site.tag | kindManual
    words[3] = site.database
    insert()
    if (words[7] !== 0) translated(() => requireAddon().insertError())
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
    const store = this.#usable()
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
    const store = this.#usable()
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
    const store = this.#usable()
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
   * Statistics of every function that the filter wants, by name. `limit` counts functions.
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
    const store = this.#usable()
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
    const store = this.#usable()
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
    const store = this.#usable()
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
    const store = this.#usable()
    const found = checked(store, await enqueue(() => store.outliers(native)))
    return toOutliers(found, limit, (id) => this.fetch(id))
  }

  /** As `outliers`, blocking. */
  outliersSync(filter?: Filter): Outlier[] {
    const { native, limit } = checkFilter(filter)
    const store = this.#usable()
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
    const store = this.#usable()
    return toHistogram(checked(store, await enqueue(() => store.histogram(native, bins, edges))))
  }

  /** As `histogram`, blocking. */
  histogramSync(question?: string | Filter, options?: HistogramOptions): Histogram {
    const { native, bins, edges } = checkHistogram(question, options)
    const store = this.#usable()
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
    const store = this.#usable()
    const found = checked(store, await enqueue(() => store.heatmap(native, shape)))
    return toHeatmap(found, shape.quantiles.length)
  }

  /** As `heatmap`, blocking. */
  heatmapSync(question?: string | Filter, options?: HeatmapOptions): Heatmap {
    const { native, shape } = checkHeatmap(question, options)
    const store = this.#usable()
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
    if (typeof id !== 'number') throw typeError('id', 'a number', id)
    if (!Number.isSafeInteger(id) || id < 0) throw rangeError('id', 'from 0 to 2^53 - 1', id)
    const store = this.#usable()
    return new RowBatch(checked(store, translated(() => store.fetch(id)))).at(0)
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
    const store = this.#usable()
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
    const store = this.#usable()
    return batches(() => store.rows(native), limit, () => this.#usable().dir)
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
    const store = this.#usable()
    return toLogs(checked(store, await enqueue(() => store.newest(native, limit))))
  }

  /** As `logs`, blocking. */
  logsSync(filter?: Filter): LogEntry[] {
    const { native, limit = logCount } = checkFilter(filter)
    const store = this.#usable()
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
    const store = this.#usable()
    return toRows(checked(store, await enqueue(() => store.slowest(native, limit))))
  }

  /** As `slowest`, blocking. */
  slowestSync(filter?: Filter): Row[] {
    const { native, limit = slowestCount } = checkFilter(filter)
    const store = this.#usable()
    return toRows(checked(store, translated(() => store.slowestSync(native, limit))))
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
    const store = this.#usable()
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
    const store = this.#usable()
    const found = translated(() => store.percentilesSync(native, quantiles, isExact))
    return Array.from(checked(store, found))
  }

  /**
   * Where every call that was seen has gone. Answers also after a close, and without the addon.
   *
   * @example
   * ```ts
   * const { seen, stored, pending, dropped } = db.health()
   * ```
   */
  health(): Health {
    const { error } = findAddon()
    if (error !== undefined) return absentHealth(this.dir, error)
    const store = this.#opened()
    const native = translated(() => store.health())
    const health = toHealth(native, isCapturing, native.paused || isPaused(store.id))
    warnOfDrops(health)
    return health
  }

  /**
   * Resolves when all that was captured before survives a power cut.
   *
   * @throws `KroniclerError`: `KRONICLER_STALLED`, `KRONICLER_STORE_FAILED`, `KRONICLER_READ_ONLY`
   * @example
   * ```ts
   * await db.flush() // before a function platform freezes the process
   * ```
   */
  async flush(): Promise<void> {
    const store = this.#writable()
    // Those that wait to begin are one: what comes before the last comes before all.
    this.#flush ??= enqueue(() => {
      this.#flush = undefined
      return store.flush()
    })
    return this.#flush
  }

  /** As `flush`, blocking. */
  flushSync(): void {
    const store = this.#writable()
    translated(() => store.flushSync())
  }

  /**
   * Forgets all rows, of whatever process. Ids begin at 0 again. No answer speaks of old rows from
   * then on; other processes begin anew within a second, or with their next call.
   *
   * @example
   * ```ts
   * await db.clear()
   * ```
   */
  async clear(): Promise<void> {
    const store = this.#writable()
    return enqueue(() => store.clear())
  }

  /** As `clear`, blocking. */
  clearSync(): void {
    const store = this.#writable()
    translated(() => store.clearSync())
  }

  /**
   * Stores what was captured and lets the directory go, for all handles of it in this process.
   * Captures from here on are counted as dropped. Not needed at the end of a program.
   *
   * @example
   * ```ts
   * await db.close()
   * ```
   */
  async close(): Promise<void> {
    const store = this.#beginClose()
    if (store !== undefined) await enqueue(() => store.close())
  }

  /** As `close`, blocking. */
  closeSync(): void {
    const store = this.#beginClose()
    if (store !== undefined) translated(() => store.closeSync())
  }

  /** The store to close, unless that has begun or there is none. */
  #beginClose(): NativeStore | undefined {
    if (this.#isClosed) return undefined
    this.#isClosed = true
    return this.#store
  }

  /** As `close`: `await using db = new Database({ dir })`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** As `closeSync`: `using db = new Database({ dir })`. */
  [Symbol.dispose](): void {
    this.closeSync()
  }
}
