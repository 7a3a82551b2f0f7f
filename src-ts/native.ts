/** The addon's shape: the contract with crates/node. */

import type { Kind } from './columns.js'
import type { WhyKind } from './why.js'

/** What a filter looks like to the addon: absent means any. */
export interface NativeFilter {
  /** Exactly this name. */
  name?: string
  /** Names or patterns. */
  names?: string[]
  /** Nanoseconds since the Unix epoch, decimal: an end at this time or later. */
  since?: string
  /** Nanoseconds since the Unix epoch, decimal: an end before this time. */
  until?: string
  minDuration?: number
  maxDuration?: number
  outcome?: 'ok' | 'error' | 'aborted'
  kind?: 'sync' | 'async' | 'generator' | 'block' | 'http' | 'manual' | 'signal'
  /** `1xx` to `9xx`. */
  status?: string
  service?: string
  version?: string
  instance?: string
  lane?: number
  thread?: number
}

/** Options as the addon takes them; absent means the default. */
export interface NativeOptions {
  dir?: string
  durability?: 'sync' | 'interval' | 'os'
  maxBytes?: number
  maxAgeMs?: number
  service?: string
  version?: string
  instance?: string
  exitBudgetMs?: number
}

/**
 * Rows as columns, one after the other in one buffer of `count` rows:
 * ids (f64), ends (i64), durations (u64), name numbers (u32), threads (u32), flags (u8).
 * Flags: bits 0-1 the outcome (ok, error, aborted), bits 2-4 the kind (sync, async, generator,
 * block, http, manual, signal).
 */
export interface NativeRows {
  count: number
  columns: ArrayBuffer
  names: string[]
  sources: string[]
  /** How many calls a row of each of them stands for. */
  weights: number[]
  partial: boolean
  /** Details as JSON, one for each row, where they were asked for and there are some. */
  details?: (string | null | undefined)[]
}

/**
 * Statistics of functions; times in nanoseconds. For one function after the other as numbers:
 * name (an index), count, rows, errors, sum, mean, min, max, stdDev, stdErr, median, p75, p90, p95,
 * p99, p999, id of the slowest call (-1 when it has expired and is not remembered), expired,
 * resolution (0 none, 1 hour, 2 day).
 */
export interface NativeStats {
  count: number
  names: string[]
  sources: string[]
  values: ArrayBuffer
}

/** What the calls of a group share: what is absent, they do not. */
export interface NativeGroup {
  /** Milliseconds since the Unix epoch. */
  start?: number
  end?: number
  service?: string
  /** Version, instance, outcome, kind or class of status. */
  text?: string
  thread?: number
}

/** Statistics by group, and for each of them the index of its group as a number. */
export interface NativeGroups {
  groups: NativeGroup[]
  indices: ArrayBuffer
  stats: NativeStats
  unplaced: number
}

/**
 * Statistics, and for one function after the other as numbers: median, limit, slow calls, their
 * mean, the time they took beyond the median, that as a share of all time, score, median deviation,
 * mean of the slowest hundredth.
 */
export interface NativeOutliers {
  stats: NativeStats
  values: ArrayBuffer
}

/** Edges, of which there is one more than bins, then counts, as numbers. */
export interface NativeHistogram {
  edgeCount: number
  values: ArrayBuffer
  below: number
  above: number
}

/** Why a call took as long as it did; times in nanoseconds. */
export interface NativeWhy {
  /** One row. */
  call: NativeRows
  verdict: string
  /** Index of the part that the verdict names. */
  reason: number
  parts: NativePart[]
  ofAll: NativeAmong
  ofMinute: NativeAmong
  otherFunctions: number
  otherFunctionsSlowed: number
  otherFunctionsRatio?: number
  inFlight: number
  inFlightMean: number
  inFlightUsual: number
  callers: NativeCaller[]
  isCut: boolean
  uncounted: number
}

/** A part of a call's time. */
export interface NativePart {
  kind: WhyKind
  name?: string
  source?: string
  of?: string
  rows: number
  duration: number
  usual: number
  oneIn: number
  path: { name: string; source: string; kind: Kind; rows: number; duration: number }[]
}

