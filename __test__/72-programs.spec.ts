/** Programs and test suites of others, unchanged, under `kronicler/register`. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import type { ExecutionContext } from 'ava'
import { Database } from 'kronicler'

import { freePort, isListening } from './guides.js'
import { checkIdentity, cleanEnvironment, tempDir } from './harness.js'
import { testWith } from './tools.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = path.join(root, '__test__/programs')
const register = new URL('../esm/register.js', import.meta.url).href
const withPrograms = testWith('__test__/programs')

interface Suite {
  readonly name: string
  /** Its test files, below `test`. */
  readonly files: RegExp
  /** How many tests it has at least. */
  readonly tests: number
}

const suites: readonly Suite[] = [
  // Others need what only their repositories have: bundlers, a browser, transpiled fixtures.
  { name: 'fastify', files: /^(?!bundler).*\.test\.js$/, tests: 1_500 },
  {
    name: 'pino',
    files: /^(?!browser|jest|types|transport.(bundlers-support|module-link)).*\.test\.js$/,
    tests: 400,
  },
]

interface Outcome {
  readonly tests: number
  readonly failed: readonly string[]
}

/** Runs a suite as its own scripts do, with Node's test runner. */
async function runSuite({ name, files }: Suite, env: NodeJS.ProcessEnv): Promise<Outcome> {
  const cwd = path.join(folder, 'node_modules', name)
  const all = readdirSync(path.join(cwd, 'test'), { recursive: true, encoding: 'utf8' })
  const found = all.filter((file) => files.test(file)).toSorted()
  const args = ['--test', '--test-reporter=tap', ...found.map((file) => path.join('test', file))]
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  await once(child, 'close')
  const failed = Array.from(output.matchAll(/^ *not ok \d+ - (.*)$/gm), ([, title = '']) => title)
  return { tests: Number(/^# tests (\d+)$/m.exec(output)?.[1] ?? 0), failed: failed.toSorted() }
}

for (const suite of suites) {
  withPrograms(`${suite.name}: its own tests pass under kronicler/register`, async (t) => {
    // Promise: a program cannot tell that it is captured.
    t.timeout(600_000)
    const dir = path.join(tempDir(t), 'data')
    const env = { NODE_OPTIONS: `--import ${register}`, KRONICLER_DIR: dir }
    const captured = await runSuite(suite, env)
    t.true(captured.tests >= suite.tests, `${captured.tests} tests`)
    // What fails here without Kronicler, too, is none of its doing.
    const bare = captured.failed.length > 0 ? await runSuite(suite, {}) : { failed: [] }
    t.deepEqual(captured.failed, bare.failed)
    if (!Database.exists(dir)) return
    checkIdentity(t, Database.reader(dir).health())
  })
}

interface Visit {
  readonly path: string
  readonly method?: string
  readonly status: number
}

/** Asks for each page so many times, a few at once. */
async function load(t: ExecutionContext, port: number, visits: readonly Visit[]): Promise<void> {
  const waiting = Array.from({ length: 50 }, () => visits).flat()
  const work = async (): Promise<void> => {
    for (let visit = waiting.pop(); visit !== undefined; visit = waiting.pop()) {
      const { path: page, method = 'GET', status } = visit
      const answer = await fetch(`http://127.0.0.1:${port}${page}`, { method })
      await answer.arrayBuffer()
      if (answer.status !== status) t.fail(`${method} ${page}: ${answer.status}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
}

interface Program {
  /** Below node_modules. */
  readonly bin: string
  /** Writes what it needs; its arguments. */
  prepare(cwd: string, port: number): string[]
  readonly visits: readonly Visit[]
  readonly names: readonly string[]
}

const programs: Record<string, Program> = {
  'json-server': {
    bin: 'json-server/lib/cli/bin.js',
    prepare(cwd, port) {
      const file = path.join(cwd, 'db.json')
      writeFileSync(file, JSON.stringify({ posts: [{ id: 1, title: 'one' }] }))
      return ['--host', '127.0.0.1', '--port', String(port), '--quiet', file]
    },
    visits: [
      { path: '/posts', status: 200 },
      { path: '/posts/1', status: 200 },
      { path: '/posts/2', status: 404 },
      { path: '/nothing', status: 404 },
    ],
    names: ['(no route)', 'GET /posts', 'GET /posts/:id'],
  },
  verdaccio: {
    bin: 'verdaccio/bin/verdaccio',
    prepare(cwd, port) {
      mkdirSync(path.join(cwd, 'storage'))
      const config = path.join(cwd, 'config.yaml')
      writeFileSync(
        config,
        `storage: ${path.join(cwd, 'storage')}
packages:
  '**':
    access: $all
log: { type: stdout, format: json, level: fatal }
`,
      )
      return ['--listen', `127.0.0.1:${port}`, '--config', config]
    },
    visits: [
      { path: '/-/ping', status: 200 },
      { path: '/some-package', status: 404 },
    ],
    names: ['GET /-/ping', 'GET /:package/:version?'],
  },
}

for (const [name, { bin, prepare, visits, names }] of Object.entries(programs)) {
  withPrograms(`${name} runs unmodified, and its routes are told`, async (t) => {
    // Promise: no edits at all.
    t.timeout(120_000)
    const cwd = tempDir(t)
    const port = await freePort()
    const program = path.join(folder, 'node_modules', bin)
    const args = [path.join(root, 'bin/kr.js'), 'run', process.execPath, program]
    const child = spawn(process.execPath, [...args, ...prepare(cwd, port)], {
      cwd,
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    const ended = once(child, 'close')
    for (let left = 600; left > 0 && !(await isListening(port)); left -= 1) await sleep(50)
    await load(t, port, visits)
    await sleep(500)
    child.kill('SIGTERM')
    await ended
    const reader = Database.reader(path.join(cwd, '.kronicler_data'))
    checkIdentity(t, reader.health())
    const found = reader.functionNames()
    for (const wanted of names) t.true(found.includes(wanted), `${found.join('\n')}\n${output}`)
    const counts = reader.stats().filter(({ source }) => !source.startsWith('fetch'))
    const total = counts.reduce((sum, { count }) => sum + count, 0)
    t.true(total >= 50 * visits.length, `${total} calls`)
  })
}
