// Resident memory that capture adds, with defaults, after ten million calls.

import { runChild } from '../harness/child.mjs'
import { withDirectory } from '../harness/directory.mjs'
import { figure } from '../harness/figure.mjs'
import { median } from '../harness/median.mjs'

const script = new URL('memory-process.mjs', import.meta.url)

function runProcess(isCaptured, bursts) {
  return withDirectory((dir) => {
    const options = { env: { KRONICLER_DIR: dir }, execArgv: ['--expose-gc'] }
    return runChild(script, { isCaptured, bursts, burst: 5_000, pause: 4 }, options)
  })
}

export async function measureMemory({ isShort }) {
  const results = { bare: [], captured: [] }
  const bursts = isShort ? 200 : 2_000
  while (results.bare.length < (isShort ? 1 : 3)) {
    results.bare.push(await runProcess(false, bursts))
    results.captured.push(await runProcess(true, bursts))
  }
  const calls = (bursts * 5_000).toLocaleString('en')
  const beyond = (key) => {
    const bare = median(results.bare.map((one) => one[key]))
    return results.captured.map((one) => one[key] - bare)
  }
  return {
    figures: [
      figure(`memory added by ${calls} captures`, 'MB', beyond('end'), { atMost: 16 }),
      figure('memory added at most meanwhile', 'MB', beyond('peak')),
      figure('memory of a process without capture', 'MB', results.bare.map((one) => one.end)),
    ],
    raw: results,
    clock: results.captured[0].clock,
  }
}
