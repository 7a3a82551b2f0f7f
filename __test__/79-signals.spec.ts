/** Signals of the runtime: rows of their own beside the calls. */

import test from 'ava'
import type { ExecutionContext } from 'ava'
import { configure } from 'kronicler'
import type { ConfigureOptions, Row } from 'kronicler'

import { rowsAfter, run, runForJson, tempDir } from './harness.js'
import type { RunOptions } from './harness.js'

const register = new URL('../esm/register.js', import.meta.url)

/** Signals among the rows of a program that did what they tell of. */
async function signalsOf(
  t: ExecutionContext,
  options: Omit<RunOptions, 'cwd'>,
): Promise<{ cwd: string; signals: Row[]; act: Row }> {
  const cwd = tempDir(t)
  const ended = await run('signals.js', { cwd, ...options })
  t.deepEqual([ended.code, ended.stderr], [0, ''])
  const rows = rowsAfter(t, cwd)
  const act = rows.find(({ name }) => name === 'act')
  return { cwd, signals: rows.filter(({ kind }) => kind === 'signal'), act: act as Row }
}

/** How a signal is asked for makes no difference. */
const ways = {
  configure: (signals: string) => ({ args: [signals, 'configure'] }),
  register: (signals: string) => ({
    args: [signals],
    flags: ['--import', register.href],
    env: { KRONICLER_SIGNALS: signals },
  }),
}

for (const [way, optionsFor] of Object.entries(ways)) {
  test(`an event loop that is held up is a signal, by ${way}`, async (t) => {
    // Promise: what blocks it for 50 ms is seen, with its time within that of the call, and nothing
    // shorter; kr why tells it.
    const { cwd, signals, act } = await signalsOf(t, optionsFor('loop'))
    t.deepEqual([...new Set(signals.map(({ name }) => name))], ['event loop delay'])
    t.true(signals.some(({ start, end }) => start > act.start && end < act.end))
    t.true(signals.every(({ duration }) => duration >= 49_000_000))
    const why = await run('../../../bin/kr.js', { cwd, args: ['why', String(act.id)] })
    t.is(why.code, 0, why.stderr)
    t.regex(why.stdout, /under the signal event loop delay|signal event loop delay/)
  })

  test(`collections of garbage are signals, by ${way}`, async (t) => {
    // Promise: those from a millisecond on, by what kind they were.
    const { signals } = await signalsOf(t, optionsFor('gc'))
    t.true(signals.length > 0)
    t.true(signals.every(({ name, duration }) => name.startsWith('gc ') && duration >= 999_000))
  })

  test(`look-ups of names are signals, by ${way}`, async (t) => {
    // Promise: by the host that was looked up.
    const { signals } = await signalsOf(t, optionsFor('dns'))
    t.true(signals.some(({ name }) => name === 'dns lookup localhost'))
  })

  test(`timers that begin late are signals, by ${way}`, async (t) => {
    // Promise: each, also one that repeats or is promised, from when it was due to when it began.
    const { signals, act } = await signalsOf(t, optionsFor('timers'))
    t.deepEqual([...new Set(signals.map(({ name }) => name))], ['late timer'])
    t.true(signals.length >= 4)
    t.true(signals.every(({ start, end }) => start > act.start && end < act.end))
    t.true(signals.every(({ duration }) => duration >= 49_000_000))
  })
}

/** A clock that holds up its reader each other time, before or after, as a busy machine does. */
const slowDate = `
  const { now } = Date
  const wait = (ms) => { for (const end = performance.now() + ms; performance.now() < end;); }
  let reads = -1
  Date.now = () => {
    reads += 1
    wait(reads % 4 === 0 ? 60 : 0)
    const read = now()
    wait(reads % 4 === 2 ? 60 : 0)
    return read
  }`

test('a thread put off while it reads the clock moves no signal', async (t) => {
  // Promise: signals lie where they were in time, however busy the machine is.
  const { flags, ...rest } = ways.register('timers')
  const preload = `data:text/javascript,${encodeURIComponent(slowDate)}`
  const { signals, act } = await signalsOf(t, { flags: ['--import', preload, ...flags], ...rest })
  t.true(signals.length >= 4)
  t.true(signals.every(({ start, end }) => start > act.start && end < act.end))
})

/** Facts that a program found about timers, and the signals that it left. */
async function lateTimers(
  t: ExecutionContext,
  way: string,
): Promise<{ facts: Record<string, unknown>; signals: Row[] }> {
  const cwd = tempDir(t)
  const facts = await runForJson<Record<string, unknown>>(t, 'late-timers.js', { cwd, args: [way] })
  return { facts, signals: rowsAfter(t, cwd).filter(({ kind }) => kind === 'signal') }
}

test('functions that set timers stay what they were', async (t) => {
  // Promise: whoever looks sees the same function, one for all of its names, however many copies of
  // the package watch; arguments, `this`, what is thrown, cleared and aborted are as before.
  const { facts } = await lateTimers(t, 'surface')
  t.deepEqual(facts, {
    isSameSeen: true,
    isSameThrown: true,
    isOnce: true,
    isOne: [true, true, true],
    isPromised: true,
    isTimer: true,
    called: [true, 'a', 'b'],
    aborted: 'AbortError',
    value: 'value',
  })
})

test('a timer that is refreshed is due anew', async (t) => {
  // Promise: what a refresh has put off is not late.
  const { signals } = await lateTimers(t, 'refreshed')
  t.true(signals.every(({ duration }) => duration < 1_000_000_000))
})

for (const way of ['fake after', 'fake before']) {
  test(`fake timers of tests do not notice: ${way}`, async (t) => {
    // Promise: they are not replaced, run by their own clock, leave no signal, and give back what
    // they found.
    const { facts, signals } = await lateTimers(t, way)
    t.deepEqual(facts, { isLetAlone: true, count: 11, isBack: true })
    t.deepEqual(signals, [])
  })
}

test('a thread watches its own timers', async (t) => {
  // Promise: one that asks for it has its signals, the functions of others stay.
  const { facts, signals } = await lateTimers(t, 'worker')
  t.deepEqual(facts, { isAlone: true })
  t.true(signals.some(({ name, duration }) => name === 'late timer' && duration > 150_000_000))
})

test('without being asked for there are none', async (t) => {
  // Promise: kronicler/register alone keeps no timer and no observer.
  const flags = ['--import', register.href]
  const { signals } = await signalsOf(t, { args: ['loop,gc,dns,timers'], flags })
  t.deepEqual(signals, [])
})

test('wrong signals are told', async (t) => {
  // Promise: a TypeError of configure, a warning for the variable; those that are right count.
  for (const signals of ['loop', ['tick'], [1], {}, null]) {
    t.throws(() => configure({ signals } as unknown as ConfigureOptions), {
      instanceOf: TypeError,
      message: /options\.signals must be an array of 'loop', 'gc', 'dns' or 'timers', not /,
    })
  }
  const cwd = tempDir(t)
  const flags = ['--import', register.href]
  const env = { KRONICLER_SIGNALS: 'dns, tick' }
  const ended = await run('signals.js', { cwd, flags, env, args: ['dns'] })
  t.is(ended.code, 0)
  t.regex(ended.stderr, /\[KRONICLER_BAD_ENV\].*KRONICLER_SIGNALS="dns, tick".*'loop'/)
  t.true(rowsAfter(t, cwd).some(({ kind }) => kind === 'signal'))
})
