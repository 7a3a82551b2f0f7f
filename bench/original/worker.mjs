// One of four workers that capture at once: begins when the main thread says so, and then goes on
// for several repeats, so that the workers' times overlap.

/* oxlint-disable unicorn/require-post-message-target-origin -- threads, not windows */

import { mkdirSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { makeArm } from './arms.mjs'

const { dir, arm: name, captures, repeats } = workerData
mkdirSync(dir, { recursive: true })
const arm = makeArm(name, dir)

function time() {
  const start = process.hrtime.bigint()
  for (let call = 0; call < captures; call++) arm.fn()
  const taken = Number(process.hrtime.bigint() - start)
  arm.settle()
  return taken
}

parentPort.on('message', (message) => {
  if (message === 'end') {
    arm.end()
    parentPort.close()
    return
  }
  let taken = 0
  for (let repeat = 0; repeat < repeats; repeat++) taken += time()
  parentPort.postMessage(taken / repeats / captures)
})
parentPort.postMessage('ready')
