// Cost that capturing adds to a call, against two performance.now() in the same wrapper.

import { runChild } from '../../harness/child.mjs'
import { withDirectory } from '../../harness/directory.mjs'
import { figure } from '../../harness/figure.mjs'
import { barsOf } from '../../harness/plot.mjs'
import { repeatWhileNoisy } from '../../harness/repeat.mjs'

const processScript = new URL('process.mjs', import.meta.url)
const disabledScript = new URL('disabled-process.mjs', import.meta.url)

// `than` is what the captured call is held against. 32,768 calls are half the ring.
const variants = [
  { label: 'one function', set: 'one', than: 'clock', atMost: 0.55 },
  { label: '100 functions', set: 'hundred', than: 'clock', atMost: 0.75 },
  { label: '100 functions returning own shapes', set: 'shapes', than: 'clock', atMost: 0.85 },
  { label: 'one function, system clock', set: 'one', than: 'clock', clock: 'os', atMost: 1 },
  { label: '100 functions, system clock', set: 'hundred', than: 'clock', clock: 'os', atMost: 1 },
  { label: 'against no try/catch', set: 'one', than: 'untried', atMost: 1.1 },
  { label: 'async, against .then', set: 'async', than: 'clock', burst: 16_384, atMost: 1 },
]

function runProcess({ set, than, clock, burst = 32_768 }, node, { isShort }) {
  return withDirectory((dir) => {
    const rounds = isShort ? { warmUpRounds: 20, rounds: 30 } : { warmUpRounds: 20, rounds: 60 }
    const settings = { set, burst, arms: ['bare', than, 'kronicler'], ...rounds }
    const env = { KRONICLER_DIR: dir, ...(clock && { KRONICLER_CLOCK: clock }) }
    return runChild(processScript, settings, { node: node.executable, env })
  })
}

async function runProcesses(variant, node, options) {
  const results = []
  const count = options.isShort ? 2 : 5
  while (results.length < count) results.push(await runProcess(variant, node, options))
  return results
}

function added({ nsPerCall }, arm) {
  return nsPerCall[arm] - nsPerCall.bare
}

async function measureVariant(variant, node, options) {
  const { than, label } = variant
  const what = `${label}, Node ${node.major}`
  const { result, noise, runCount, remarks } = await repeatWhileNoisy(what, {
    run: () => runProcesses(variant, node, options),
    baselinesOf: (results) => results.map((one) => added(one, than)),
    runCountMax: options.isShort ? 1 : 3,
  })
  const ratios = result.map((one) => added(one, 'kronicler') / added(one, than))
  const shown = figure(what, 'x', ratios, { atMost: variant.atMost })
  options.say(shown)
  const raw = { what, than, node: node.version, noise, runCount, result }
  return { figure: shown, remarks, raw }
}

function absolute({ raw: { what, than, result } }) {
  const names = { clock: 'two performance.now()', untried: 'without try/catch' }
  const nanoseconds = (label, arm) =>
    figure(`${what}: ${label}`, 'ns', result.map((one) => added(one, arm)))
  return [nanoseconds(names[than], than), nanoseconds('captured', 'kronicler')]
}

async function checkDisabled(node) {
  const env = { KRONICLER_ENABLED: '0' }
  const { isBare } = await runChild(disabledScript, {}, { node: node.executable, env })
  if (!isBare) throw new Error(`Node ${node.version}: KRONICLER_ENABLED=0 still wraps functions`)
}

export async function measureAdded(node, options) {
  await checkDisabled(node)
  const measured = []
  for (const variant of variants) measured.push(await measureVariant(variant, node, options))
  const ratios = measured.map((one) => one.figure)
  const raw = measured.map((one) => one.raw)
  return {
    figures: [...ratios, ...measured.flatMap(absolute)],
    remarks: [
      ...measured.flatMap((one) => one.remarks),
      `KRONICLER_ENABLED=0 returns the bare function on Node ${node.major}`,
    ],
    clocks: raw.flatMap(({ result }) => result.map(({ clock }) => clock)),
    raw,
    plots: [{
      name: `added-${node.major}`,
      title: `Cost of a captured call, of two performance.now(), Node ${node.major}`,
      axis: 'times what it is held against',
      bars: barsOf(ratios),
    }],
  }
}
