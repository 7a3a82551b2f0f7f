/** What tests stand on: directories of their own, programs run as children, the identity. */

import { spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { Database, KroniclerError } from 'kronicler'
import type { DatabaseOptions, Health, KroniclerErrorCode, Row } from 'kronicler'
import type { ExecutionContext } from 'ava'

/** A directory that is gone when the test is over. */
export function tempDir(t: ExecutionContext): string {
  const dir = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'kronicler-test-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }))
  return dir
}

/** A database in a directory of its own. */
export function openDatabase(t: ExecutionContext, options: DatabaseOptions = {}): Database {
  const db = new Database({ dir: tempDir(t), ...options })
  t.teardown(() => db.closeSync())
  return db
}

/** Fails unless every call that was seen is accounted for. */
export function checkIdentity(t: ExecutionContext, health: Health): void {
  const { dropped, lost, skipped } = health
  const droppedAll = dropped.ring + dropped.thread + dropped.store + dropped.closed
  const known = health.stored + health.pending + skipped.every + droppedAll + lost.clock
  t.is(health.seen, known, JSON.stringify(health))
  t.is(health.stored, health.live + health.expired + health.quarantined, JSON.stringify(health))
}

/** All rows of a database, after the identity has been checked. */
export function rowsOf(t: ExecutionContext, db: Database): Row[] {
  const health = db.health()
  checkIdentity(t, health)
  const rows = db.fetchAllSync()
  t.is(rows.length, health.live + health.pending)
  return rows
}

/** Rows as `name outcome kind`, which is what most tests are about. */
export function summary(rows: readonly Row[]): string[] {
  return rows.map(({ name, outcome, kind }) => `${name} ${outcome} ${kind}`)
}

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  cwd: string
  args?: readonly string[]
  /** Options of Node. */
  flags?: readonly string[]
  env?: Readonly<Record<string, string>>
  /** Called with every piece of output. */
  onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void, pid: number) => void
  /** A command line that Node's own is put behind. */
  shell?: string
}

const ours = /^(KRONICLER_|npm_|NODE_|RUST_LOG)/

/** The environment without variables that a test has not asked for. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !ours.test(key)))
}

export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
}

/** Runs a fixture to its end. */
export function run(fixture: string, options: RunOptions): Promise<Ended> {
  const { flags = [], args: given = [] } = options
  const command = [process.execPath, ...flags, fixturePath(fixture), ...given]
  const [program = '', ...args] =
    options.shell === undefined ? command : ['sh', '-c', `${options.shell} "$@"`, 'sh', ...command]
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    options.onOutput?.(text, (signal) => child.kill(signal), child.pid ?? NaN)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** Runs a fixture that must end well, and gives what it printed as JSON. */
export async function runForJson<T>(
  t: ExecutionContext,
  fixture: string,
  options: RunOptions,
): Promise<T> {
  const ended = await run(fixture, options)
  t.is(ended.code, 0, ended.stderr)
  return JSON.parse(ended.stdout) as T
}

/** What a reader finds in the default directory of a program that ran in `cwd`. */
export function rowsAfter(t: ExecutionContext, cwd: string): Row[] {
  const reader = Database.reader(path.join(cwd, '.kronicler_data'))
  return rowsOf(t, reader)
}

function checkCode(t: ExecutionContext, error: unknown, code: KroniclerErrorCode): void {
  t.true(error instanceof KroniclerError, String(error))
  t.is((error as KroniclerError).code, code, String(error))
}

export function throwsCode(
  t: ExecutionContext,
  code: KroniclerErrorCode,
  act: () => unknown,
): void {
  try {
    act()
  } catch (error) {
    checkCode(t, error, code)
    return
  }
  t.fail(`${code} was not thrown`)
}

export async function rejectsCode(
  t: ExecutionContext,
  code: KroniclerErrorCode,
  act: () => Promise<unknown>,
): Promise<void> {
  try {
    await act()
  } catch (error) {
    checkCode(t, error, code)
    return
  }
  t.fail(`${code} was not thrown`)
}
