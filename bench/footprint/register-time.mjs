// Time that `kronicler/register` adds to the start of a program that does nothing.

import { once } from 'node:events'

import { startChild } from '../harness/child.mjs'
import { figure } from '../harness/figure.mjs'
import { median } from '../harness/median.mjs'

const script = new URL('empty.mjs', import.meta.url)
const register = new URL('../../dist/esm/register.js', import.meta.url).href
const ways = { bare: [], registered: ['--import', register] }

/** From the start of the process to its end, in milliseconds. */
async function time(execArgv) {
  const start = process.hrtime.bigint()
  const [code] = await once(startChild(script, {}, { execArgv }), 'exit')
  if (code !== 0) throw new Error(`an empty program ended with ${code}`)
  return Number(process.hrtime.bigint() - start) / 1e6
}

/** Runs alternate, so that what else the machine does meets both. */
export async function measureRegisterTime({ isShort }) {
  const times = { bare: [], registered: [] }
  for (let run = 0; run < (isShort ? 7 : 25); run++) {
    for (const [name, execArgv] of Object.entries(ways)) times[name].push(await time(execArgv))
  }
  const bare = median(times.bare)
  const added = times.registered.map((milliseconds) => milliseconds - bare)
  return {
    figures: [
      figure('start with kronicler/register beyond a bare one', 'ms', added, { atMost: 15 }),
      figure('start of an empty program', 'ms', times.bare),
    ],
    raw: times,
  }
}
