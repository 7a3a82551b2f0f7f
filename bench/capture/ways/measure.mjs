// Every way of capturing against two clock reads, and what others take to keep a call.

import { runChild } from '../../harness/child.mjs'
import { withDirectory } from '../../harness/directory.mjs'
import { figure } from '../../harness/figure.mjs'
import { barsOf } from '../../harness/plot.mjs'
import { repeatWhileNoisy } from '../../harness/repeat.mjs'

const processScript = new URL('process.mjs', import.meta.url)

// The queue of OpenTelemetry's batches holds 2,048 spans; what comes on top is thrown away.
const BURST = 2_048

const titles = {
  clock: 'two performance.now()',
  wrapper: 'captured function',
  method: 'captured method',
  generator: 'captured generator, to its end',
  span: 'capture.start and end',
  run: 'capture.run',
  clockAsync: 'two performance.now() and a .then',
  async: 'captured async function',
  context: 'captured function that knows who made it',
  contextAsync: 'captured async function that knows who made it',
  hrtime: 'two process.hrtime.bigint()',
  promObserve: 'prom-client observe',
  promChild: 'prom-client observe, labels looked up before',
  promTimer: 'prom-client startTimer',
  otelSpan: 'OpenTelemetry span',
  otelHistogram: 'OpenTelemetry histogram',
  timerify: 'perf_hooks timerify',
  pinoLine: 'pino line',
}

const rivals = [
  'hrtime', 'promObserve', 'promChild', 'promTimer', 'otelSpan', 'otelHistogram', 'timerify',
  'pinoLine',
]

const goals = {
  wrapper: { atMost: 0.55 },
  promObserve: { atLeast: 6 },
  promTimer: { atLeast: 6 },
  otelSpan: { atLeast: 20 },
}

/** What is compared runs side by side. `clock`: what the ways of capturing are held against. */
const groups = [
  { own: ['wrapper', 'method', 'generator', 'span', 'run'], clock: 'clock', twin: 'bare' },
  { own: ['async'], clock: 'clockAsync', twin: 'bareAsync' },
  // By themselves: an AsyncLocalStorage changes what others in the process cost.
  { own: ['context'], clock: 'clock', twin: 'bare' },
  { own: ['contextAsync'], clock: 'clockAsync', twin: 'bareAsync' },
  { own: ['wrapper'], clock: 'clock', twin: 'bare', rivals },
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
  const [shown, than] = others === undefined ? [own, clock] : [others, 'wrapper']
  return shown.map((name) => {
    const label = `${titles[name]}, of ${titles[than]}, Node ${major}`
    return ratioOf(results, label, { arm: name, than, goal: goals[name] })
  })
}

/** Nanoseconds of each arm; the README has a line for each `way`, a column for each `node`. */
function absolutesOf(results, { own, clock, rivals: others }, { major }) {
  return (others ?? [clock, ...own]).map((name) => {
    const values = results.map(({ added }) => added[name])
    const way = titles[name]
    return Object.assign(figure(`${way}, Node ${major}`, 'ns', values), { way, node: major })
  })
}

async function measureGroup(group, node, options) {
  const ways = group.rivals ? 'rivals' : `ways of capturing, ${group.own[0]}`
  const what = `${ways}, Node ${node.major}`
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
