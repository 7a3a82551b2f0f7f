// CPU that 100 captured calls a request add to a server, against 100 times two clock reads.

import { endChild, nextMessage, startChild } from '../harness/child.mjs'
import { withDirectory } from '../harness/directory.mjs'
import { figure } from '../harness/figure.mjs'
import { checkComplete } from '../harness/health.mjs'
import { median, permutations } from '../harness/median.mjs'
import { barsOf } from '../harness/plot.mjs'
import { repeatWhileNoisy } from '../harness/repeat.mjs'
import { callsPerRequest } from './work.mjs'

const serverScript = new URL('server.mjs', import.meta.url)
const clientScript = new URL('client.mjs', import.meta.url)
const armNames = ['bare', 'clock', 'kronicler']

async function startArm(name, dir) {
  const env = { KRONICLER_DIR: dir }
  const child = startChild(serverScript, { arm: name }, { env })
  const { port } = await nextMessage(child)
  return { name, child, port, perRequest: [], requestCount: 0 }
}

function ask(child, message) {
  const answer = nextMessage(child, 120)
  child.send(message)
  return answer
}

/** Microseconds of CPU a request, of the server with all its threads. */
async function load(arm, client, { requests: count, rate }) {
  const before = await ask(arm.child, 'usage')
  await ask(client, { port: arm.port, count, rate })
  const after = await ask(arm.child, 'usage')
  arm.requestCount += count
  arm.health = after.health
  arm.threads = after.threads
  return (after.cpuMicroseconds - before.cpuMicroseconds) / count
}

async function measure(arms, client, sizes) {
  const { warmUpRounds, rounds } = sizes
  const orders = permutations(arms)
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    for (const arm of orders[round % orders.length]) {
      const perRequest = await load(arm, client, sizes)
      if (round >= warmUpRounds) arm.perRequest.push(perRequest)
    }
  }
}

/** One set of servers, loaded in turn. */
function runSet(sizes) {
  return withDirectory(async (dir) => {
    const client = startChild(clientScript, {})
    const arms = []
    try {
      for (const name of armNames) arms.push(await startArm(name, dir))
      await measure(arms, client, sizes)
    } finally {
      await Promise.all([client, ...arms.map((arm) => arm.child)].map(endChild))
    }
    const { health, requestCount, threads } = arms.at(-1)
    checkComplete(health, requestCount * callsPerRequest)
    const cpu = arms.map(({ name, perRequest }) => [name, median(perRequest)])
    const { clock, seen } = health
    return { cpuPerRequest: Object.fromEntries(cpu), clock, seen, threads }
  })
}

async function runSets({ isShort }) {
  const sizes = isShort
    ? { sets: 2, warmUpRounds: 2, rounds: 6, requests: 4_000, rate: 6_000 }
    : { sets: 5, warmUpRounds: 3, rounds: 12, requests: 6_000, rate: 6_000 }
  const results = []
  while (results.length < sizes.sets) results.push(await runSet(sizes))
  return results
}

function added({ cpuPerRequest }, arm) {
  return cpuPerRequest[arm] - cpuPerRequest.bare
}

/** Nanoseconds a call on the threads that Kronicler starts; 0 where the system does not tell. */
function background({ threads, seen }) {
  return Object.values(threads).reduce((sum, nanoseconds) => sum + nanoseconds, 0) / seen
}

export async function run(options) {
  const { result, noise, runCount, remarks } = await repeatWhileNoisy('http', {
    run: () => runSets(options),
    baselinesOf: (results) => results.map((one) => one.cpuPerRequest.bare),
    runCountMax: options.isShort ? 1 : 3,
  })
  const perCall = (arm) => result.map((one) => (1_000 * added(one, arm)) / callsPerRequest)
  const perRequest = (arm) => result.map((one) => one.cpuPerRequest[arm])
  const ratios = result.map((one) => added(one, 'kronicler') / added(one, 'clock'))
  const figures = [
    figure('CPU added by capture, of that by two performance.now()', 'x', ratios, { atMost: 0.7 }),
    figure('added by two performance.now()', 'ns a call', perCall('clock')),
    figure('added by capture, with its threads', 'ns a call', perCall('kronicler')),
    figure('of that on threads of its own', 'ns a call', result.map(background)),
    figure('server without either', 'us a request', perRequest('bare')),
    figure('server with two performance.now()', 'us a request', perRequest('clock')),
    figure('server with capture', 'us a request', perRequest('kronicler')),
  ]
  for (const one of figures) options.say(one)
  return {
    title: 'CPU in an HTTP server',
    clock: result[0].clock,
    figures,
    remarks,
    plots: [{
      title: 'HTTP server with 100 captured calls a request',
      axis: 'CPU of all threads, microseconds a request',
      bars: barsOf(figures.slice(4)),
    }],
    raw: { noise, runCount, result },
  }
}
