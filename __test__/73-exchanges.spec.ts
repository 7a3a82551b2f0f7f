/** Requests that end in odd ways, and clients that ask for odd things. */

import { once } from 'node:events'
import http2 from 'node:http2'
import { ServerResponse, createServer } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientHttp2Session } from 'node:http2'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo, Server } from 'node:net'

import test from 'ava'
import type { ExecutionContext } from 'ava'
import { capture } from 'kronicler'
import type { Database } from 'kronicler'
import { kronicler as forHono } from 'kronicler/hono'
import { kronicler } from 'kronicler/http'
import { kronicler as forNest } from 'kronicler/nest'

import { hiddenApp, injectedApp, recursiveApp } from './frameworks/apps.mjs'
import { openDatabase, rowsOf, summary } from './harness.js'
import { testWith } from './tools.js'

interface App {
  url: string
  close(): Promise<void>
}

const withFrameworks = testWith('__test__/frameworks')

/** Answers, but not always, and not always as a whole. */
function answer({ url }: IncomingMessage, response: ServerResponse): void {
  if (url === '/begun') response.write('answer')
  else if (url !== '/never') response.end('answer')
}

/** The first part of a path. */
function route({ url }: IncomingMessage): string {
  return `/${url?.split(/[/?]/)[1]}`
}

