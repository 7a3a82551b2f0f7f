/** Test runners that load modules in ways of their own: jest and vitest, as users have them. */

import { spawnSync } from 'node:child_process'
import { existsSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import test from 'ava'
import { Database } from 'kronicler'

import { cleanEnvironment, rowsOf, tempDir } from './harness.js'
import { testWith } from './tools.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const runners = path.join(root, '__test__/runners')

function start(program: string, args: string[], env: Record<string, string> = {}): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: runners,
    env: { ...cleanEnvironment(), ...env },
    encoding: 'utf8',
  })
  return status === 0 ? '' : `${program} ${args.join(' ')}: ${status}\n${stdout}\n${stderr}`
}

const testInRunners = testWith('__test__/runners')

test.before('suites find kronicler as if it were installed', () => {
  const link = path.join(runners, 'node_modules/kronicler')
  if (existsSync(path.dirname(link)) && !existsSync(link)) symlinkSync(root, link)
})

const jest = 'node_modules/jest/bin/jest.js'
const vitest = 'node_modules/vitest/vitest.mjs'

const runs: [title: string, args: string[], env?: Record<string, string>][] = [
  ['jest in one process', [jest, '--runInBand']],
  ['jest in two processes', [jest, '--maxWorkers=2']],
  ...['forks', 'threads', 'vmForks', 'vmThreads'].flatMap((pool): typeof runs => [
    [`vitest with ${pool}`, [vitest, 'run', '--pool', pool]],
    [`vitest with ${pool}, inlined`, [vitest, 'run', '--pool', pool], { INLINE: '1' }],
  ]),
]

/** What each of the two suites captures. */
const counts = { '': 100, '.again': 1, '.fail': 1, '.fake': 1, '.mock': 1, '.wait': 1 }

for (const [title, args, env] of runs) {
  testInRunners(`suites run under ${title}`, (t) => {
    // Promise: functions captured in a world of the runner's making behave as in any other; the
    // package loaded again, after a reset or in the next file, goes on with the same database;
    // nothing is captured twice, and what was flushed is there, however processes are ended.
    const dir = tempDir(t)
    const cache = args[0] === jest ? [`--cacheDirectory=${tempDir(t)}`] : []
    t.is(start(process.execPath, [...args, ...cache], { ...env, KRONICLER_DIR: dir }), '')
    const reader = Database.reader(dir)
    const stored = reader.stats().map(({ name, count }) => [name, count])
    const expected = ['first', 'second'].flatMap((name) =>
      Object.entries(counts).map(([what, count]) => [name + what, count]),
    )
    t.deepEqual(Object.fromEntries(stored), Object.fromEntries(expected))
    t.is(rowsOf(t, reader).length, 210)
    // Vitest ends its forks by SIGTERM; all other processes end in order.
    if (!args.includes('forks')) t.is(reader.health().lost.atMost, 0)
  })
}
