/** Databases: opening and closing, manual rows, health. */

import { checkDir, typeError } from './arguments.js'
import { isEnabled } from './environment.js'
import { KroniclerError, translated } from './errors.js'
import { absentHealth, toHealth, warnOfDrops } from './health.js'
import { findAddon, requireAddon } from './load.js'
import { putTimes } from './manual.js'
import { Opener, openerOf, storeKey } from './opener.js'
import type { Found } from './opener.js'
import { Questions } from './questions.js'
import { kindManual } from './record.js'
import * as scratch from './scratch.js'
import { SiteCache, siteOf } from './sites.js'
import { enqueue } from './work.js'
import type { Health } from './health.js'
import type { NativeStore } from './native.js'
import type { DatabaseOptions } from './options.js'

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { doubles, words, insert, isCapturing, isPaused } = scratch

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
export class Database extends Questions {
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
    super(() => this.#usable())
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
