// One process: bursts of calls through each arm, in a new order each round.

import { database } from 'kronicler'
import { report, settings } from '../../harness/child.mjs'
import { checkComplete } from '../../harness/health.mjs'
import { median } from '../../harness/median.mjs'
import { seededRandom } from '../../original/random.mjs'
import { compileLoop } from './compile.mjs'
import { ownArms } from './kronicler.mjs'
import { rivalArms } from './rivals.mjs'

const { arms: names, burst, warmUpRounds, rounds } = settings
const random = seededRandom(5)

function makeArm(name) {
  const arm = { ...ownArms, ...rivalArms }[name](name)
  return { name, ...arm, loop: compileLoop(name, arm.isAsync), perCall: [] }
}

/** Of many arms there are too many orders to take all of them. */
function shuffled(things) {
  const order = things.map((thing) => ({ thing, place: random() }))
  return order.toSorted((a, b) => a.place - b.place).map(({ thing }) => thing)
}

/** Nanoseconds a call. A burst fits into the queues of all of them. */
async function time({ loop, call, isAsync }) {
  const start = process.hrtime.bigint()
  const result = loop(call, burst)
  if (isAsync) await result
  return Number(process.hrtime.bigint() - start) / burst
}

async function measure(arms) {
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    for (const arm of shuffled(arms)) {
      const perCall = await time(arm)
      await arm.flush?.()
      if (round >= warmUpRounds) arm.perCall.push(perCall)
    }
  }
}

function checkKept({ name, kept }, expected) {
  const found = kept?.() ?? expected
  if (found !== expected) throw new Error(`${name} has ${found} of ${expected} calls`)
}

const arms = names.map(makeArm)
await measure(arms)
const callCount = burst * (warmUpRounds + rounds)
const health = database().health()
checkComplete(health, callCount * arms.filter(({ isCaptured }) => isCaptured).length)
for (const arm of arms) checkKept(arm, callCount)
const medians = Object.fromEntries(arms.map(({ name, perCall }) => [name, median(perCall)]))
const added = ({ name, twin }) => [name, medians[name] - medians[twin]]
report({
  added: Object.fromEntries(arms.filter(({ twin }) => twin !== undefined).map(added)),
  nsPerCall: medians,
  clock: health.clock,
})
// Rivals have timers that go on.
process.once('disconnect', () => process.exit())
