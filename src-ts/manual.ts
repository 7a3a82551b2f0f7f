/** Manual rows: times given by hand, checked, and put into the scratch. */

import { rangeError, typeError } from './arguments.js'
import * as scratch from './scratch.js'

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { doubles, words, integers } = scratch

const latest = Number.MAX_SAFE_INTEGER
const latestNs = 2n ** 63n - 1n

/** How times lie in the scratch, for `words[6]`. */
const asDoubles = 0
const asIntegers = 1

function toInteger(name: string, time: unknown): bigint {
  if (typeof time === 'bigint') {
    if (time < 0n || time > latestNs) throw rangeError(name, 'from 0 to 2^63 - 1', time)
    return time
  }
  if (typeof time !== 'number') {
    throw typeError(name, 'nanoseconds, as a number or a bigint', time)
  }
  if (time > latest && time < Infinity) {
    const text = 'at most 2^53 - 1 as a number, beyond that it is not exact: pass a bigint'
    throw rangeError(name, text, time)
  }
  if (!(time >= 0 && time <= latest)) throw rangeError(name, 'a finite number from 0 on', time)
  return BigInt(Math.round(time))
}

/** The long way: says what is wrong, or takes bigints. */
function putIntegers(start: unknown, end: unknown): void {
  const [startNs, endNs] = [toInteger('start', start), toInteger('end', end)]
  if (endNs < startNs) throw rangeError('end', `not before start, which is ${startNs}`, end)
  integers[0] = startNs
  integers[2] = endNs
  words[6] = asIntegers
}

/** Puts start and end into the scratch. */
export function putTimes(start: unknown, end: unknown): void {
  if (
    typeof start === 'number' &&
    typeof end === 'number' &&
    start >= 0 &&
    end >= start &&
    end <= latest
  ) {
    doubles[0] = start
    doubles[2] = end
    words[6] = asDoubles
  } else {
    putIntegers(start, end)
  }
}
