// Captures into SQLite: one insert a call, or many in a transaction; WAL, synchronous NORMAL.

import path from 'node:path'
import Sqlite from 'better-sqlite3'

const table = `CREATE TABLE IF NOT EXISTS logs (
  id INTEGER PRIMARY KEY, function_name TEXT, start INTEGER, end INTEGER, delta INTEGER)`

// The strongest rival for means: kept up to date at each insert.
const runningMean = `
  CREATE TABLE means (function_name TEXT PRIMARY KEY, count INTEGER, total INTEGER) WITHOUT ROWID;
  CREATE TRIGGER keep_mean AFTER INSERT ON logs BEGIN
    INSERT INTO means VALUES (new.function_name, 1, new.delta)
      ON CONFLICT DO UPDATE SET count = count + 1, total = total + excluded.total;
  END`

export class SqliteLog {
  #insert
  #average
  #runningMean
  #batch = []
  #insertBatch

  /** `hasMeans`: a trigger keeps a running mean. */
  constructor(dir, { hasMeans = false } = {}) {
    this.connection = new Sqlite(path.join(dir, 'log.sqlite'), { timeout: 60_000 })
    this.connection.pragma('journal_mode = WAL')
    this.connection.pragma('synchronous = NORMAL')
    this.connection.exec(table)
    if (hasMeans) this.connection.exec(runningMean)
    const insert = 'INSERT INTO logs (function_name, start, end, delta) VALUES (?, ?, ?, ?)'
    this.#insert = this.connection.prepare(insert)
    const average = 'SELECT AVG(delta) FROM logs WHERE function_name = ?'
    this.#average = this.connection.prepare(average).pluck()
    const mean = 'SELECT CAST(total AS REAL) / count FROM means WHERE function_name = ?'
    this.#runningMean = hasMeans ? this.connection.prepare(mean).pluck() : undefined
    this.#insertBatch = this.connection.transaction((rows) => {
      for (const [name, start, end] of rows) this.insert(name, start, end)
    })
  }

  insert(name, start, end) {
    this.#insert.run(name, start, end, end - start)
  }

  /** Kept until there are 1,000, then stored in one transaction. */
  insertBatched(name, start, end) {
    if (this.#batch.push([name, start, end]) === 1_000) this.commit()
  }

  commit() {
    if (this.#batch.length > 0) this.#insertBatch(this.#batch)
    this.#batch = []
  }

  /** Stores all of it so that it survives a power cut. */
  sync() {
    this.commit()
    this.connection.pragma('wal_checkpoint(TRUNCATE)')
  }

  average(name) {
    return this.#average.get(name)
  }

  runningMean(name) {
    return this.#runningMean.get(name)
  }

  count() {
    return this.connection.prepare('SELECT COUNT(*) FROM logs').pluck().get()
  }

  close() {
    this.connection.close()
  }
}

/** As the original does it: two readings of a nanosecond clock around the call, one insert. */
export function captureInto(insert, name, fn) {
  return function captured(...args) {
    const start = process.hrtime.bigint()
    const result = Reflect.apply(fn, this, args)
    insert(name, start, process.hrtime.bigint())
    return result
  }
}
