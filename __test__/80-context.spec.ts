/** Calls that know who made them: option `context`. */

import { once } from 'node:events'
import { request as ask, Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import test from 'ava'
import type { ExecutionContext } from 'ava'
import { Database, capture, configure } from 'kronicler'
import type { CaptureOptions, Row } from 'kronicler'

import { apps, onHome } from './frameworks/apps.mjs'
import { openDatabase, rowsOf, run, tempDir } from './harness.js'
import { testWith } from './tools.js'

const withFrameworks = testWith('__test__/frameworks')

/** All rows with what is told of each. */
function toldRows(t: ExecutionContext, db: Database): Row[] {
  return rowsOf(t, db).map(({ id }) => db.fetch(id) as Row)
}

/** The same, of a program that has ended. */
function toldRowsAfter(t: ExecutionContext, cwd: string): Row[] {
  return toldRows(t, Database.reader(`${cwd}/.kronicler_data`))
}

/** For each row the names of it and of those that made it, and how many there are of each. */
function paths(rows: readonly Row[]): Record<string, number> {
  const byCall = new Map(rows.map((row) => [row.detail?.call, row]))
  const counts: Record<string, number> = {}
  for (const row of rows) {
    const names: string[] = []
    for (let at: Row | undefined = row; at !== undefined; ) {
      names.unshift(at.name)
      const parent: number | undefined = at.detail?.parent
      at = parent === undefined ? undefined : byCall.get(parent)
    }
    const path = names.join(' > ')
    counts[path] = (counts[path] ?? 0) + 1
  }
  return counts
}

const expected = {
  request: 3,
  'request > load': 3,
  'request > load > check': 3,
  'request > load > query': 6,
  'request > load > count': 3,
  'request > load > count > check': 6,
  'request > callback': 3,
  'request > callback > check': 3,
}

for (const way of ['option', 'configure', 'environment']) {
  test(`each call knows who made it, by ${way}`, async (t) => {
    // Promise: through promises, timers, callbacks and generators each row tells the call that made
    // it and its request, however many are under way; kr tree follows them.
    const cwd = tempDir(t)
    const env = way === 'environment' ? { KRONICLER_CONTEXT: '1' } : {}
    const ended = await run('contexts.js', { cwd, args: [way], env })
    t.deepEqual([ended.code, ended.stderr], [0, ''])
    const rows = toldRowsAfter(t, cwd)
    t.deepEqual(paths(rows), expected)
    const requests = new Set(rows.map(({ detail }) => detail?.request))
    t.is(requests.size, 3)
    for (const { name, detail } of rows) {
      if (name !== 'request') continue
      t.deepEqual([detail?.parent, detail?.call], [undefined, detail?.request])
    }
    const reader = Database.reader(`${cwd}/.kronicler_data`)
    const query = rows.find(({ name }) => name === 'query') as Row
    const { callers } = (await reader.why(query.id)) ?? {}
    t.deepEqual(
      callers?.map(({ name, isCertain }) => [name, isCertain]),
      [
        ['load', true],
        ['request', true],
      ],
    )
  })
}

test('without the option nothing is told', async (t) => {
  // Promise: who does not ask pays nothing: no row has a context.
  const cwd = tempDir(t)
  await run('contexts.js', { cwd, args: ['nothing'] })
  t.true(toldRowsAfter(t, cwd).every(({ detail }) => detail?.call === undefined))
})

test('what a call does stays as it was', async (t) => {
  // Promise: results, errors and `this` are those of the function, and its own AsyncLocalStorage
  // keeps what is in it.
  const { AsyncLocalStorage } = await import('node:async_hooks')
  const db = openDatabase(t)
  const options: CaptureOptions = { db, context: true }
  const storage = new AsyncLocalStorage<string>()
  const inner = capture('inner', async () => storage.getStore(), options)
  const outer = capture('outer', async () => storage.run('mine', inner), options)
  t.is(await outer(), 'mine')
  const error = new Error('own')
  const fails = capture('fails', (): never => {
    throw error
  }, options)
  t.is(t.throws(fails), error)
  const object = { value: 7, get: capture('get', function get(this: { value: number }) {
    return this.value
  }, options) }
  t.is(object.get(), 7)
  class Point {
    readonly x = 3
  }
  const Captured = capture('Point', Point, options)
  t.true(new Captured() instanceof Point)
  const rows = toldRows(t, db)
  t.deepEqual(paths(rows), { outer: 1, 'outer > inner': 1, fails: 1, get: 1, Point: 1 })
})

test('a wrong option is named', (t) => {
  // Promise: a wrong option is told where it is given.
  const wrong = { context: 'yes' } as unknown as CaptureOptions
  const told = { instanceOf: TypeError, message: /options\.context/ }
  t.throws(() => capture('f', () => 1, wrong), told)
  const configured = { context: 1 } as unknown as Parameters<typeof configure>[0]
  t.throws(() => configure(configured), told)
})

/** Asks for pages on one connection, one after the other. */
async function askInTurn(url: string, pages: readonly string[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (const page of pages) {
    const sent = ask(`${url}${page}`, { agent }).end()
    const [answer] = (await once(sent, 'response')) as [NodeJS.ReadableStream]
    await answer.resume()
    await once(answer, 'end')
  }
  agent.destroy()
}

withFrameworks('requests are the first of their calls, whatever the framework', async (t) => {
  // Promise: each request is one of its own, on a connection that is kept alive, too; what its
  // handler calls, at once or later, knows it.
  const db = openDatabase(t)
  const load = capture('load', async () => sleep(1), { db, context: true })
  const save = capture('save', () => 1, { db, context: true })
  onHome.run = () => void load().then(save)
  for (const [name, start] of Object.entries(apps)) {
    const app = await start({ db, context: true } as never)
    await askInTurn(app.url, ['/', '/users/7', '/'])
    await sleep(20)
    await app.close()
    const rows = toldRows(t, db)
    const requests = rows.filter(({ kind }) => kind === 'http')
    t.deepEqual([rows.length, requests.length], [7, 3], name)
    t.true(requests.every(({ detail }) => detail?.parent === undefined), name)
    t.is(new Set(requests.map(({ detail }) => detail?.call)).size, 3, name)
    const counts = paths(rows)
    const [home = ''] = requests.map((row) => row.name)
    t.deepEqual([counts[`${home} > load`], counts[`${home} > save`]], [2, 2], name)
    await db.clear()
  }
})

withFrameworks('without edits requests are the first of what they ask for', async (t) => {
  // Promise: kronicler/register with KRONICLER_CONTEXT tells what a request asked of others.
  const cwd = tempDir(t)
  const flags = ['--import', new URL('../esm/register.js', import.meta.url).href]
  const env = { KRONICLER_CONTEXT: '1' }
  const ended = await run('../frameworks/nested.mjs', { cwd, flags, env })
  t.deepEqual([ended.code, ended.stderr], [0, ''])
  const counts = Object.entries(paths(toldRowsAfter(t, cwd))).map(
    ([path, count]) => [path.replaceAll(/127\.0\.0\.1:\d+/g, 'host'), count] as const,
  )
  t.deepEqual(Object.fromEntries(counts), {
    'GET /users/:id': 2,
    'GET /users/:id > fetch GET host': 2,
    'GET /inner': 2,
    // What the program itself asks for, outside of any request.
    'http GET host': 2,
  })
})
