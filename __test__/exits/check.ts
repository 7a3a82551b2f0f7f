/** Runs a program bare and captured, and tells in what they differ and what is missing. */

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import { Database } from 'kronicler'
import type { Health } from 'kronicler'

import { cleanEnvironment, fixturePath } from '../harness.js'
import type { Ended } from '../harness.js'
import type { EndCase } from './cases.js'

const dumps = [
  // Traces of the garbage collector, of native code, of scripts; what is where differs each time.
  /^\[\d+:0x[0-9a-f]+\].*$/,
  /^\s*\d+: .*$/,
  // How an exhausted heap is told depends on where the collector was.
  /^<---.*$/,
  // Frames of the wrapper, and of what calls it.
  /^\s+at .*\/(dist\/cjs\/bundle\.js|dist\/test\/fixtures\/ending\.js):\d+:\d+\)?$/,
]

function normalised(text: string): string {
  const lines = text.split('\n').filter((line) => !dumps.some((dump) => dump.test(line)))
  return lines
    .join('\n')
    .replaceAll(/^FATAL ERROR:.*heap.*$/gm, 'FATAL ERROR: heap')
    .replaceAll(/\(node:\d+\)/g, '(node:PID)')
    // The promise that is handed out is the second one.
    .replaceAll(/\(rejection id: \d+\)/g, '(rejection id)')
    // Where exactly a stack is full is nobody's choice.
    .replaceAll(/^[^\n]+\n[^\n]+\n *\^\n+RangeError: Maximum call/gm, 'RangeError: Maximum call')
    .replaceAll(/0x[0-9a-f]+/g, '0x')
    .replaceAll(/\n{2,}/g, '\n')
}

/** Where rows go: nowhere, into the working directory, or where nothing can be made. */
type How = 'bare' | 'captured' | 'unwritable'

function start({ ending, flags = [] }: EndCase, cwd: string, how: How): ReturnType<typeof spawn> {
  const command = [process.execPath, ...flags, fixturePath('ending.js'), ending, how]
  const place = how === 'unwritable' ? { KRONICLER_DIR: '/proc/kronicler' } : {}
  // No core files: some of the ends would leave one.
  return spawn('sh', ['-c', 'ulimit -c 0; exec "$@"', 'sh', ...command], {
    cwd,
    env: { ...cleanEnvironment(), ...place },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Waits, half a minute at most, until a reader finds the rows; the check afterwards says more. */
async function untilStored(dir: string, count: number): Promise<void> {
  for (let round = 0; round < 1_500; round++) {
    if (Database.exists(dir) && Database.reader(dir).health().live >= count) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A program that has not ended by then never will. */
const hungAfterMs = 60_000
const hung = 'it did not end'

async function runOnce(one: EndCase, cwd: string, how: How): Promise<Ended> {
  const child = start(one, cwd, how)
  const { kill } = one
  let [stdout, stderr] = ['', '']
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (stdout === '' && kill !== undefined) {
      const isReady = how === 'captured' ? untilStored(dirOf(cwd), 1_000) : Promise.resolve()
      void isReady.then(() => child.kill(kill))
    }
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const timer = setTimeout(() => {
    stderr += hung
    child.kill('SIGKILL')
  }, hungAfterMs)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, stdout, stderr })
    })
  })
}

/** Node itself may hang while it ends: 26.10 did, once in some ten thousand runs. */
async function runBare(one: EndCase, cwd: string): Promise<Ended> {
  const ended = await runOnce(one, cwd, 'bare')
  return ended.stderr.endsWith(hung) ? runOnce(one, cwd, 'bare') : ended
}

function dirOf(cwd: string): string {
  return path.join(cwd, '.kronicler_data')
}

function identityOf({ seen, stored, live, expired, quarantined, ...health }: Health): string[] {
  const { dropped, lost, skipped, pending } = health
  const droppedAll = dropped.ring + dropped.thread + dropped.store + dropped.closed
  const problems: string[] = []
  const known = stored + pending + skipped.every + droppedAll + lost.clock
  if (seen !== known) problems.push(`${seen} seen, ${known} known of`)
  if (stored !== live + expired + quarantined) problems.push(`${stored} stored, ${live} live`)
  return problems
}

/** What health says of an end after which so many rows were found. */
function checkHealth({ rows: wanted, end }: EndCase, count: number, health: Health): string[] {
  const problems = identityOf(health)
  const [, max] = typeof wanted === 'number' ? [wanted, wanted] : wanted
  const { dropped, lost } = health
  const isOrderly = typeof wanted === 'number' && typeof end === 'number'
  if (isOrderly && lost.atMost > 0) problems.push(`says that ${lost.atMost} may be lost`)
  // A thread that captures without pause may fill its ring.
  if (max === Infinity) return problems
  const isDropped = Object.values(dropped).some(Boolean)
  if (isDropped) problems.push(`dropped: ${JSON.stringify(dropped)}`)
  if (count + lost.atMost < max) problems.push(`${count} rows, at most ${lost.atMost} lost`)
  return problems
}

/** The rows, as a reader finds them and as a writer goes on behind them. */
function checkRows(one: EndCase, dir: string): string[] {
  const [min, max] = typeof one.rows === 'number' ? [one.rows, one.rows] : one.rows
  const reader = Database.reader(dir)
  const problems = identityOf(reader.health())
  const count = reader.fetchAllSync().filter(({ id }, index) => id === index).length
  if (count < min || count > max) problems.push(`${count} rows, not ${min} to ${max}`)
  const writer = new Database({ dir })
  try {
    writer.capture('afterwards', [], 0, 1)
    const last = writer.fetch(count)
    if (last?.name !== 'afterwards') problems.push(`row ${count} is ${String(last)}`)
    problems.push(...checkHealth(one, count, writer.health()))
  } finally {
    writer.closeSync()
  }
  return problems
}

function checkBare({ end }: EndCase, bare: Ended): string[] {
  const { code, signal, stderr } = bare
  if (code === 98 || code === 99) return [`the program says that it is wrong: ${code}`]
  return end === undefined || end === code || end === signal
    ? []
    : [`bare, it ended by ${code ?? signal}: ${stderr}`]
}

/** What is the same for both. */
function shown(ended: Ended): string[] {
  const { code, signal, stdout, stderr } = ended
  return [`ended by ${code ?? signal}`, normalised(stdout), normalised(stderr)]
}

function compare(bare: Ended, captured: Ended): string[] {
  const right = shown(captured)
  return shown(bare).flatMap((text, part) => {
    const other = right[part] ?? ''
    return text === other ? [] : [`bare: ${text.slice(0, 500)}, captured: ${other.slice(0, 500)}`]
  })
}

/**
 * What is wrong with an end, in `count` runs, and in one where no row can be stored; nothing if
 * all is well.
 */
export async function checkEnd(one: EndCase, count: number): Promise<string[]> {
  const base = mkdtempSync(path.join(os.tmpdir(), 'kronicler-end-'))
  try {
    const bare = await runBare(one, base)
    const problems = checkBare(one, bare)
    for (let run = 0; run < count; run++) {
      const cwd = path.join(base, String(run))
      mkdirSync(cwd)
      const captured = await runOnce(one, cwd, 'captured')
      problems.push(...compare(bare, captured))
      if (Database.exists(dirOf(cwd))) problems.push(...checkRows(one, dirOf(cwd)))
      else problems.push('there is no database')
    }
    problems.push(...compare(bare, await runOnce(one, base, 'unwritable')))
    return problems
  } finally {
    rmSync(base, { recursive: true, force: true, maxRetries: 3 })
  }
}
