/** The examples of the Python package, in their form for Node: run as a reader would run them. */

import { createRequire } from 'node:module'

import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { LogEntry, RowJson } from 'kronicler'

import { fixturePath, rowsAfter, run, tempDir } from './harness.js'
import { testWith } from './tools.js'

const root = '../../..'
const rows = [
  '#0 foo took 198 ns from 1970-01-01T00:00:00.000000169Z (ok, manual)',
  '#1 foo took 200 ns from 1970-01-01T00:00:00.000000400Z (ok, manual)',
]

/** What `kr` prints about the database of the programs that ran in `cwd`. */
async function kr(t: ExecutionContext, cwd: string, ...args: string[]): Promise<string> {
  const ended = await run(`${root}/bin/kr.js`, { cwd, args })
  t.is(ended.code, 0, ended.stderr)
  return ended.stdout
}

async function krRows(t: ExecutionContext, cwd: string): Promise<RowJson[]> {
  const lines = (await kr(t, cwd, 'fetch', 'all', '--json')).trimEnd().split('\n')
  return lines.map((line) => {
    const { schema, detail, ...row } = JSON.parse(line) as RowJson & { schema: number }
    t.is(schema, 1)
    t.falsy(detail, 'none of these calls failed, or was slow')
    return row
  })
}

test('the manual example and the reader say what they should', async (t) => {
  // Promise: rows captured by hand have the ids 0, 1, ...; a reader finds them, and so does kr.
  const cwd = tempDir(t)
  const manual = await run(`${root}/examples/manual.mjs`, { cwd })
  t.deepEqual([manual.code, manual.stdout, manual.stderr], [0, `${rows[0]}\n199\n`, ''])
  const reader = await run(`${root}/examples/reader.mjs`, { cwd })
  t.deepEqual([reader.code, reader.stdout, reader.stderr], [0, `${rows.join('\n')}\n`, ''])
  const elsewhere = await run(`${root}/examples/reader.mjs`, {
    cwd: tempDir(t),
    args: [`${cwd}/.kronicler_data`],
  })
  t.is(elsewhere.stdout, reader.stdout)
  t.deepEqual(await krRows(t, cwd), rowsAfter(t, cwd).map((row) => row.toJSON()))
  t.regex(await kr(t, cwd, '--fetch', '0'), /198 ns.*manual.*foo\n$/)
})

async function get(url: string): Promise<unknown> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answers ${response.status}`)
  return response.json()
}

/** What the example answers. */
async function visit(url: string): Promise<unknown[]> {
  const answers: unknown[] = []
  for (const page of ['/', '/', '/', '/logs', '/logs']) answers.push(await get(`${url}${page}`))
  return answers
}

/** Starts the example, visits it, and asks it to end. */
async function serve(t: ExecutionContext, cwd: string, program: string): Promise<unknown[]> {
  let answers: Promise<unknown[]> | undefined
  const ended = await run(program, {
    cwd,
    env: { PORT: '0' },
    onOutput(text, kill) {
      const [, url] = /^listening on (\S+)\n/.exec(text) ?? []
      if (url === undefined || answers !== undefined) return
      answers = visit(url).finally(() => kill('SIGTERM'))
      answers.catch(() => 'told below')
    },
  })
  t.deepEqual([ended.code, ended.signal, ended.stderr], [0, null, ''])
  return (await answers) ?? []
}

const testWithExpress = testWith('examples/express')

testWithExpress('Express: a captured helper, a captured route, and /logs', async (t) => {
  // Promise: over HTTP, `[id, name, start, duration]` of every call; the same rows afterwards.
  const folder = fixturePath(`${root}/examples/express`)
  const { version } = createRequire(`${folder}/`)('express/package.json') as { version: string }
  t.regex(version, /^5\./)
  const cwd = tempDir(t)
  const began = Date.now() * 1e6
  const answers = await serve(t, cwd, `${root}/examples/express/server.js`)
  const [home, , , logs, again] = answers as [object, object, object, LogEntry[], LogEntry[]]
  t.deepEqual(home, { hello: 'world', primes: 2_262 })
  const names = ['countPrimes', 'GET /', 'countPrimes', 'GET /', 'countPrimes', 'GET /']
  t.deepEqual(logs.map(([id, name]) => [id, name]), names.map((name, id) => [id, name]))
  for (const [index, entry] of logs.entries()) {
    t.is(entry.length, 4)
    const [, name, start, duration] = entry
    t.true(Number.isInteger(duration) && duration > 0, `${entry}`)
    t.true(start > began - 1e9 && start < Date.now() * 1e6 + 1e9, `${entry}`)
    // The helper runs within the route.
    const outer = logs[index + 1]
    if (name === 'countPrimes') t.true(outer !== undefined && duration <= outer[3], `${entry}`)
  }
  t.deepEqual(again, logs)
  const found = await krRows(t, cwd)
  t.deepEqual(found, rowsAfter(t, cwd).map((row) => row.toJSON()))
  t.deepEqual(found.map(({ id, name }) => [id, name]), names.map((name, id) => [id, name]))
  t.deepEqual(
    found.map(({ start_ns, duration_ns }) => [Number(start_ns), duration_ns]),
    logs.map(([, , start, duration]) => [start, duration]),
  )
  t.true(found.every(({ kind, outcome }) => kind === 'sync' && outcome === 'ok'))
  t.true(found.every(({ source }) => /^server\.js:\d+$|express\/server\.js:\d+$/.test(source)))
})
