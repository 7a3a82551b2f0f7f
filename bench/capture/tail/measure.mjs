// The slowest call in a thousand: captured, against two clock reads.
//
// What capturing adds to one call cannot be seen, since the same call cannot be made without. A
// call of the bare wrapper takes nearly always the same time, though, so its median is taken off
// both sides: added is the 99.9th percentile of single calls less the median bare call. Taking
// off the bare wrapper's own 99.9th percentile would be kinder to both, and take noise (what
// hits all arms alike, like interrupts) from noise. Where such noise decides, both sides are
// alike and the ratio goes to 1, never below what Kronicler itself does to its slowest calls;
// the percentiles of whole calls are shown beside it.

import { runChild } from '../../harness/child.mjs'
import { withDirectory } from '../../harness/directory.mjs'
import { figure } from '../../harness/figure.mjs'
import { repeatWhileNoisy } from '../../harness/repeat.mjs'

const processScript = new URL('process.mjs', import.meta.url)

function runProcess(node, { isShort }) {
  return withDirectory((dir) => {
    const rounds = isShort ? { warmUpRounds: 6, rounds: 12 } : { warmUpRounds: 12, rounds: 90 }
    const settings = { burst: 16_384, ...rounds }
    const env = { KRONICLER_DIR: dir }
    return runChild(processScript, settings, { node: node.executable, env })
  })
}

async function runProcesses(node, options) {
  const results = []
  const count = options.isShort ? 2 : 5
  while (results.length < count) results.push(await runProcess(node, options))
  return results
}

function added({ arms }, arm, share) {
  return arms[arm][share] - arms.bare.median
}

export async function measureTail(node, options) {
  const what = `slowest calls, Node ${node.major}`
  const { result: results, noise, runCount, remarks } = await repeatWhileNoisy(what, {
    run: () => runProcesses(node, options),
    baselinesOf: (all) => all.map((one) => added(one, 'clock', 'median')),
    runCountMax: options.isShort ? 1 : 3,
  })
  const ratio = (share) =>
    results.map((one) => added(one, 'captured', share) / added(one, 'clock', share))
  const label = `added at the 99.9th percentile, of two clock reads, Node ${node.major}`
  const goal = figure(label, 'x', ratio('p999'), { atMost: 1.5 })
  options.say(goal)
  const whole = ['bare', 'clock', 'captured'].flatMap((arm) =>
    ['median', 'p999'].map((share) => {
      const title = `${arm}: ${share === 'median' ? share : '99.9th percentile'} of a call`
      const values = results.map(({ arms }) => arms[arm][share])
      return figure(`${title}, Node ${node.major}`, 'ns', values)
    }),
  )
  const raw = { what, node: node.version, noise, runCount, results }
  return { figures: [goal, ...whole], remarks, clocks: results.map(({ clock }) => clock), raw }
}