/** Calls of a function, and where a call stands among them. */
export interface NativeAmong {
  count: number
  median: number
  fasterCount: number
  isSlowest: boolean
}

/** A call that made another. */
export interface NativeCaller {
  id: number
  name: string
  source: string
  kind: Kind
  duration: number
  isCertain: boolean
}

/** How a heatmap is drawn. */
export interface NativeShape {
  columns: number
  bins: number
  quantiles: number[]
}

/**
 * Times as 64-bit integers, one more than periods; then as numbers: edges, one more than bins,
 * counts by period and bin, quantiles by quantile and period, NaN where there is no call.
 */
export interface NativeHeatmap {
  timeCount: number
  edgeCount: number
  values: ArrayBuffer
  expired: number
  unplaced: number
}

/** What the bufferpool holds, and what it was good for. */
export interface PoolHealth {
  /** Bytes of the kept pages. */
  bytes: number
  /** Bytes that it may hold. */
  capacity: number
  /** Bytes of kept pages that are being read. */
  pinned: number
  /** Bytes of pages that are being read and not kept. */
  unkept: number
  /** Kept pages. */
  pages: number
  /** Pages that were found. */
  hits: number
  /** Pages that were not, so that they were read and decoded. */
  misses: number
  /** Of these, pages of large scans, which are not kept. */
  bypassed: number
  /** Of these, pages that found no place. */
  refused: number
  /** Pages that made room for others. */
  evicted: number
}

/** Where every call that was seen has gone. */
export interface NativeHealth {
  dir: string
  state: 'idle' | 'opening' | 'open' | 'stalled' | 'failed' | 'closed' | 'reader'
  error?: string
  /** Whether captures are paused by the control file of the directory. */
  paused: boolean
  lane?: number
  laneCount: number
  clock: 'tsc' | 'counter' | 'os'
  seen: number
  stored: number
  live: number
  expired: number
  quarantined: number
  pending: number
  skippedEvery: number
  droppedRing: number
  droppedThread: number
  droppedStore: number
  droppedClosed: number
  lostClock: number
  lostAtMost: number
  detailsDropped: number
  ringCount: number
  nameCount: number
  logSizeBytes: number
  segments: number
  segmentBytes: number
  historyBytes: number
  pool: PoolHealth
  unreadableHeads: number
}

/** A database, or a reader of one (`isReader`), which refuses what writes. */
export interface NativeStore {
  readonly id: number
  readonly dir: string
  readonly isReader: boolean
  /**
   * The number that records carry instead of a name. Each of them stands for `weight` calls, and,
   * if it is one of http, has a status whose first digit is `statusClass`; else that is 0. Above
   * `slowMs` a call is slow; without it the slowest hundredth is.
   */
  site(
    name: string,
    source: string,
    isChosen: boolean,
    weight: number,
    statusClass: number,
    slowMs?: number,
  ): number
  /** Whether an answer since the last call lacked rows that could not be read. */
  takePartial(): boolean
  average(name: string): number | null
  functionNames(): string[]
  has(name: string): boolean
  fetch(id: number): NativeRows
  health(): NativeHealth
  stats(filter: NativeFilter): Promise<NativeStats>
  statsSync(filter: NativeFilter): NativeStats
  /** By `version`, `instance`, `outcome`, `kind`, `status`, `thread`, or so many milliseconds. */
  groups(filter: NativeFilter, by: string): Promise<NativeGroups>
  groupsSync(filter: NativeFilter, by: string): NativeGroups
  outliers(filter: NativeFilter): Promise<NativeOutliers>
  outliersSync(filter: NativeFilter): NativeOutliers
  /** At most `bins` bins, or those between `edges` if there are any. */
  histogram(filter: NativeFilter, bins: number, edges: number[]): Promise<NativeHistogram>
  histogramSync(filter: NativeFilter, bins: number, edges: number[]): NativeHistogram
  heatmap(filter: NativeFilter, shape: NativeShape): Promise<NativeHeatmap>
  heatmapSync(filter: NativeFilter, shape: NativeShape): NativeHeatmap
  /** Null when there is no row with this id. */
  why(id: number): Promise<NativeWhy | null>
  whySync(id: number): NativeWhy | null
  /** Empty when there is no row. */
  percentiles(filter: NativeFilter, qs: number[], exact: boolean): Promise<number[]>
  percentilesSync(filter: NativeFilter, qs: number[], exact: boolean): number[]
  slowest(filter: NativeFilter, limit: number): Promise<NativeRows>
  slowestSync(filter: NativeFilter, limit: number): NativeRows
  /** Newest first. */
  newest(filter: NativeFilter, limit: number): Promise<NativeRows>
  newestSync(filter: NativeFilter, limit: number): NativeRows
  /** All rows that the filter wants, in the order of their ids, in batches. */
  rows(filter: NativeFilter): NativeRowStream
  flush(): Promise<void>
  flushSync(): void
  clear(): Promise<void>
  clearSync(): void
  close(): Promise<void>
  closeSync(): void
}

