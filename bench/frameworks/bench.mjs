// What measuring every request costs a hello-world in fastify and express, under autocannon.

import { endChild, nextMessage, startChild } from '../harness/child.mjs'
import { withDirectory } from '../harness/directory.mjs'
import { figure } from '../harness/figure.mjs'
import { checkComplete } from '../harness/health.mjs'
import { median } from '../harness/median.mjs'
import { barsOf } from '../harness/plot.mjs'
import { repeatWhileInvalid } from '../harness/repeat.mjs'

const serverScript = new URL('server.cjs', import.meta.url)
const clientScript = new URL('client.mjs', import.meta.url)
/** Requests of a turn, which is a third of a second: machines change their pace within seconds. */
const frameworks = { fastify: 12_000, express: 2_000 }
const arms = {
  bare: 'nothing',
  clock: 'the clock read twice',
  kronicler: 'kronicler/<framework>',
  register: 'kronicler/register',
  promClient: 'prom-client histogram',
  openTelemetry: 'OpenTelemetry spans',
}

// Two processes of one arm differ by a tenth: many with few turns tell more than few with many.
const full = { sets: 12, warmUp: 12_000, rounds: 8, connections: 10 }
const short = { sets: 1, warmUp: 1_000, rounds: 2, connections: 10 }

async function startArm(name, framework, dir) {
  const env = { KRONICLER_DIR: `${dir}/${name}` }
  const flags = { register: ['--import', import.meta.resolve('kronicler/register')] }
  const execArgv = flags[name] ?? []
  const child = startChild(serverScript, { arm: name, framework }, { env, execArgv })
  const { port } = await nextMessage(child)
  return { name, child, port, cpu: [], speed: [], requestCount: 0 }
}

function ask(child, message) {
  const answer = nextMessage(child, 120)
  child.send(message)
  return answer
}

/** One turn of a server: requests a second, and CPU time of all its threads a request. */
async function load(arm, client, { amount, connections }) {
  const before = await ask(arm.child, 'usage')
  const { requestsPerSecond } = await ask(client, { port: arm.port, amount, connections })
  const after = await ask(arm.child, 'usage')
  arm.requestCount += amount
  arm.health = after.health
  return { cpu: (after.cpuMicroseconds - before.cpuMicroseconds) / amount, requestsPerSecond }
}

/** In any order: what a server still does after its turn must not always meet the same next one. */
function shuffled(all) {
  const order = [...all]
  for (let left = order.length; left > 1; left--) {
    const at = Math.floor(Math.random() * left)
    order.push(...order.splice(at, 1))
  }
  return order
}

/** Servers of all arms side by side, started and loaded in turn. */
function runSet(framework, sizes) {
  return withDirectory(async (dir) => {
    const client = startChild(clientScript, {})
    const started = []
    try {
      for (const name of shuffled(Object.keys(arms))) {
        started.push(await startArm(name, framework, dir))
      }
      const { warmUp, connections } = sizes
      for (const arm of started) await load(arm, client, { amount: warmUp, connections })
      const turn = { amount: frameworks[framework], connections }
      for (let round = 0; round < sizes.rounds; round++) {
        for (const arm of shuffled(started)) {
          const { cpu, requestsPerSecond } = await load(arm, client, turn)
          arm.cpu.push(cpu)
          arm.speed.push(requestsPerSecond)
        }
      }
    } finally {
      await Promise.all([client, ...started.map((arm) => arm.child)].map(endChild))
    }
    const captured = started.filter(({ health }) => health !== undefined)
    for (const { health, requestCount } of captured) checkComplete(health, requestCount)
    const { clock } = captured[0].health
    return { clock, arms: Object.fromEntries(started.map((arm) => [arm.name, arm])) }
  })
}

/** The median over the rounds of one arm beside another in the same round. */
function ratioOf(set, what, arm, other) {
  const others = set.arms[other][what]
  return median(set.arms[arm][what].map((value, round) => value / others[round]))
}

const ours = { kronicler: true, register: true }

function figuresOf(part, sets) {
  const label = (arm) => arms[arm].replace('<framework>', part)
  const measured = Object.keys(arms).filter((arm) => arm !== 'bare')
  const lost = (arm) => {
    const values = sets.map((set) => 100 * (1 - ratioOf(set, 'speed', arm, 'bare')))
    const goal = ours[arm] && { atMost: 2 }
    return figure(`requests a second lost: ${label(arm)}`, '%', values, goal)
  }
  const cpu = (arm) => {
    const values = sets.map((set) => ratioOf(set, 'cpu', arm, 'clock'))
    const goal = ours[arm] && { atMost: 1.05 }
    return figure(`CPU a request, of reading the clock twice: ${label(arm)}`, 'x', values, goal)
  }
  const absolute = (arm) => {
    const values = sets.map((set) => median(set.arms[arm].cpu))
    return figure(`CPU a request: ${label(arm)}`, 'us', values)
  }
  const figures = [
    ...measured.map(lost),
    ...measured.filter((arm) => arm !== 'clock').map(cpu),
    ...Object.keys(arms).map(absolute),
    figure('requests a second: nothing', '', sets.map((set) => median(set.arms.bare.speed))),
  ]
  return figures.map((one) => Object.assign(one, { part }))
}

export async function run({ isShort, say }) {
  const sizes = isShort ? short : full
  const [figures, remarks, raw] = [[], [], {}]
  let clock
  for (const framework of Object.keys(frameworks)) {
    const sets = []
    while (sets.length < sizes.sets) {
      const valid = await repeatWhileInvalid(framework, () => runSet(framework, sizes))
      sets.push(valid.result)
      remarks.push(...valid.remarks)
    }
    clock = sets[0].clock
    raw[framework] = sets.map((set) =>
      Object.values(set.arms).map(({ name, cpu, speed }) => ({ name, cpu, speed })))
    const own = figuresOf(framework, sets)
    for (const one of own) say(one)
    figures.push(...own)
  }
  const plots = Object.keys(frameworks).map((framework) => ({
    name: framework,
    title: `CPU of a hello-world in ${framework}`,
    axis: 'microseconds a request, all threads',
    bars: barsOf(figures.filter(({ part, unit }) => part === framework && unit === 'us')),
  }))
  return { title: 'Frameworks under load', clock, figures, remarks, plots, raw }
}
