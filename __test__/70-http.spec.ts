/** Requests of each framework, as they are captured by one line in the application. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import test from 'ava'
import type { ExecutionContext } from 'ava'
import { Database, capture } from 'kronicler'
import type { Row } from 'kronicler'
import { kronicler as forExpress } from 'kronicler/express'
import { kronicler as forHttp } from 'kronicler/http'

import { apps, mountedApp } from './frameworks/apps.mjs'
import { openDatabase, rowsOf, summary, throwsCode } from './harness.js'
import { testWith } from './tools.js'

interface App {
  url: string
  close(): Promise<void>
}

type Options = { db: Database; by?: 'route' | 'function' }
type Start = (options: Options) => Promise<App>

const withFrameworks = testWith('__test__/frameworks')

/** Asks a server of the test for pages, one after the other, and closes it. */
async function visitServer(
  t: ExecutionContext,
  server: Server,
  paths: string[],
  statuses: readonly number[] = [],
): Promise<void> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  for (const [index, path] of paths.entries()) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`)
    t.is(answer.status, statuses[index] ?? 200)
    await answer.arrayBuffer()
  }
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}

/** Asks for a page and goes away before there is an answer. */
async function leave(url: string, path: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
  await sleep(50)
  socket.destroy()
}

async function visit({ url }: App): Promise<void> {
  const ask = async (path: string, method = 'GET'): Promise<void> => {
    const answer = await fetch(`${url}${path}`, { method, redirect: 'manual' })
    await answer.arrayBuffer()
  }
  await ask('/')
  await ask('/users/1')
  await ask('/users/2?debug=1')
  await ask('/users', 'POST')
  await ask('/moved')
  await ask('/boom')
  await ask('/api/v1/items/7')
  await ask('/api/v2/items/8')
  await ask('/api/v1/broken')
  await ask('/nothing/here')
  await ask('/nothing/there', 'PUT')
  await leave(url, '/never')
}

/** Rows of what was visited, once all are there. */
async function rowsAfterVisit(t: ExecutionContext, start: Start, options: Options): Promise<Row[]> {
  const app = await start(options)
  await visit(app)
  for (let left = 200; left > 0 && options.db.health().seen < 12; left -= 1) await sleep(10)
  await app.close()
  return rowsOf(t, options.db)
}

const byRoute = [
  'GET / ok http',
  'GET /users/:id ok http',
  'GET /users/:id ok http',
  'POST /users ok http',
  'GET /moved ok http',
  'GET /boom error http',
  'GET /api/:version/items/:id ok http',
  'GET /api/:version/items/:id ok http',
  'GET /api/:version/broken error http',
  '(no route) ok http',
  '(no route) ok http',
  'GET /never aborted http',
]

const byFunction = [
  'home ok http',
  'showUser ok http',
  'showUser ok http',
  'addUser ok http',
  'move ok http',
  'explode error http',
  'showItem ok http',
  'showItem ok http',
  'breakDown error http',
  '(no route) ok http',
  '(no route) ok http',
  'wait aborted http',
]

for (const [name, start] of Object.entries(apps as Record<string, Start>)) {
  withFrameworks(`${name}: requests by route`, async (t) => {
    // Promise: a request is called by method and pattern of its route, with the prefix of mounted
    // routers, never by its URL; those without a route have one name. A status from 500 on is an
    // error, a client that goes away leaves an aborted call.
    const rows = await rowsAfterVisit(t, start, { db: openDatabase(t) })
    t.deepEqual(summary(rows), byRoute)
  })
  if (name === 'node:http') continue
  withFrameworks(`${name}: requests by function`, async (t) => {
    // Promise: asked to, a request is called by the function that handles it.
    const rows = await rowsAfterVisit(t, start, { db: openDatabase(t), by: 'function' })
    const prefix = name.startsWith('nest') ? 'Shop.' : ''
    const named = byFunction.map((line) => (line.startsWith('(') ? line : `${prefix}${line}`))
    t.deepEqual(summary(rows), named)
  })
}

const mounted: [name: string, package_: string, isOlder: boolean][] = [
  ['express 5', 'express', false],
  ['express 5.0', 'express', true],
  ['express 4', 'express4', false],
]

for (const [name, package_, isOlder] of mounted) {
  withFrameworks(`${name}: routes are told with all that they are mounted in`, async (t) => {
    // Promise: prefixes are patterns, too, in the order in which routers are mounted, also when a
    // router is mounted twice, belongs to another application, or a handler throws.
    const db = openDatabase(t)
    const app = (await mountedApp(package_, { db }, isOlder)) as App
    const paths = [
      '/once/m/1/list',
      '/once/m/once/list?m=2',
      '/once/m/2/first',
      '/once/m/3/second/4',
      '/once/m/5/number/6',
      '/once/m/7/fails',
      '/v1/things/8',
      '/v2/things/9',
      '/v2/things/things',
      '/admin/stats/2026-01-31',
      '/',
    ]
    for (const path of paths) await (await fetch(`${app.url}${path}`)).arrayBuffer()
    await app.close()
    t.deepEqual(
      rowsOf(t, db).map((row) => row.name),
      [
        'GET /once/m/:middle/list',
        'GET /once/m/:middle/list',
        'GET /once/m/:middle/first|/second/:id',
        'GET /once/m/:middle/first|/second/:id',
        String.raw`GET /once/m/:middle/^\/number\/\d+$/`,
        'GET /once/m/:middle/fails',
        'GET /v1/things/:id',
        'GET /v2/:kind/:id',
        'GET /v2/:kind/:id',
        'GET /admin/stats/:day',
        'GET /',
      ],
    )
  })
}

test('an application that is captured twice is captured once', async (t) => {
  // Promise: where several of our middlewares meet one request, it is one record, and the last of
  // them names it.
  const db = openDatabase(t)
  const inner = forHttp((_, response) => response.end('hello'), { db, route: () => '/inner' })
  const server = createServer(forHttp(inner, { db, route: () => '/outer' }))
  await visitServer(t, server, ['/'])
  t.deepEqual(summary(rowsOf(t, db)), ['GET /inner ok http'])
})

test('names that hold an id fill neither memory nor dictionary', async (t) => {
  // Promise: 2,000 routes at most have a name of their own, whatever a `route` gives; others count
  // under one.
  const db = openDatabase(t)
  const server = createServer(
    forHttp((_, response) => response.end(), { db, route: ({ url }) => url }),
  )
  await visitServer(
    t,
    server,
    Array.from({ length: 2_100 }, (_, index) => `/items/${index}`),
  )
  const rows = rowsOf(t, db)
  t.is(rows.length, 2_100)
  const names = new Set(rows.map(({ name }) => name))
  t.is(names.size, 2_000)
  t.is(rows.filter(({ name }) => name === '(other routes)').length, 101)
})

test('requests and answers that resist go through as they were', async (t) => {
  // Promise: nothing of ours is thrown into a server, whatever frameworks and other tools make of
  // requests and answers.
  const db = openDatabase(t)
  const middleware = forExpress({ db })
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error('hostile')
      },
      has: () => {
        throw new Error('hostile')
      },
    },
  )
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const odd = [hostile, proxy, Object.freeze({}), {}, { on: 1 }, Object.create(null)]
  let count = 0
  for (const one of odd) {
    middleware(one as IncomingMessage, one as ServerResponse, () => (count += 1))
  }
  t.is(count, odd.length)
  const server = createServer((request, response) => {
    Object.defineProperty(request, 'route', {
      get: () => {
        throw new Error('hostile')
      },
    })
    middleware(request, response, () => response.end())
  })
  await visitServer(t, server, ['/'])
  t.deepEqual(summary(rowsOf(t, db)), ['(no route) ok http'])
})

function wrong(options: unknown): () => unknown {
  return () => forExpress(options as object)
}

test('wrong options of a middleware are refused by their name', (t) => {
  // Promise: what is wrong is told when the application is set up, never at a request.
  t.throws(wrong(1), { instanceOf: TypeError, message: /options must be an object, not 1/ })
  t.throws(wrong({ by: 'path' }), { instanceOf: RangeError, message: /options\.by must be/ })
  t.throws(wrong({ by: 1 }), { instanceOf: TypeError, message: /options\.by must be/ })
  t.throws(wrong({ dp: 1 }), { instanceOf: TypeError, message: /unknown key 'dp'/ })
  t.throws(wrong({ db: {} }), { instanceOf: TypeError, message: /options\.db must be a Database/ })
  t.throws(() => forHttp(undefined as never), { message: /listener must be a function/ })
  const route = '/' as unknown as () => string
  t.throws(() => forHttp(() => {}, { route }), { message: /options\.route must be a function/ })
  const { dir } = openDatabase(t).health()
  const writer = openDatabase(t)
  writer.capture('a', [], 1, 2)
  writer.flushSync()
  const db = Database.reader(writer.health().dir)
  t.not(dir, writer.health().dir)
  throwsCode(t, 'KRONICLER_READ_ONLY', () => forExpress({ db }))
})

test('requests can be told apart by the class of their status', async (t) => {
  // Promise: statistics by status have each call in its class, and a filter wants one of them.
  const db = openDatabase(t)
  const statuses = [200, 204, 304, 404, 500, 503, 503]
  const server = createServer(
    forHttp(({ url }, response) => response.writeHead(Number(url?.slice(1))).end(), {
      db,
      route: () => '/',
    }),
  )
  await visitServer(t, server, statuses.map((status) => `/${status}`), statuses)
  db.capture('not http', [], 1, 2)
  const found = (await db.query({ by: 'status' })).map(({ group, stats }) => [
    stats.name,
    group,
    stats.count,
    stats.errors,
  ])
  t.deepEqual(found, [
    ['GET /', { status: '2xx' }, 2, 0],
    ['GET /', { status: '3xx' }, 1, 0],
    ['GET /', { status: '4xx' }, 1, 0],
    ['GET /', { status: '5xx' }, 3, 3],
    ['not http', {}, 1, 0],
  ])
  t.is(db.stats({ status: '5xx' })[0]?.count, 3)
  t.is((await db.fetchAll({ status: '2xx' })).length, 2)
  t.deepEqual(db.stats({ status: '9xx' }), [])
  const code = { status: '404' } as unknown as { status: '4xx' }
  t.throws(() => db.stats(code), { instanceOf: RangeError, message: /filter\.status must be/ })
})

test.serial('requests that come in while capturing is paused are not seen', async (t) => {
  // Promise: what counts is how it was when a request came in.
  const db = openDatabase(t)
  const server = createServer(forHttp((_, response) => response.end(), { db }))
  capture.pause()
  t.teardown(() => capture.resume())
  await visitServer(t, server, ['/'])
  t.is(db.health().seen, 0)
})
