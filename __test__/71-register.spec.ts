/** `kronicler/register`: what a program does is captured without a change to it. */

import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import type { ExecutionContext } from 'ava'
import test from 'ava'
import type { Row } from 'kronicler'

import { rowsAfter, run, tempDir } from './harness.js'
import { testWith } from './tools.js'

const register = new URL('../esm/register.js', import.meta.url)
const withFrameworks = testWith('__test__/frameworks')

/** Rows as `name outcome kind`, sorted; ports of this run are told as one. */
function summary(rows: readonly Row[]): string[] {
  const lines = rows.map(({ name, outcome, kind }) => `${name} ${outcome} ${kind}`)
  return lines.map((line) => line.replace(/127\.0\.0\.1:\d+/, 'host')).toSorted()
}

/** What is captured of a program that knows nothing of it. */
async function capturedOf(t: ExecutionContext, part: string): Promise<string[]> {
  const cwd = tempDir(t)
  const flags = ['--import', register.href]
  const ended = await run('../frameworks/unedited.mjs', { cwd, flags, args: [part] })
  // The server that mysql2 brings along does not count its packets well.
  const stderr = ended.stderr.replaceAll(/^Warning: got packets out of order.*\n/gm, '')
  t.deepEqual([ended.code, ended.signal, stderr, ended.stdout], [0, null, '', ''])
  return summary(rowsAfter(t, cwd))
}

test('servers and clients of Node are captured', async (t) => {
  // Promise: each request that a server gets is a call, with its outcome; each that the program
  // makes is one, told by method and host, never by its path.
  t.deepEqual(await capturedOf(t, 'plain'), [
    '(no route) aborted http',
    '(no route) aborted http',
    '(no route) error http',
    '(no route) error http',
    '(no route) ok http',
    '(no route) ok http',
    'fetch GET host error async',
    'fetch GET host error async',
    'fetch GET host ok async',
    'http GET host aborted async',
    'http GET host error async',
    'http GET host ok async',
  ])
})

function ofServer(lines: readonly string[]): string[] {
  return lines.filter((line) => line.endsWith(' http'))
}

for (const name of ['express 5', 'express 4']) {
  withFrameworks(`${name} is captured by route`, async (t) => {
    // Promise: requests have the names that the middleware would give them.
    t.deepEqual(ofServer(await capturedOf(t, name)), [
      '(no route) ok http',
      'GET /api/:version/items/:id ok http',
      'GET /users/:id ok http',
      'GET /users/:id ok http',
    ])
  })
}

withFrameworks('fastify is captured by route', async (t) => {
  // Promise: as with the plugin, without one.
  t.deepEqual(ofServer(await capturedOf(t, 'fastify')), [
    '(no route) ok http',
    'GET /users/:id ok http',
    'GET /users/:id ok http',
  ])
})

const graphqlLines = [
  'graphql.execute ok async',
  'graphql.parse error sync',
  // The schema is one, too.
  'graphql.parse ok sync',
  'graphql.parse ok sync',
  'graphql.validate ok sync',
]

withFrameworks('graphql is captured where it publishes', async (t) => {
  // Promise: a document that fails to parse is a failed call; resolvers that wait are waited for.
  const [major = 0] = process.versions.node.split('.').map(Number)
  if (major < 22) {
    t.log('not run: graphql 17 needs Node 22')
    t.pass()
    return
  }
  t.deepEqual(await capturedOf(t, 'graphql'), graphqlLines)
})

withFrameworks('commands of Redis are captured', async (t) => {
  // Promise: commands by their name, without keys and values; those that fail have failed.
  const lines = await capturedOf(t, 'redis')
  t.true(lines.includes('ioredis.command set ok async'), lines.join('\n'))
  t.true(lines.includes('ioredis.command incr error async'), lines.join('\n'))
  t.false(lines.join('\n').includes('secret'))
})

withFrameworks('statements of MySQL are captured', async (t) => {
  // Promise: statements by their first word, without text; those that fail have failed.
  const lines = await capturedOf(t, 'mysql')
  t.true(lines.includes('mysql2.query SELECT ok async'), lines.join('\n'))
  t.true(lines.includes('mysql2.query INSERT error async'), lines.join('\n'))
  t.false(lines.join('\n').includes('secret'))
})

const launcher = '../../../bin/kr.js'

test('kronicler run captures a program and tells what kr tells', async (t) => {
  // Promise: output and exit code are the program's own; kr speaks on the standard error.
  const cwd = tempDir(t)
  const program = path.join(cwd, 'a program.mjs')
  
  writeFileSync(
    program,
    `import { createServer } from 'node:http'
     const server = createServer((_, response) => response.end('hello')).listen(0, async () => {
       const answer = await fetch('http://localhost:' + server.address().port)
       console.log(await answer.text(), process.argv.slice(2))
       server.close()
       process.exitCode = 3
     })`,
  )
  const args = ['run', '--', process.execPath, program, 'one', '--two']
  const ended = await run(launcher, { cwd, args })
  t.is(ended.code, 3, ended.stderr)
  t.is(ended.stdout, "hello [ 'one', '--two' ]\n")
  t.regex(ended.stderr, /^Kronicler database /)
  t.regex(ended.stderr, /\(no route\)/)
})

test('kronicler run tells how it is used and what cannot be started', async (t) => {
  // Promise: exit codes as in a shell, one line on what to do.
  const cwd = tempDir(t)
  const cases: [string[], number, RegExp][] = [
    [['run'], 2, /^usage: kronicler run/],
    [['run', '--help'], 0, /^usage: kronicler run/],
    [['run', '--json'], 2, /^kr: run takes no option --json; write -- before the command\n$/],
    [['run', 'no-such-program'], 127, /^kr: no-such-program cannot be started \(ENOENT\): .*\n$/],
    [['run', cwd], 126, /^kr: .* cannot be started \(EACCES\): .*\n$/],
  ]
  for (const [args, code, message] of cases) {
    const ended = await run(launcher, { cwd, args })
    t.is(ended.code, code, ended.stderr)
    t.regex(ended.stderr, message)
  }
})

test('registering twice is registering once, in workers, too', async (t) => {
  // Promise: a preload that NODE_OPTIONS, the command line and the program each ask for captures
  // every request once.
  const cwd = tempDir(t)
  const required = fileURLToPath(new URL('../cjs/register.js', import.meta.url))
  const flags = ['--import', register.href, '--require', required]
  const env = { NODE_OPTIONS: `--import ${register.href}` }
  const ended = await run('registered-worker.js', { cwd, flags, env })
  t.is(ended.code, 0, ended.stderr)
  t.deepEqual(ofServer(summary(rowsAfter(t, cwd))), ['(no route) ok http', '(no route) ok http'])
})

test('switched off, nothing is hooked', async (t) => {
  // Promise: KRONICLER_ENABLED=0 leaves the program alone.
  const cwd = tempDir(t)
  const flags = ['--import', register.href]
  const env = { KRONICLER_ENABLED: '0' }
  const ended = await run('../frameworks/unedited.mjs', { cwd, flags, env, args: ['plain'] })
  t.is(ended.code, 0, ended.stderr)
  
  t.false(existsSync(path.join(cwd, '.kronicler_data')))
})
