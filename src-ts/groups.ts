/** Statistics by group: period, version, instance, outcome, kind, status, thread. */

import { checkOptions, rangeError, typeError } from './arguments.js'
import { at } from './columns.js'
import type { Kind, Outcome } from './columns.js'
import { checkFilterAnd } from './filter.js'
import type { CheckedFilter, Filter, StatusClass } from './filter.js'
import type { NativeGroup, NativeGroups, NativeStats } from './native.js'
import type { Row } from './row.js'
import { toStats } from './stats.js'
import type { Stats } from './stats.js'

/** By what statistics are grouped; hours and days are those of UTC. */
export type Grouping =
  | 'hour'
  | 'day'
  | 'version'
  | 'instance'
  | 'outcome'
  | 'kind'
  | 'status'
  | 'thread'
  | {
      /** Periods of so many milliseconds, counted from the Unix epoch. */
      every: number
    }

/** A filter, and by what its answer is grouped. */
export interface GroupedFilter extends Filter {
  /** By what. */
  by: Grouping
}

/** What the calls of a group share: only what they were grouped by is there. */
export interface Group {
  /** When their period began. */
  start?: Date
  /** When it ended; a call that ended then is in the next. */
  end?: Date
  /** Name of their service, empty when not set: with a version or an instance. */
  service?: string
  /** Version of their service, empty when not set. */
  version?: string
  /** Name of their instance, `host/pid` where it has none. */
  instance?: string
  /** How they ended. */
  outcome?: Outcome
  /** What was measured. */
  kind?: Kind
  /** Class of their http status, such as `2xx`; absent of calls that have none. */
  status?: StatusClass
  /** Their thread. */
  thread?: number
}

/** Statistics of a function within a group. */
export interface GroupStats {
  /** What the calls share. */
  group: Group
  /** Their statistics. */
  stats: Stats
}

/** What was asked to be grouped by, as the addon takes it. */
export interface CheckedGrouping {
  native: string
  /** Makes groups of what the addon gives. */
  toGroup: (group: NativeGroup) => Group
}

const hourMs = 3_600_000
const words = ['version', 'instance', 'outcome', 'kind', 'status', 'thread'] as const
const wanted = `'hour', 'day', ${words.map((word) => `'${word}'`).join(', ')} or { every }`
const latestMs = Number.MAX_SAFE_INTEGER

function checkEvery(value: unknown): number {
  const every = checkOptions('filter.by', value, ['every']).get('every')
  const name = 'filter.by.every'
  if (typeof every !== 'number') throw typeError(name, 'a number of milliseconds', every)
  if (!Number.isInteger(every) || every < 1 || every > latestMs) {
    throw rangeError(name, 'a whole number of milliseconds from 1 on', every)
  }
  return every
}

function periods(everyMs: number): CheckedGrouping {
  return {
    native: `${everyMs}`,
    toGroup: ({ start, end }) => ({ start: new Date(start ?? 0), end: new Date(end ?? 0) }),
  }
}

/** By what is grouped, when that was said. */
function checkGrouping(value: unknown): CheckedGrouping {
  if (value === 'hour') return periods(hourMs)
  if (value === 'day') return periods(24 * hourMs)
  if (typeof value === 'object' && value !== null) return periods(checkEvery(value))
  if (typeof value !== 'string') throw typeError('filter.by', wanted, value)
  const word = words.find((known) => known === value)
  if (word === undefined) throw rangeError('filter.by', wanted, value)
  const toGroup = ({ service, text, thread }: NativeGroup): Group => {
    if (word === 'thread') return { thread: thread ?? 0 }
    if (word === 'version' || word === 'instance') {
      return { service: service ?? '', [word]: text ?? '' }
    }
    return text === undefined ? {} : { [word]: text }
  }
  return { native: word, toGroup }
}

/** A filter that may say by what its answer is grouped. */
export function checkGroupedFilter(
  value: unknown,
): CheckedFilter & { by: CheckedGrouping | undefined } {
  const { native, limit, more } = checkFilterAnd(value, ['by'])
  const by = more.get('by')
  return { native, limit, by: by === undefined ? undefined : checkGrouping(by) }
}

/** The first `limit` of what the addon gives, by group or not. */
export function toAnswer(
  native: NativeStats | NativeGroups,
  by: CheckedGrouping | undefined,
  limit: number | undefined,
  fetch: (id: number) => Row | undefined,
): Stats[] | GroupStats[] {
  if (!('groups' in native) || by === undefined) return toStats(native as NativeStats, limit, fetch)
  const groups = Array.from(native.groups, by.toGroup)
  const indices = new Float64Array(native.indices)
  const stats = toStats(native.stats, limit, fetch)
  return stats.map((one, index) => ({ group: at(groups, at(indices, index)), stats: one }))
}