/** A stream of rows; a batch has about `count` of them, `null` is the end. */
export interface NativeRowStream {
  /** Whether rows so far could not be read. To be asked when no `next` is under way. */
  readonly isPartial: boolean
  next(count: number): Promise<NativeRows | null>
  nextSync(count: number): NativeRows | null
}

/**
 * The addon. Its errors have a message `KRONICLER_CODE: text`.
 *
 * `tick`, `end` and `insert` take no arguments; they speak through the scratch of their thread,
 * 16 doubles (`f[]`), seen as 32-bit integers, too (`u[]`):
 *
 * - `tick()` writes the present tick to `f[0]`, as bits.
 * - `end()` reads the start tick from `f[0]`, `site << 8 | flags` from `u[2]`, the id of the
 *   database from `u[3]`, and records a call that ends now.
 * - `insert()` reads start and end from `f[0]` and `f[2]` (numbers if `u[6]` is 0, 64-bit integers
 *   if it is 1), the rest as `end`; writes 0 to `u[7]`, or 1 when it failed: then `insertError()`
 *   throws why. With 2 in `u[6]` times are integers, the kind is any, and the record is dropped and
 *   counted if there is no room.
 * - `u[8]` is 0 while nothing is paused, in all threads of the process. Bit 0: everything is, by
 *   `setPaused()`. The bits above: how many databases are, each by the control file of its
 *   directory; their ids follow from `u[9]` on, up to `u[30]`.
 * - `u[31]` is where `end()` leaves a ticket when the call failed or was slow. Who called `end()`
 *   puts 0 there again, and hands over the detail with it, by `handOver()`, at once.
 */
export interface Binding {
  /** Must be the version of the package. */
  readonly VERSION: string
  /** Makes this thread ready to capture; returns the scratch that is used from then on. */
  attach(scratch: Float64Array, thread: number): Float64Array
  tick(): void
  end(): void
  /** As `end()`, for a call that has a number, as have who made it (0: nobody) and its request. */
  endIn(call: number, parent: number, request: number): void
  insert(): void
  insertError(): void
  /** Hands over the detail of a call, at most 4,000 bytes. */
  handOver(database: number, ticket: number, detail: Uint8Array): void
  /**
   * Tells what was hooked for a database, or could not be: kinds are those of HOOKS frames in
   * docs/format.md. Makes no file. Of texts 256 bytes are kept.
   */
  tellHook(
    database: number,
    kind: number,
    subject: string,
    functions: number,
    remark: string,
  ): void
  /** Pauses capturing in all threads of this process, or ends that pause. */
  setPaused(isPaused: boolean): void
  /** Chooses the clock of the process before its first use: `tsc`, `os`, or the best there is. */
  chooseClock(wish?: string): string
  /** Begins to log to stderr: `RUST_LOG` syntax. */
  logTo(filter: string): void
  /** Sets what this process uses where nothing is said. To be called before anything is opened. */
  setDefaults(options: NativeOptions): void
  /** Sets options of the default database before its first row. */
  configure(options: NativeOptions): void
  defaultStore(): NativeStore
  openStore(options: NativeOptions): NativeStore
  openReader(dir: string): NativeStore
  exists(dir: string): boolean
}
