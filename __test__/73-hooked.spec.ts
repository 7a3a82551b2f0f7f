/** What was hooked, as `kr doctor` tells it when the program has ended. */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

import test from 'ava'
import type { ExecutionContext } from 'ava'

import { fixturePath, run, tempDir } from './harness.js'
import { execute } from './packaging/project.js'

const register = new URL('../esm/register.js', import.meta.url)
const otel = new URL('../esm/otel.js', import.meta.url)
const root = fileURLToPath(new URL('../..', import.meta.url))
const kr = path.join(root, 'npm/local', process.platform === 'win32' ? 'kr.exe' : 'kr')

interface Hook {
  kind: string
  subject: string
  functions: number | null
  remark: string | null
}

interface Doctor {
  checks: { check: string; level: string; fact: string }[]
  hooked: { pid: number; processes: number; hooks: Hook[]; left_out: number }[]
}

async function doctor(cwd: string): Promise<Doctor> {
  const ended = await execute([kr, 'doctor', '--json'], cwd, {})
  return JSON.parse(ended.stdout) as Doctor
}

/** Runs a program of two files in a directory of its own. */
async function start(
  t: ExecutionContext,
  main: string,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const cwd = tempDir(t)
  mkdirSync(path.join(cwd, 'src'))
  writeFileSync(path.join(cwd, 'main.mjs'), main)
  const users = `
    exports.add = (a, b) => a + b
    exports.Users = class Users { static create() { return new this() } find(id) { return id } }
    exports.fixed = Object.freeze({ run: (value) => value })`
  writeFileSync(path.join(cwd, 'src/users.cjs'), users)
  const file = path.relative(fixturePath('.'), path.join(cwd, 'main.mjs'))
  const ended = await run(file, { cwd, flags: ['--import', register.href], env })
  t.is(ended.code, 0, ended.stderr)
  return cwd
}

test('kr doctor tells what was hooked, and what was not', async (t) => {
  // Promise: channels, signals and entries that are on; for each pattern how many functions it
  // captures, with names; a warning for each that captures nothing, with the reason.
  const main = `
    import { KroniclerSpanProcessor } from '${otel.href}'
    import users from './src/users.cjs'
    new KroniclerSpanProcessor()
    users.add(1, 2)`
  const patterns = './src/**,./src/users:sub,./src/users:fixed.run,./nowhere/*,a b'
  const env = { KRONICLER_INCLUDE: patterns, KRONICLER_SIGNALS: 'gc' }
  const cwd = await start(t, main, env)
  const { checks, hooked } = await doctor(cwd)
  t.deepEqual([hooked.length, hooked[0]?.processes, hooked[0]?.left_out], [1, 1, 0])
  const hooks = hooked[0]?.hooks ?? []
  const told = (kind: string): Record<string, (number | string | null)[]> => {
    const all = hooks.filter((hook) => hook.kind === kind)
    return Object.fromEntries(all.map((hook) => [hook.subject, [hook.functions, hook.remark]]))
  }
  const none = [null, null]
  t.deepEqual([told('signal'), told('entry')], [{ gc: none }, { 'kronicler/otel': none }])
  const channels = told('channel')
  for (const channel of ['http.server.request.start', 'undici:request:create', 'mysql2:query']) {
    t.deepEqual(channels[channel], none, channel)
  }
  t.false(Object.keys(channels).some((channel) => channel.startsWith('tracing:')))
  const absent = 'src/users exports no such function, or none that can be replaced'
  t.deepEqual(told('pattern'), {
    './src/**': [3, 'src/users:add, src/users:Users.create, src/users:Users.find'],
    './src/users:sub': [0, absent],
    './src/users:fixed.run': [0, absent],
    './nowhere/*': [0, null],
    'a b': [0, 'paths begin with ./ and else it is what a module is imported as'],
  })
  t.deepEqual(told('left_alone'), { 'src/users:fixed.run': [null, 'it cannot be replaced'] })
  const warned = checks.filter(({ check }) => /^(?:hooks|include list|left alone)$/.test(check))
  t.deepEqual(warned.map(({ check, level }) => `${check}: ${level}`).toSorted(), [
    'hooks: ok',
    'include list: ok',
    'include list: warning',
    'include list: warning',
    'include list: warning',
    'include list: warning',
    'left alone: warning',
  ])
})

test('threads of a process tell as one', async (t) => {
  // Promise: a worker that loads the same adds nothing, and takes nothing away.
  const main = `
    import { once } from 'node:events'
    import { Worker, isMainThread } from 'node:worker_threads'
    if (isMainThread) {
      const { default: users } = await import('./src/users.cjs')
      users.add(1, 2)
      await once(new Worker(new URL(import.meta.url)), 'exit')
    }`
  const cwd = await start(t, main, { KRONICLER_INCLUDE: './src/**' })
  const { hooked } = await doctor(cwd)
  const subjects = hooked[0]?.hooks.map(({ kind, subject }) => `${kind} ${subject}`) ?? []
  t.deepEqual([hooked.length, new Set(subjects).size], [1, subjects.length])
  const pattern = hooked[0]?.hooks.find(({ kind }) => kind === 'pattern')
  t.deepEqual([pattern?.subject, pattern?.functions], ['./src/**', 3])
})

test('a registered program that captures nothing leaves nothing', async (t) => {
  // Promise: telling what is hooked makes no directory.
  const env = { KRONICLER_INCLUDE: './src/**,./nowhere/*', KRONICLER_SIGNALS: 'dns' }
  const cwd = await start(t, `import './src/users.cjs'`, env)
  t.deepEqual([existsSync(path.join(cwd, '.kronicler_data')), existsSync(cwd)], [false, true])
})
