// Four workers capture at once into one database, every arm in turn.

/* oxlint-disable unicorn/require-post-message-target-origin -- threads, not windows */

import { once } from 'node:events'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { database } from 'kronicler'
import { report, settings } from '../harness/child.mjs'
import { checkComplete } from '../harness/health.mjs'
import { median, permutations } from '../harness/median.mjs'
import { armNames } from './arms.mjs'

const { dir, workerCount, captures, repeats, rounds, warmUpRounds } = settings
const script = new URL('worker.mjs', import.meta.url)

async function answerOf(worker) {
  const [answer] = await once(worker, 'message')
  return answer
}

async function startWorker(arm) {
  const workerData = { dir: path.join(dir, arm), arm, captures, repeats }
  const worker = new Worker(script, { workerData })
  await answerOf(worker)
  return worker
}

/** One after the other: SQLite makes its file in the first. */
async function startArm(name) {
  const workers = []
  while (workers.length < workerCount) workers.push(await startWorker(name))
  return { name, workers, times: [] }
}

/** Nanoseconds a capture, as a worker has it while the others capture, too. */
async function runRound({ workers }) {
  const answers = workers.map(answerOf)
  for (const worker of workers) worker.postMessage('go')
  const times = await Promise.all(answers)
  return times.reduce((sum, taken) => sum + taken, 0) / workerCount
}

const arms = []
for (const name of armNames) arms.push(await startArm(name))
const orders = permutations(arms)
for (let round = 0; round < warmUpRounds + rounds; round++) {
  for (const arm of orders[round % orders.length]) {
    const perCapture = await runRound(arm)
    if (round >= warmUpRounds) arm.times.push(perCapture)
  }
}
for (const { workers } of arms) {
  const gone = workers.map((worker) => once(worker, 'exit'))
  for (const worker of workers) worker.postMessage('end')
  await Promise.all(gone)
}
database().flushSync()
checkComplete(database().health(), workerCount * captures * repeats * (warmUpRounds + rounds))
report(Object.fromEntries(arms.map(({ name, times }) => [name, median(times)])))
