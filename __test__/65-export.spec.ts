/** `kr export`: DuckDB reads back what `kr fetch` shows. */

import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

import { Database } from 'kronicler'
import type { ExecutionContext } from 'ava'

import { tempDir } from './harness.js'
import { execute } from './packaging/project.js'
import { testWith } from './tools.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const isWindows = process.platform === 'win32'
const program = path.join(root, 'npm/local', isWindows ? 'kr.exe' : 'kr')
const folder = path.join(root, '__test__/duckdb')
const python = path.join(folder, isWindows ? 'python/Scripts/python.exe' : 'python/bin/python')

type Row = Record<string, unknown>

const names = [
  'plain',
  '',
  'quote " comma , and \\',
  'line\nbreak\r\n',
  'nul \0 escape \u001b[31m',
  'emoji 🙂 é \u202e',
  'lone \ud800 surrogate',
  'x'.repeat(1_024),
  'NULL',
]

/** Rows of every name, at times from 1970 to 2262 and with durations of up to a hundred days. */
async function fill(dir: string): Promise<void> {
  const db = new Database({ dir, service: 'shop', version: '1.4.0' })
  const now = 1_769_860_800_123_456_789n
  for (let index = 0n; index < 2_000n; index += 1n) {
    const start = now + index * 1_000_003n
    db.capture(names[Number(index) % names.length] ?? '', [], start, start + index ** 3n)
  }
  // The test reads durations as numbers of JavaScript; one more is DuckDB's infinity.
  db.capture('long', [], 0n, 2n ** 53n - 1n)
  db.capture('late', [], 2n ** 63n - 9n, 2n ** 63n - 2n)
  db.capture('early', [], 0n, 1n)
  await db.close()
}

async function kr(t: ExecutionContext, cwd: string, ...args: string[]): Promise<string> {
  const ended = await execute([program, ...args], cwd, {})
  t.deepEqual([ended.code, ended.stderr], [0, ''], args.join(' '))
  return ended.stdout
}

function parse(text: string): Row[] {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as Row)
}

function without(row: Row, ...keys: string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([key]) => !keys.includes(key)))
}

async function readBack(t: ExecutionContext, cwd: string, file: string): Promise<Row[]> {
  const command = [python, path.join(folder, 'read_back.py'), file]
  const ended = await execute(command, cwd, { PYTHONIOENCODING: 'utf-8' })
  t.is(ended.code, 0, ended.stderr)
  return parse(ended.stdout)
}

testWith('__test__/duckdb')('DuckDB reads what kr exports', async (t) => {
  // Promise: every value of every row comes through Parquet and Arrow as `kr fetch` shows it, and
  // CSV is taken as it is meant.
  const cwd = tempDir(t)
  await fill(path.join(cwd, '.kronicler_data'))
  const fetched = parse(await kr(t, cwd, 'fetch', 'all', '--json'))
  t.is(fetched.length, 2_003)
  const expected = fetched.map((row) => without(row, 'schema', 'start'))
  for (const file of ['calls.parquet', 'calls.arrow', 'calls.arrows']) {
    await kr(t, cwd, 'export', '-q', '-o', file)
    const rows = await readBack(t, cwd, file)
    t.is(rows.length, expected.length, file)
    for (const [index, row] of rows.entries()) {
      t.deepEqual(without(row, 'service', 'version', 'instance'), expected[index], file)
      t.deepEqual([row['service'], row['version']], ['shop', '1.4.0'], file)
      t.is(row['instance'], os.hostname(), file)
    }
  }
  await kr(t, cwd, 'export', '-q', '-o', 'calls.csv')
  const asTexts = fetched.map((row) => {
    const fields = Object.entries(without(row, 'schema'))
    return Object.fromEntries(fields.map(([key, value]) => [key, String(value ?? '')]))
  })
  t.deepEqual(await readBack(t, cwd, 'calls.csv'), asTexts)
})

testWith('__test__/duckdb')('DuckDB reads files without rows', async (t) => {
  // Promise: no rows are an empty table with its columns, in every format.
  const cwd = tempDir(t)
  await fill(path.join(cwd, '.kronicler_data'))
  for (const file of ['none.parquet', 'none.arrow', 'none.arrows', 'none.csv']) {
    await kr(t, cwd, 'export', '-q', '-o', file, '--name', 'nobody')
    t.deepEqual(await readBack(t, cwd, file), [], file)
  }
})
