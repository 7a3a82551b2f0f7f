/** Histograms and heatmaps as typed arrays. */

import { checkCount, checkOptions, rangeError, typeError } from './arguments.js'
import { checkQuestion } from './filter.js'
import type { NativeFilter, NativeHeatmap, NativeHistogram, NativeShape } from './native.js'
import { checkQuantileList } from './answers.js'

/** Bins of a histogram or heatmap at most: more than there are steps of 1 %. */
const binCountMax = 4_096

/** Periods of a heatmap at most. */
const columnCountMax = 4_096

/** Bins, columns and lines of pictures where nothing else is said. */
const defaults = { bins: 60, columns: 200, quantiles: [0.5, 0.95, 0.99] } as const

/** How a histogram is made: `bins` or `edges`. */
export interface HistogramOptions {
  /** At most so many bins of equal width on a logarithmic axis. Default: 60. */
  bins?: number
  /**
   * Nanoseconds between which bins lie. Then every duration is read, and calls whose rows have
   * expired are not in the picture.
   */
  edges?: readonly number[]
}

/** How many calls took how long. Counts are exact. */
export interface Histogram {
  /** Where bins begin, in nanoseconds, and behind them where the last ends. */
  edges: Float64Array
  /** Calls in each bin: a call on an edge is in the bin that begins there. */
  counts: Float64Array
  /** Calls shorter than all bins. */
  below: number
  /** Calls longer than all bins. */
  above: number
}

/** How a heatmap is drawn. */
export interface HeatmapOptions {
  /**
   * About so many periods. They begin at multiples of their length since the Unix epoch, so that a
   * moved range has the same ones. Default: 200.
   */
  columns?: number
  /** At most so many bins of equal width on a logarithmic axis. Default: 60. */
  bins?: number
  /** Which quantiles of each period, from 0 to 1. Default: 0.5, 0.95 and 0.99. */
  quantiles?: readonly number[]
}

/** How many calls took how long, and when. */
export interface Heatmap {
  /** When periods begin, nanoseconds since the Unix epoch, and behind them when the last ends. */
  times: BigInt64Array
  /** Where bins of durations begin, in nanoseconds, and behind them where the last ends. */
  edges: Float64Array
  /** Calls: for one period after the other those of each bin, from short to long. Exact. */
  counts: Float64Array
  /** For each quantile that was asked for that of each period, within 1 %; NaN without calls. */
  quantiles: Float64Array[]
  /** Calls in the picture whose rows have expired. */
  expired: number
  /** Expired calls that are not in it: their times are known less exactly than by a period. */
  unplaced: number
}

function checkEdges(value: unknown): number[] {
  const name = 'options.edges'
  if (!Array.isArray(value)) throw typeError(name, 'a list of numbers', value)
  if (value.length < 2 || value.length > binCountMax) {
    throw rangeError(name, `a list of 2 to ${binCountMax} numbers`, value)
  }
  // `map` would leave out holes.
  return Array.from(value, (edge: unknown, index) => {
    const place = `${name}[${index}]`
    if (typeof edge !== 'number') throw typeError(place, 'a number of nanoseconds', edge)
    if (!(Number.isInteger(edge) && edge >= 0 && edge <= Number.MAX_SAFE_INTEGER)) {
      throw rangeError(place, 'a whole number of nanoseconds from 0 to 2^53 - 1', edge)
    }
    return edge
  })
}

function checkAtMost(name: string, value: unknown, max: number): number {
  const count = checkCount(name, value, 1)
  if (count > max) throw rangeError(name, `a whole number from 1 to ${max}`, value)
  return count
}

export function checkHistogram(
  question: unknown,
  value: unknown,
): { native: NativeFilter; bins: number; edges: number[] } {
  const { native } = checkQuestion(question)
  const given = checkOptions('options', value, ['bins', 'edges'])
  const edges = given.get('edges')
  const bins = given.get('bins')
  if (edges !== undefined && bins !== undefined) {
    throw new TypeError('options has both bins and edges; edges say which bins there are')
  }
  return {
    native,
    bins: checkAtMost('options.bins', bins ?? defaults.bins, binCountMax),
    edges: edges === undefined ? [] : checkEdges(edges),
  }
}

export function checkHeatmap(
  question: unknown,
  value: unknown,
): { native: NativeFilter; shape: NativeShape } {
  const { native } = checkQuestion(question)
  const given = checkOptions('options', value, ['columns', 'bins', 'quantiles'])
  const quantiles = given.get('quantiles') ?? defaults.quantiles
  const columns = given.get('columns') ?? defaults.columns
  const shape = {
    columns: checkAtMost('options.columns', columns, columnCountMax),
    bins: checkAtMost('options.bins', given.get('bins') ?? defaults.bins, binCountMax),
    quantiles: checkQuantileList('options.quantiles', quantiles),
  }
  return { native, shape }
}

export function toHistogram({ edgeCount, values, below, above }: NativeHistogram): Histogram {
  const edges = new Float64Array(values, 0, edgeCount)
  return { edges, counts: new Float64Array(values, edges.byteLength), below, above }
}

export function toHeatmap(native: NativeHeatmap, quantileCount: number): Heatmap {
  const { timeCount, edgeCount, values, expired, unplaced } = native
  const periodCount = Math.max(timeCount - 1, 0)
  const binCount = Math.max(edgeCount - 1, 0)
  let at = 0
  const take = (length: number): Float64Array => {
    const taken = new Float64Array(values, at, length)
    at += taken.byteLength
    return taken
  }
  const times = new BigInt64Array(values, 0, timeCount)
  at = times.byteLength
  const edges = take(edgeCount)
  const counts = take(periodCount * binCount)
  const quantiles = Array.from({ length: quantileCount }, () => take(periodCount))
  return { times, edges, counts, quantiles, expired, unplaced }
}
