// 1,000 captures of the small function, 50 repeats after a warm-up, every arm in turn.

import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { database } from 'kronicler'
import { report, settings } from '../harness/child.mjs'
import { checkComplete } from '../harness/health.mjs'
import { median, permutations } from '../harness/median.mjs'
import { armNames, makeArm } from './arms.mjs'

const { dir, captures, repeats, warmUpRepeats } = settings

function directoryOf(arm) {
  const folder = path.join(dir, arm)
  mkdirSync(folder)
  return folder
}

/** Nanoseconds for all captures of a repeat. */
function time({ fn }) {
  const start = process.hrtime.bigint()
  for (let call = 0; call < captures; call++) fn()
  return Number(process.hrtime.bigint() - start)
}

const arms = armNames.map((name) => makeArm(name, directoryOf(name)))
const orders = permutations(arms)
for (let repeat = 0; repeat < warmUpRepeats + repeats; repeat++) {
  for (const arm of orders[repeat % orders.length]) {
    const taken = time(arm)
    arm.settle()
    if (repeat >= warmUpRepeats) arm.times.push(taken / captures)
  }
}
for (const arm of arms) arm.end()
const health = database().health()
checkComplete(health, captures * (warmUpRepeats + repeats))
report({
  nsPerCapture: Object.fromEntries(arms.map(({ name, times }) => [name, median(times)])),
  clock: health.clock,
})
