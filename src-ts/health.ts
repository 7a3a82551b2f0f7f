/** Health: where every call that was seen has gone. */

import type { NativeHealth, PoolHealth } from './native.js'
import { warn } from './warning.js'

/**
 * Where every call that was seen has gone.
 *
 * `seen = stored + pending + skipped + dropped + lost` and `stored = live + expired + quarantined`
 * hold exactly; `lost.atMost` stands apart: calls that died with a process.
 *
 * @example
 * ```ts
 * const { seen, stored, pending, dropped } = database().health()
 * ```
 */
export interface Health {
  /** Whether this thread captures: not with `KRONICLER_ENABLED=0`, nor without the addon. */
  enabled: boolean
  /** Whether captures into this database are paused, by `capture.pause()` or by `kr pause`. */
  paused: boolean
  /** The directory of the database. */
  dir: string
  /** `absent`: there is no addon, `error` says why. */
  state: NativeHealth['state'] | 'absent'
  /** Why it is stalled, failed or absent. */
  error: string | undefined
  /** The lane that this process writes. */
  lane: number | undefined
  /** How many lanes the database has. */
  laneCount: number
  /** Where ticks come from. */
  clock: NativeHealth['clock'] | undefined
  /** Calls seen. */
  seen: number
  /** Rows ever stored. */
  stored: number
  /** Rows that can be read. */
  live: number
  /** Rows that were let go because they were old or too many; their statistics stay. */
  expired: number
  /** Rows that were stored and found damaged. */
  quarantined: number
  /** Calls on their way to a file. */
  pending: number
  /** Calls that were seen and not meant to be kept. */
  skipped: {
    /** Left out, because only some were asked for. */
    every: number
  }
  /** Calls that could not be kept. */
  dropped: {
    /** The ring of a thread was full. */
    ring: number
    /** There was no memory left for the ring of a thread. */
    thread: number
    /** The database could not be written. */
    store: number
    /** The database had been closed. */
    closed: number
  }
  /** Calls that are gone. */
  lost: {
    /** The clock jumped. */
    clock: number
    /** Calls that processes which were killed had not stored: unknown, at most so many. */
    atMost: number
  }
  /** Details of slow and failed calls that could not be kept; the calls are not meant. */
  detailsDropped: number
  /** Threads that capture. */
  ringCount: number
  /** Names known. */
  nameCount: number
  /** Bytes of the logs. */
  logSizeBytes: number
  /** Files of sealed rows. */
  segments: number
  /** Bytes of these. */
  segmentBytes: number
  /** Bytes of the statistics of expired rows. */
  historyBytes: number
  /** The bufferpool of this process. */
  pool: PoolHealth
  /** Logs that cannot be read at all. */
  unreadableHeads: number
}

export function toHealth(native: NativeHealth, enabled: boolean, paused: boolean): Health {
  return {
    enabled,
    paused,
    dir: native.dir,
    state: native.state,
    error: native.error,
    lane: native.lane,
    laneCount: native.laneCount,
    clock: native.clock,
    seen: native.seen,
    stored: native.stored,
    live: native.live,
    expired: native.expired,
    quarantined: native.quarantined,
    pending: native.pending,
    skipped: { every: native.skippedEvery },
    dropped: {
      ring: native.droppedRing,
      thread: native.droppedThread,
      store: native.droppedStore,
      closed: native.droppedClosed,
    },
    lost: { clock: native.lostClock, atMost: native.lostAtMost },
    detailsDropped: native.detailsDropped,
    ringCount: native.ringCount,
    nameCount: native.nameCount,
    logSizeBytes: native.logSizeBytes,
    segments: native.segments,
    segmentBytes: native.segmentBytes,
    historyBytes: native.historyBytes,
    pool: { ...native.pool },
    unreadableHeads: native.unreadableHeads,
  }
}

function emptyPool(): PoolHealth {
  return {
    bytes: 0,
    capacity: 0,
    pinned: 0,
    unkept: 0,
    pages: 0,
    hits: 0,
    misses: 0,
    bypassed: 0,
    refused: 0,
    evicted: 0,
  }
}

/** What is known where there is no addon. */
export function absentHealth(dir: string, error: string): Health {
  return {
    enabled: false,
    paused: false,
    dir,
    state: 'absent',
    error,
    lane: undefined,
    laneCount: 0,
    clock: undefined,
    seen: 0,
    stored: 0,
    live: 0,
    expired: 0,
    quarantined: 0,
    pending: 0,
    skipped: { every: 0 },
    dropped: { ring: 0, thread: 0, store: 0, closed: 0 },
    lost: { clock: 0, atMost: 0 },
    detailsDropped: 0,
    ringCount: 0,
    nameCount: 0,
    logSizeBytes: 0,
    segments: 0,
    segmentBytes: 0,
    historyBytes: 0,
    pool: emptyPool(),
    unreadableHeads: 0,
  }
}

/** Warns of calls that could not be kept. Those after a close were meant to be dropped. */
export function warnOfDrops(health: Health): void {
  const { ring, thread, store } = health.dropped
  const count = ring + thread + store
  if (count === 0 && health.state !== 'failed') return
  const why = health.error ?? 'health() says at which place'
  const message = `${count} captured calls could not be kept in ${health.dir}: ${why}`
  warn('KRONICLER_DROPPED', health.dir, message)
}
