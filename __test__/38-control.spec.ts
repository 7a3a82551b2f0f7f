/** What `kr` says to running services: pause, resume, clear. */

import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import test from 'ava'
import { Database, capture } from 'kronicler'
import type { ExecutionContext } from 'ava'

import { checkIdentity, cleanEnvironment, fixturePath, openDatabase, tempDir } from './harness.js'
import { execute } from './packaging/project.js'

const executable = process.platform === 'win32' ? 'kr.exe' : 'kr'
const program = fileURLToPath(new URL(`../../npm/local/${executable}`, import.meta.url))

/** Waits for what must come, however slow the machine is. */
async function until(t: ExecutionContext, what: string, isSo: () => boolean): Promise<void> {
  const endMs = Date.now() + 60_000
  while (!isSo()) {
    if (Date.now() > endMs) {
      t.fail(`waited in vain for ${what}`)
      return
    }
    await sleep(20)
  }
}

/** What `kr` answers about a database, as JSON. */
async function kr(
  t: ExecutionContext,
  dir: string,
  ...args: string[]
): Promise<Record<string, unknown>> {
  const ended = await execute([program, '--dir', dir, '--json', ...args], path.dirname(dir), {})
  t.is(ended.code, 0, ended.stderr)
  return JSON.parse(ended.stdout) as Record<string, unknown>
}

function countOf(reader: Database, name: string): number {
  return reader.stats(name)?.count ?? 0
}

test('kr pauses, resumes and clears a service with threads and processes', async (t) => {
  // Promise: all processes and threads of a directory heed `kr` by themselves; other databases of
  // these processes go on; what is cleared is gone at once, and what comes later is kept.
  const cwd = tempDir(t)
  const dir = path.join(cwd, '.kronicler_data')
  const child = spawn(process.execPath, [fixturePath('controlled.js')], {
    cwd,
    env: cleanEnvironment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill())
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text))
  const roles = ['primary main', 'primary worker', 'child main', 'child worker']
  const haveAllTold = (text: string, count = 1): boolean =>
    roles.every((role) => told.split(`${role}: ${text}\n`).length - 1 >= count)
  await until(t, 'both processes', () => haveAllTold('begins') && readers(dir) === 2)
  const reader = Database.reader(dir)
  const others = Database.reader(path.join(cwd, 'other'))

  t.like(await kr(t, dir, 'pause'), { command: 'pause', changed: true, paused: true })
  await until(t, 'pauses', () => haveAllTold('is paused'))
  t.true(reader.health().paused)
  t.false(others.health().paused)
  // What had begun before may still be on its way.
  await sleep(300)
  const { seen } = reader.health()
  const otherCount = countOf(others, 'other')
  await until(t, 'the other database', () => countOf(others, 'other') > otherCount + 100)
  t.is(reader.health().seen, seen)

  t.like(await kr(t, dir, 'resume'), { changed: true, paused: false })
  await until(t, 'the end of the pause', () => haveAllTold('goes on'))
  await until(t, 'calls', () => reader.health().seen > seen)

  const before = countOf(reader, 'step')
  const cleared = await kr(t, dir, 'clear', '--yes')
  t.deepEqual(
    (cleared['lanes'] as { state: string }[]).map(({ state }) => state),
    ['emptied', 'emptied'],
  )
  t.true(countOf(reader, 'step') < before)
  await until(t, 'new calls', () => countOf(reader, 'step') > 0)
  checkIdentity(t, reader.health())
  t.deepEqual(controlFiles(dir), [])
  child.stdin.end()
  await until(t, 'the end', () => child.exitCode !== null)
  t.is(child.exitCode, 0)
  t.like(await kr(t, dir, 'verify'), { findings: [] })
})

/** How many lanes have rows. */
function readers(dir: string): number {
  return existsSync(dir) ? Database.reader(dir).health().laneCount : 0
}

function controlFiles(dir: string): string[] {
  return readdirSync(dir).filter((name) => name.startsWith('control'))
}

test.serial('a pause of one database leaves the others alone', async (t) => {
  // Promise: a function that is captured into a paused database runs bare, others are recorded; a
  // pause of the process and one by kr do not undo each other.
  const [paused, other] = [openDatabase(t), openDatabase(t)]
  t.teardown(() => capture.resume())
  const functions = [paused, other].map((db) => capture('fn', () => 1, { db }))
  const callAll = (): number[] => functions.map((fn) => fn())
  callAll()
  await paused.flush()
  await kr(t, paused.dir, 'pause')
  t.deepEqual([paused.health().paused, other.health().paused], [true, false])
  t.true(capture.enabled, 'it says how the default database is')
  callAll()
  t.deepEqual([paused.health().seen, other.health().seen], [1, 2])
  capture.pause()
  t.deepEqual([paused.health().paused, other.health().paused], [true, true])
  callAll()
  capture.resume()
  t.deepEqual([paused.health().paused, other.health().paused], [true, false])
  callAll()
  t.deepEqual([paused.health().seen, other.health().seen], [1, 3])
  paused.capture('by hand', [], 1, 2)
  await kr(t, paused.dir, 'resume')
  t.false(paused.health().paused)
  callAll()
  t.deepEqual([paused.health().seen, other.health().seen], [3, 4])
  for (const db of [paused, other]) checkIdentity(t, db.health())
})