async function listen(t: ExecutionContext, server: Server): Promise<number> {
  t.teardown(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

/** Waits until something has come about. */
async function until(isSo: () => boolean): Promise<void> {
  for (let left = 500; left > 0 && !isSo(); left -= 1) await sleep(10)
}

/** Waits until so many calls were seen. */
async function seen(db: Database, count: number): Promise<void> {
  await until(() => db.health().seen >= count)
}

/** How many requests are being answered, as the detail of a failed call tells. */
function inFlight(t: ExecutionContext, db: Database): unknown {
  const fail = capture('fail', () => Promise.reject(new Error('for its detail')), { db })
  return fail().catch(() => {
    db.flushSync()
    const failed = rowsOf(t, db).find(({ name }) => name === 'fail')
    return failed && db.fetch(failed.id)?.detail?.inFlight
  })
}

/** Sends requests one behind the other, and goes away without having read. */
async function sendAndLeave(
  port: number,
  paths: readonly string[],
  isTime: () => boolean,
): Promise<void> {
  const socket = connect(port, '127.0.0.1').pause()
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
  await until(isTime)
  socket.destroy()
}

test.serial('an answer of which a part was sent is aborted', async (t) => {
  // Promise: whatever Node says of an answer that a client did not wait for, it is no whole one.
  const db = openDatabase(t)
  let isSent = false
  const server = createServer(
    kronicler((_, response) => {
      response.end(Buffer.alloc(50_000_000))
      setImmediate(() => (isSent = true))
    }, { db, route }),
  )
  await sendAndLeave(await listen(t, server), ['/large'], () => isSent)
  await seen(db, 1)
  t.deepEqual(summary(rowsOf(t, db)), ['GET /large aborted http'])
})

test.serial('answers that wait for their turn end with the connection', async (t) => {
  // Promise: each pipelined request is one call, also when the client goes away before its turn,
  // and none is under way then.
  const db = openDatabase(t)
  const port = await listen(t, createServer(kronicler(answer, { db, route })))
  // By then all of them have come in.
  await sendAndLeave(port, ['/first', '/never', '/second', '/third'], () => db.health().seen === 1)
  await seen(db, 4)
  t.deepEqual(summary(rowsOf(t, db)).toSorted(), [
    'GET /first ok http',
    'GET /never aborted http',
    'GET /second aborted http',
    'GET /third aborted http',
  ])
  t.is(await inFlight(t, db), 0)
})

test.serial('an answer that is over is not captured once more', async (t) => {
  // Promise: a middleware that comes after it neither makes a second call of it, nor one that lasts
  // until the connection is closed.
  const db = openDatabase(t)
  const late = kronicler(() => {}, { db, route })
  const captured = kronicler(answer, { db, route })
  const server = createServer((request, response) => {
    const respond = request.url === '/seen' ? captured : answer
    respond(request, response)
    response.on('close', () => late(request, response))
  })
  const port = await listen(t, server)
  await fetch(`http://127.0.0.1:${port}/seen`)
  await fetch(`http://127.0.0.1:${port}/unseen`)
  server.closeAllConnections()
  await sleep(50)
  t.deepEqual(summary(rowsOf(t, db)), ['GET /seen ok http'])
  t.is(await inFlight(t, db), 0)
})

test.serial('what is upgraded is no request', async (t) => {
  // Promise: also where a framework lets its routes see it, with an answer that nobody ends.
  const db = openDatabase(t)
  const captured = kronicler(() => {}, { db, route })
  const server = createServer()
  const upgraded = new Promise<void>((resolve) => {
    server.on('upgrade', (request, socket) => {
      captured(request, new ServerResponse(request))
      socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      socket.on('close', resolve)
    })
  })
  const socket = connect(await listen(t, server), '127.0.0.1').resume()
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n')
  await once(socket, 'end')
  socket.end()
  await upgraded
  t.is(db.health().seen, 0)
  t.is(await inFlight(t, db), 0)
})

/** Asks by HTTP/2; waits for the answer, or gives up after a moment. */
async function ask(
  client: ClientHttp2Session,
  headers: Record<string, string>,
  isGivenUp = false,
): Promise<void> {
  const request = client.request(headers).resume()
  request.on('error', () => {})
  if (isGivenUp) setTimeout(() => request.close(http2.constants.NGHTTP2_CANCEL), 100)
  await once(request, 'close')
}

test.serial('requests by HTTP/2 are what they are by HTTP/1', async (t) => {
  // Promise: what a client gives up is aborted, and a method that it makes up is no name.
  const db = openDatabase(t)
  const server = http2.createServer(kronicler(answer, { db, route }) as never)
  const client = http2.connect(`http://127.0.0.1:${await listen(t, server)}`)
  await ask(client, { ':path': '/whole?secret=1' })
  await ask(client, { ':path': '/begun' }, true)
  await ask(client, { ':path': '/never' }, true)
  await ask(client, { ':path': '/made-up', ':method': 'SECRET-123' })
  client.destroy()
  await seen(db, 4)
  t.deepEqual(summary(rowsOf(t, db)), [
    'GET /whole ok http',
    'GET /begun aborted http',
    'GET /never aborted http',
    'OTHER /made-up ok http',
  ])
})

/** Whatever is asked of it, it throws. */
function refusing(): never {
  throw new Error('hostile')
}

const hostile = new Proxy({}, { get: refusing, has: refusing })

test.serial('what frameworks hand over may resist', async (t) => {
  // Promise: a request goes on, though its surroundings are not those that we know.
  const db = openDatabase(t)
  const env = forHono({ db })
  for (const one of [undefined, null, 1, hostile, {}, { outgoing: hostile }]) {
    t.is(await env({ req: {}, env: one }, async () => {}), undefined)
  }
  const interceptors: { intercept(execution: unknown, next: { handle(): unknown }): unknown }[] = []
  const app = {
    getHttpAdapter: () => ({ getType: () => 'express', getInstance: () => undefined }),
    use: () => undefined,
    useGlobalInterceptors: (...given: never[]) => interceptors.push(...given),
  }
  forNest(app, { db, by: 'function' })
  const response = { getType: () => 'http', switchToHttp: () => ({ getResponse: () => null }) }
  for (const execution of [{}, hostile, response, { getType: () => 'ws' }]) {
    t.is(interceptors[0]?.intercept(execution, { handle: () => 'handled' }), 'handled')
  }
  t.is(db.health().seen, 0)
})

withFrameworks('fastify: requests within the program are whole', async (t) => {
  // Promise: what is injected, as adapters for serverless platforms do, is a request like others.
  const db = openDatabase(t)
  await injectedApp({ db })
  t.deepEqual(summary(rowsOf(t, db)), ['GET /users/:id ok http', 'GET /fails/:id error http'])
})

withFrameworks('express 5.0: nothing of a path is told that no pattern has', async (t) => {
  // Promise: where routers do not know what they were mounted at, what can differ between requests
  // is left out, also if it is only a part of a segment, several of them, or has no name.
  const db = openDatabase(t)
  const app = (await hiddenApp({ db })) as App
  const paths = [
    '/number/secret-1/item/2',
    '/files/secret/a/b/in/item/3',
    '/files/secret/in/item/4',
    '/pair/secret-5/item/6',
    '/encoded/%73ecret/item/7',
  ]
  for (const path of paths) await (await fetch(`${app.url}${path}`)).arrayBuffer()
  await app.close()
  t.deepEqual(
    rowsOf(t, db).map(({ name }) => name),
    [
      'GET /number/*/item/:id',
      'GET /files/*path/in/item/:id',
      'GET /files/*path/in/item/:id',
      'GET /pair/*/item/:id',
      'GET /encoded/:name/item/:id',
    ],
  )
})

for (const name of ['express', 'express4']) {
  withFrameworks(`${name}: routers may be mounted in themselves`, async (t) => {
    // Promise: there is no end of the ways to a route of such a router, but one that a request came
    // by, which names it; nobody waits for the others.
    const db = openDatabase(t)
    const app = (await recursiveApp(name, { db })) as App
    const paths = [
      '/tree/leaf/1',
      '/tree/left/2/leaf/3',
      '/tree/left/4/right/5/left/6/leaf/7',
      '/place199/leaf/8',
    ]
    for (const path of paths) await (await fetch(`${app.url}${path}`)).arrayBuffer()
    await app.close()
    t.deepEqual(
      rowsOf(t, db).map((row) => row.name),
      [
        'GET /tree/leaf/:id',
        'GET /tree/left/:left/leaf/:id',
        'GET /tree/left/:left/right/:right/left/:left/leaf/:id',
        'GET /place199/leaf/:id',
      ],
    )
  })
}
