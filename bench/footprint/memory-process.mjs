// Calls a function many times, spread over time, captured or not, and watches resident memory.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { report, settings } from '../harness/child.mjs'
import { checkComplete } from '../harness/health.mjs'
import { wrapBare } from '../capture/wrappers.mjs'

const { isCaptured, bursts, burst, pause } = settings

/** Megabytes. */
function resident() {
  try {
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
    return (Number(found[1]) * 1_024) / 1e6
  } catch {
    return process.memoryUsage.rss() / 1e6
  }
}

function add(a, b) {
  return a + b
}

const kronicler = isCaptured ? await import('kronicler') : undefined
const fn = isCaptured ? kronicler.capture('add', add) : wrapBare(add)
let sum = 0
let peak = 0
for (let done = 0; done < bursts; done++) {
  for (let call = 0; call < burst; call++) sum += fn(call, done)
  await sleep(pause)
  peak = Math.max(peak, resident())
}
globalThis.gc()
const end = resident()
const health = kronicler?.database().health()
if (isCaptured) {
  kronicler.database().flushSync()
  checkComplete(kronicler.database().health(), bursts * burst)
}
report({ end, peak, sum, clock: health?.clock })
