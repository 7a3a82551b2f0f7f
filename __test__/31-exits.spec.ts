/** Ends of a process: what was captured is there, and the process ends as it would have. */

import test from 'ava'
import { Database } from 'kronicler'

import { checkIdentity, rowsAfter, run, runForJson, tempDir } from './harness.js'

interface Printed {
  before: string
  after: string
  beforeFirst: boolean
}

const endings: Record<string, [code: number, count: number]> = {
  natural: [0, 1_000],
  exit: [7, 1_000],
  exitCode: [9, 1_000],
  reallyExit: [5, 1_000],
  exitInListener: [6, 1_000],
  captureInListener: [0, 1_001],
  uncaught: [1, 1_000],
  rejection: [1, 1_000],
  later: [4, 1_000],
  beforeExit: [0, 1_001],
}

for (const [ending, [code, count]] of Object.entries(endings)) {
  test(`nothing is lost at the end: ${ending}`, async (t) => {
    // Promise: every call is stored, the exit code is kept, the lane is let go in order.
    const cwd = tempDir(t)
    const ended = await run('ending.js', { cwd, args: [ending] })
    t.is(ended.code, code, ended.stderr)
    t.is(ended.stdout, '')
    if (code !== 1) t.is(ended.stderr, '')
    t.is(rowsAfter(t, cwd).length, count)
    const again = new Database({ dir: `${cwd}/.kronicler_data` })
    again.capture('more', [], 0, 1)
    t.is(again.fetchAllSync().at(-1)?.id, count)
    checkIdentity(t, again.health())
    again.closeSync()
  })
}

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`death by ${signal} loses at most the last moments`, async (t) => {
    // Promise: what was captured longer than a second before is there, ids go on behind it.
    const cwd = tempDir(t)
    const counts: number[] = []
    const ended = await run('killed.js', {
      cwd,
      onOutput: (text, kill) => {
        counts.push(...text.trim().split('\n').map(Number))
        if (counts.length >= 30) kill(signal)
      },
    })
    t.is(ended.signal, signal)
    // Said at the latest 20 reports, so about a second, before the end.
    const old = counts.at(-20) ?? 0
    t.true(old > 0)
    const rows = rowsAfter(t, cwd)
    t.true(rows.length >= old, `${rows.length} of ${counts}`)
    t.deepEqual(
      rows.map(({ id }) => id),
      rows.map((_, index) => index),
    )
    const again = new Database({ dir: `${cwd}/.kronicler_data` })
    again.capture('more', [], 0, 1)
    t.is(again.fetchAllSync().at(-1)?.id, rows.length)
    checkIdentity(t, again.health())
    again.closeSync()
  })
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
