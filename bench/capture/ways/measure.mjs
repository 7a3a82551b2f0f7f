// Every way of capturing against two clock reads, and what others take to keep a call.

import { runChild } from '../../harness/child.mjs'
import { withDirectory } from '../../harness/directory.mjs'
import { figure } from '../../harness/figure.mjs'
import { barsOf } from '../../harness/plot.mjs'
import { repeatWhileNoisy } from '../../harness/repeat.mjs'

const processScript = new URL('process.mjs', import.meta.url)

// The queue of OpenTelemetry's batches holds 2,048 spans; what comes on top is thrown away.
const BURST = 2_048

const ownWays = {
  wrapper: 'wrapped function',
  method: 'decorated method',
  generator: 'generator, to its end',
  span: 'capture.start and end',
  run: 'capture.run',
  async: 'wrapped async function',
}

const rivals = {
  hrtime: { title: 'two process.hrtime.bigint()' },
  promObserve: { title: 'prom-client observe', atLeast: 6 },
  promChild: { title: 'prom-client observe, labels looked up before' },
  promTimer: { title: 'prom-client startTimer', atLeast: 6 },
  otelSpan: { title: 'OpenTelemetry span', atLeast: 20 },
  otelHistogram: { title: 'OpenTelemetry histogram record' },
  timerify: { title: 'perf_hooks timerify, histogram' },
  pinoLine: { title: 'pino line' },
}

/** What is compared runs side by side. `clock`: what the ways of capturing are held against. */
const groups = [
  { own: ['wrapper', 'method', 'generator', 'span', 'run'], clock: 'clock', twin: 'bare' },
  { own: ['async'], clock: 'clockAsync', twin: 'bareAsync' },
  { own: ['wrapper'], clock: 'clock', twin: 'bare', rivals: Object.keys(rivals) },
]

const twins = { method: 'bareMethod', generator: 'bareGenerator', span: 'bareSpan', run: 'bareRun' }

function armsOf({ own, clock, twin, rivals: others = [] }) {
  const bare = own.flatMap((name) => twins[name] ?? [])
  return [twin, clock, ...own, ...bare, ...others]
}

function runProcess(group, node, { isShort }) {
  return withDirectory((dir) => {
    const rounds = isShort ? { warmUpRounds: 10, rounds: 20 } : { warmUpRounds: 20, rounds: 60 }
    const settings = { arms: armsOf(group), burst: BURST, ...rounds }
    return runChild(processScript, settings, {
      node: node.executable,
      env: { KRONICLER_DIR: dir },
    })
  })
}

async function runProcesses(group, node, options) {
  const results = []
  const count = options.isShort ? 2 : 5
  while (results.length < count) results.push(await runProcess(group, node, options))
  return results
}

/** What one arm adds, of what another adds, in each process. */
function ratioOf(results, label, { arm, than, goal }) {
  return figure(label, 'x', results.map(({ added }) => added[arm] / added[than]), goal)
}

/** The lines of a group: each way against the clock, each rival against the wrapper. */
function ratiosOf(results, { own, clock, rivals: others }, { major }) {
  if (others === undefined) {
    const label = (name) => `${ownWays[name]}, of two performance.now(), Node ${major}`
    return own.map((name) => ratioOf(results, label(name), { arm: name, than: clock }))
  }
  return others.map((name) => {
    const { title, atLeast } = rivals[name]
    const goal = atLeast === undefined ? undefined : { atLeast }
    const label = `${title}, of a wrapped function, Node ${major}`
    return ratioOf(results, label, { arm: name, than: 'wrapper', goal })
  })
}

/** Nanoseconds of each arm. The clock and the wrapper are told by the group of the ways. */
function absolutesOf(results, { own, clock, rivals: others }, { major }) {
  const titles = { [clock]: clock === 'clock' ? 'two performance.now()' : 'two performance.now() and a .then' }
  const shown = others ?? [clock, ...own]
  return shown.map((name) => {
    const title = titles[name] ?? ownWays[name] ?? rivals[name].title
    return figure(`${title}, Node ${major}`, 'ns', results.map(({ added }) => added[name]))
  })
}

async function measureGroup(group, node, options) {
  const what = `${group.rivals ? 'rivals' : `ways of capturing, ${group.twin}`}, Node ${node.major}`
  const { result, noise, runCount, remarks } = await repeatWhileNoisy(what, {
    run: () => runProcesses(group, node, options),
    baselinesOf: (results) => results.map(({ added }) => added[group.clock]),
    runCountMax: options.isShort ? 1 : 3,
  })
  const ratios = ratiosOf(result, group, node)
  for (const ratio of ratios) options.say(ratio)
  const absolutes = absolutesOf(result, group, node)
  return { ratios, absolutes, remarks, raw: { what, node: node.version, noise, runCount, result } }
}

export async function measureWays(node, options) {
  const measured = []
  for (const group of groups) measured.push(await measureGroup(group, node, options))
  const absolutes = measured.flatMap((one) => one.absolutes)
  return {
    figures: [...measured.flatMap((one) => one.ratios), ...absolutes],
    remarks: measured.flatMap((one) => one.remarks),
    clocks: measured.flatMap(({ raw }) => raw.result.map(({ clock }) => clock)),
    raw: measured.map((one) => one.raw),
    plots: [{
      name: `ways-${node.major}`,
      title: `Cost added to a call on Node ${node.major}`,
      axis: 'nanoseconds',
      bars: barsOf(absolutes),
    }],
  }
}
