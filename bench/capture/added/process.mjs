// One process: bursts of the same calls through each arm in turn.

import { capture, database } from 'kronicler'
import { report, settings } from '../../harness/child.mjs'
import { checkComplete } from '../../harness/health.mjs'
import { median, permutations } from '../../harness/median.mjs'
import { engineThreadTimes } from '../../harness/thread-time.mjs'
import { wrapBareAsync, wrapClockAsync } from '../async-wrappers.mjs'
import { scratch } from '../scratch.mjs'
import { wrapBare, wrapClock, wrapUntried } from '../wrappers.mjs'
import { compileLoop, functionSets } from './functions.mjs'

const { set, arms: armNames, burst, warmUpRounds, rounds } = settings
const isAsync = set === 'async'

/** A site as the package makes it, for the wrapper that is not the package's. */
function siteNamed(name) {
  const { store } = database()[Symbol.for('kronicler.store')]()
  return { tag: store.site(name, '', true, 1, 0) << 8, database: store.id }
}

const wrap = {
  bare: isAsync ? wrapBareAsync : wrapBare,
  clock: isAsync ? wrapClockAsync : wrapClock,
  kronicler: (fn) => capture(fn.name, fn),
  untried: (fn) => wrapUntried(fn, scratch, siteNamed(fn.name)),
}

const isRecording = { kronicler: true, untried: true }

function makeArm(name, functions) {
  return {
    name,
    loop: compileLoop(set, name),
    functions: functions.map((fn) => wrap[name](fn)),
    perCall: [],
  }
}

/** Nanoseconds a call, of a burst that fits into half the ring. */
async function time({ loop, functions }) {
  const start = process.hrtime.bigint()
  const result = loop(functions, burst)
  if (isAsync) await result
  return Number(process.hrtime.bigint() - start) / burst
}

async function measure(arms) {
  const orders = permutations(arms)
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    for (const arm of orders[round % orders.length]) {
      const perCall = await time(arm)
      // After every arm, so that each begins in the same state of caches and threads.
      database().flushSync()
      if (round >= warmUpRounds) arm.perCall.push(perCall)
    }
  }
}

const functions = functionSets[set]()
const arms = armNames.map((name) => makeArm(name, functions))
await measure(arms)
const health = database().health()
const recording = arms.filter(({ name }) => isRecording[name]).length
checkComplete(health, recording * burst * (warmUpRounds + rounds))
report({
  nsPerCall: Object.fromEntries(arms.map(({ name, perCall }) => [name, median(perCall)])),
  clock: health.clock,
  seen: health.seen,
  threads: engineThreadTimes(),
})
