/** bin/kr.js: it starts `kr` and ends as it ended. */

import { spawn } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

import test from 'ava'
import type { ExecutionContext } from 'ava'

import type { Ended } from './harness.js'
import { tempDir } from './harness.js'
import { execute } from './packaging/project.js'

const launcher = fileURLToPath(new URL('../../bin/kr.js', import.meta.url))
const PATH = process.env['PATH'] ?? ''

/** A stand-in for `kr`. */
function standIn(t: ExecutionContext, script: string): string {
  const file = path.join(tempDir(t), 'kr')
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

function launch(
  t: ExecutionContext,
  script: string,
  args: readonly string[] = [],
  input = '',
): Promise<Ended> {
  const env = { PATH, KR_BINARY: standIn(t, script) }
  return execute([process.execPath, launcher, ...args], tempDir(t), env, input)
}

test('arguments, input, output and exit code pass', async (t) => {
  // Promise: with the launcher it is as without: nothing is added, split or lost.
  const script = `cat; for it in "$@"; do echo "[$it]"; done; echo oops >&2; exit 7`
  const ended = await launch(t, script, ['a b', '', '--x=*', '"'], 'input\n')
  t.deepEqual(ended, {
    code: 7,
    signal: null,
    stdout: 'input\n[a b]\n[]\n[--x=*]\n["]\n',
    stderr: 'oops\n',
  })
})

test('what cannot be started is explained', async (t) => {
  // Promise: 127 when it is not there, 126 when it cannot be started, as in a shell; one line.
  const cwd = tempDir(t)
  const file = path.join(cwd, 'text')
  writeFileSync(file, 'no program')
  const cases: [string, number, RegExp][] = [
    [path.join(cwd, 'absent'), 127, /^kr: .*absent cannot be started \(ENOENT\).*\n$/],
    [file, 126, /^kr: .*text cannot be started \(EACCES\): .*permission\n$/],
  ]
  for (const [binary, code, message] of cases) {
    const env = { PATH, KR_BINARY: binary }
    const ended = await execute([process.execPath, launcher, 'stats'], cwd, env)
    t.is(ended.code, code)
    t.regex(ended.stderr, message)
    t.is(ended.stdout, '')
  }
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`a ${signal} ends both`, async (t) => {
    // Promise: who ends the launcher alone ends `kr`, which can still say good-bye; the launcher
    // ends after it and by the same signal.
    const name = signal.slice(3)
    const script = `trap 'echo bye; trap - ${name}; kill -${name} $$' ${name}
echo $$; while :; do sleep 0.05; done`
    const ended = await signalled(t, script, (pid) => process.kill(pid, signal))
    t.deepEqual([ended.code, ended.signal], [null, signal])
    t.regex(ended.stdout, /^\d+\nbye\n$/)
    t.throws(() => process.kill(Number.parseInt(ended.stdout, 10), 0), { code: 'ESRCH' })
  })
}

test('a signal to the whole group is taken once', async (t) => {
  // Promise: `kr` that ends by itself at a Ctrl-C decides the exit code and prints once.
  const script = `trap 'echo bye; exit 3' INT; echo $$; while :; do sleep 0.05; done`
  const ended = await signalled(t, script, (pid) => process.kill(-pid, 'SIGINT'))
  t.deepEqual([ended.code, ended.signal], [3, null])
  t.regex(ended.stdout, /^\d+\nbye\n$/)
  t.is(ended.stderr, '')
})

/** Signals a launcher, the first of its group, once the stand-in has written its first line. */
async function signalled(
  t: ExecutionContext,
  script: string,
  act: (pid: number) => void,
): Promise<Ended> {
  const env = { PATH, KR_BINARY: standIn(t, script) }
  const child = spawn(process.execPath, [launcher], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout === '') act(child.pid ?? 0)
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

test('a crash is told as by a shell', async (t) => {
  // Promise: 128 and the number of the signal, and the launcher does not crash, too.
  const ended = await launch(t, 'kill -ABRT $$')
  t.deepEqual([ended.code, ended.signal], [134, null])
})
