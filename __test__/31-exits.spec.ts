/** Ends of a process: what was captured is there, and the process ends as it would have. */

import test from 'ava'

import { endCases, titleOf } from './exits/cases.js'
import { checkEnd } from './exits/check.js'
import { rowsAfter, run, runForJson, tempDir } from './harness.js'

const runCount = 5

// Ava begins all tests at once; programs that compete would only wait for each other.
const queues = Array.from({ length: 3 }, () => Promise.resolve())

async function inTurn<T>(index: number, act: () => Promise<T>): Promise<T> {
  const slot = index % queues.length
  const result = (queues[slot] ?? Promise.resolve()).then(act)
  queues[slot] = result.then(
    () => {},
    () => {},
  )
  return result
}

for (const [index, one] of endCases.entries()) {
  test(`a program ends as it would have: ${titleOf(one)}`, async (t) => {
    // Promise: exit code, signal and output are those of the bare program, also where nothing can
    // be stored. Each call of an orderly end is stored; a death takes nothing that was flushed,
    // and of the rest at most what is said. Ids go on behind it, and the identity holds.
    t.deepEqual(await inTurn(index, () => checkEnd(one, runCount)), [])
  })
}

test('death loses at most the last moments', async (t) => {
  // Promise: under load, what was captured longer than a second before is there.
  const cwd = tempDir(t)
  const counts: number[] = []
  const ended = await run('killed.js', {
    cwd,
    onOutput: (text, kill) => {
      counts.push(...text.trim().split('\n').map(Number))
      if (counts.length >= 30) kill('SIGKILL')
    },
  })
  t.is(ended.signal, 'SIGKILL')
  // Said at the latest 20 reports, so about a second, before the end.
  const old = counts.at(-20) ?? 0
  t.true(old > 0)
  const rows = rowsAfter(t, cwd)
  t.true(rows.length >= old, `${rows.length} of ${counts}`)
  t.deepEqual(
    rows.map(({ id }) => id),
    rows.map((_, index) => index),
  )
})

interface Printed {
  before: string
  after: string
  beforeFirst: boolean
}

for (const how of ['', 'flush']) {
  test(`an idle process ends by itself ${how}`, async (t) => {
    // Promise: capture neither keeps the event loop alive nor adds listeners to the process, and
    // importing makes no directory.
    const cwd = tempDir(t)
    const printed = await runForJson<Printed>(t, 'idle.js', { cwd, args: [how] })
    t.is(printed.after, printed.before)
    t.false(printed.beforeFirst)
    t.is(rowsAfter(t, cwd).length, 1)
  })
}
