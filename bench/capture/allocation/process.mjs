// One process: what calls leave in memory, in bytes a call, burst by burst, and in collections.
//
// With so large a nursery (the parent sets it) nothing is collected during a burst, so that the
// heap grows by exactly what a burst allocates; between bursts all is flushed and collected, and
// not counted. `heldAgainst` allocates a small object a call: it shows that the measure sees.

import { PerformanceObserver, constants } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import v8 from 'node:v8'
import { capture, database } from 'kronicler'
import { report, settings } from '../../harness/child.mjs'
import { checkComplete } from '../../harness/health.mjs'
import { wrapBare } from '../wrappers.mjs'
import { compile } from '../ways/compile.mjs'

const { burst, warmUpBursts, bursts } = settings

const loopSource = `(call, count) => {
  let sum = 0
  for (let i = 0; i < count; i++) sum = (sum + call(i & 1023, 3)) | 0
  return sum
}`

const add = (arm) => compile(arm, 'function add(a, b) { return a + b }')
const kept = [{}, {}, {}, {}]

const calls = {
  nothing: undefined,
  bare: wrapBare(add('bare')),
  captured: capture('captured', add('captured')),
  heldAgainst: (a, b) => {
    kept[a & 3] = { a, b }
    return a
  },
}

let collectionCount = 0
new PerformanceObserver((list) => {
  const { NODE_PERFORMANCE_GC_MINOR: minor } = constants
  collectionCount += list.getEntries().filter(({ detail }) => detail.kind === minor).length
}).observe({ entryTypes: ['gc'] })

/** Bytes of all kinds by which the process grew. Looking takes bytes, too: see `nothing`. */
function grown(before, after) {
  const kinds = ['used_heap_size', 'malloced_memory', 'external_memory']
  return kinds.map((kind) => after[kind] - before[kind])
}

function runBurst(loop, call) {
  const before = v8.getHeapStatistics()
  if (call !== undefined) loop(call, burst)
  return grown(before, v8.getHeapStatistics())
}

async function measure(name, call) {
  const loop = compile(name, loopSource)
  const grownBy = [[], [], []]
  let collections = 0
  for (let index = 0; index < warmUpBursts + bursts; index++) {
    database().flushSync()
    globalThis.gc()
    // Entries of collections come later.
    await setImmediate()
    const earlier = collectionCount
    const bytes = runBurst(loop, call)
    await setImmediate()
    if (index < warmUpBursts) continue
    collections += collectionCount - earlier
    bytes.forEach((count, kind) => grownBy[kind].push(count / burst))
  }
  const [heap, malloced, external] = grownBy
  return { heap, malloced, external, collections }
}

const result = {}
for (const [name, call] of Object.entries(calls)) result[name] = await measure(name, call)
const health = database().health()
checkComplete(health, burst * (warmUpBursts + bursts))
report({ ...result, clock: health.clock })
