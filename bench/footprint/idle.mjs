// How often Kronicler's threads wake up in a process that captures nothing.

import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { endChild, nextMessage, startChild } from '../harness/child.mjs'
import { withDirectory } from '../harness/directory.mjs'
import { figure } from '../harness/figure.mjs'

const script = new URL('idle-process.mjs', import.meta.url)
const QUIET_MS = 2_000
const WATCHED_MS = 3_000

function switchesOf(folder) {
  const name = readFileSync(`${folder}/comm`, 'utf8').trim()
  const found = /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readFileSync(`${folder}/status`, 'utf8'))
  return [name, Number(found[1])]
}

/** Context switches so far of every thread that Kronicler started. */
function engineSwitches(pid) {
  const folder = `/proc/${pid}/task`
  const all = readdirSync(folder).map((task) => switchesOf(`${folder}/${task}`))
  return Object.fromEntries(all.filter(([name]) => name.startsWith('kronicler')))
}

function watch() {
  return withDirectory(async (dir) => {
    const child = startChild(script, {}, { env: { KRONICLER_DIR: dir } })
    try {
      await nextMessage(child)
      await sleep(QUIET_MS)
      const before = engineSwitches(child.pid)
      await sleep(WATCHED_MS)
      const after = engineSwitches(child.pid)
      child.send('end')
      const wakeUps = Object.entries(after).map(([name, count]) => [name, count - before[name]])
      return Object.fromEntries(wakeUps)
    } finally {
      await endChild(child)
    }
  })
}

function totalOf(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

export async function measureIdle({ isShort }) {
  if (process.platform !== 'linux') {
    return { figures: [], raw: {}, remarks: ['wake-ups when idle are counted on Linux only'] }
  }
  const results = []
  while (results.length < (isShort ? 1 : 3)) results.push(await watch())
  if (results.some((one) => Object.keys(one).length < 2)) {
    throw new Error('the threads kronicler-drain and kronicler-disk were not found')
  }
  const counts = results.map(totalOf)
  return {
    figures: [figure('wake-ups in 3 s of idleness', 'times', counts, { atMost: 0 })],
    raw: results,
  }
}
