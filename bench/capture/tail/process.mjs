// One process: how long each single call takes, arm by arm, as a histogram.
//
// The outer clock must be finer and cheaper than what it measures, and allocate nothing, or it
// would measure its own collections. It is the processor's own counter, read by the addon into
// memory that JavaScript sees (about 10 ns; `performance.now()` takes 50); the lower half of the
// counter is enough. All arms are timed in the same way, so what the outer clock costs is in all.
//
// Arms take turns, in all orders, 16,384 calls at a time: interrupts, collections and other
// programs hit all alike, and the first calls of a turn, which find caches and predictors full of
// another arm, are fewer than one in a thousand. Kronicler's threads run while its calls do; what
// is in the ring when a turn is over is flushed, outside the clock.

import { capture, database } from 'kronicler'
import { report, settings } from '../../harness/child.mjs'
import { checkComplete } from '../../harness/health.mjs'
import { permutations } from '../../harness/median.mjs'
import { scratch } from '../scratch.mjs'
import { compile } from '../ways/compile.mjs'
import { wrapBare, wrapClock } from '../wrappers.mjs'

const { burst, warmUpRounds, rounds } = settings

// Ticks of a call; the last stands for all that take longer (tens of microseconds).
const TICKS_MAX = 1 << 17

const loopSource = `(call, count, { words, tick }, ticksOf) => {
  const last = ticksOf.length - 1
  let sum = 0
  for (let i = 0; i < count; i++) {
    tick()
    const before = words[0]
    sum = (sum + call(i & 1023, 3)) | 0
    tick()
    const ticks = (words[0] - before) >>> 0
    ticksOf[ticks < last ? ticks : last] += 1
  }
  return sum
}`

function makeArm(name, wrap) {
  const add = compile(name, 'function add(a, b) { return a + b }')
  return { name, call: wrap(add), loop: compile(name, loopSource), counts: undefined }
}

/** The ticks that a share of the calls did not exceed. */
function quantile(counts, share) {
  const rank = Math.ceil(share * counts.reduce((sum, count) => sum + count, 0))
  let below = 0
  for (const [ticks, count] of counts.entries()) {
    below += count
    if (below >= rank) return ticks
  }
  throw new Error('a share is at most 1')
}

/** Ticks in a nanosecond, as long as the runs took. */
function measureRate() {
  const [start, startTicks] = [process.hrtime.bigint(), readTicks()]
  return () => Number(readTicks() - startTicks) / Number(process.hrtime.bigint() - start)
}

const { buffer, byteOffset } = scratch.doubles
const bits = new BigInt64Array(buffer, byteOffset, 1)

function readTicks() {
  scratch.tick()
  return bits[0]
}

function measure(arms) {
  const orders = permutations(arms)
  const warmUp = new Uint32Array(TICKS_MAX)
  for (const arm of arms) arm.counts = new Uint32Array(TICKS_MAX)
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    for (const { loop, call, counts } of orders[round % orders.length]) {
      loop(call, burst, scratch, round < warmUpRounds ? warmUp : counts)
      database().flushSync()
    }
  }
}

const arms = [
  makeArm('bare', wrapBare),
  makeArm('clock', wrapClock),
  makeArm('captured', (fn) => capture('captured', fn)),
]
const ticksPerNs = measureRate()
measure(arms)
const rate = ticksPerNs()
const health = database().health()
checkComplete(health, burst * (warmUpRounds + rounds))
const shares = { median: 0.5, p99: 0.99, p999: 0.999, p9999: 0.9999 }
const nanoseconds = ({ counts }) =>
  Object.fromEntries(
    Object.entries(shares).map(([name, share]) => [name, quantile(counts, share) / rate]),
  )
report({
  clock: health.clock,
  arms: Object.fromEntries(arms.map((arm) => [arm.name, nanoseconds(arm)])),
})
