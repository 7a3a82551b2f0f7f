// A program that knows nothing of Kronicler: servers, clients, databases. Its argument says what
// it is about; it ends by itself.

import { createServer, get } from 'node:http'
import { createRequire } from 'node:module'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'

const folder = new URL('../../../__test__/frameworks/package.json', import.meta.url)
const require = createRequire(folder)

async function load(name) {
  return import(pathToFileURL(require.resolve(name)).href)
}

async function visit(server, paths) {
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
  for (const path of paths) {
    const answer = await fetch(`http://127.0.0.1:${server.address().port}${path}`)
    await answer.text()
  }
  server.closeAllConnections()
}

async function plain() {
  const server = createServer((request, response) => {
    if (request.url.startsWith('/broken')) response.statusCode = 503
    if (request.url === '/gone') request.socket.destroy()
    else response.end('answer')
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  const ask = async (path) => {
    try {
      return await new Promise((resolve, reject) => {
        const request = get({ port, path, host: '127.0.0.1' }, (answer) => resolve(text(answer)))
        request.on('error', reject)
      })
    } catch (error) {
      return error.code
    }
  }
  await ask('/')
  await ask('/broken')
  await ask('/gone')
  await fetch(`http://127.0.0.1:${port}/gone`).catch(() => {})
  await visit(server, ['/', '/broken?secret=1'])
  server.close()
}

async function express(name) {
  const { default: make } = await load(name)
  const app = make()
  const router = make.Router()
  router.get('/items/:id', (_, response) => response.send('item'))
  app.get('/users/:id', (_, response) => response.send('user'))
  app.use('/api/:version', router)
  const server = app.listen(0, '127.0.0.1')
  await visit(server, ['/users/1', '/users/2', '/api/v1/items/3', '/nothing'])
  server.close()
}

async function fastify() {
  const { fastify: make } = await load('fastify')
  const app = make()
  app.get('/users/:id', async () => 'user')
  await app.listen({ port: 0, host: '127.0.0.1' })
  await visit(app.server, ['/users/1', '/users/2', '/nothing'])
  await app.close()
}

async function graphql() {
  const { buildSchema, graphql: ask } = await load('graphql')
  const schema = buildSchema('type Query { hello: String }')
  await ask({ schema, source: '{ hello }', rootValue: { hello: async () => 'hello' } })
  await ask({ schema, source: '{ hello' })
}

/** A server that says yes to all commands of Redis, but one. */
async function redis() {
  const { Redis } = await load('ioredis')
  const server = net.createServer((socket) => {
    socket.setEncoding('utf8').on('data', (data) => {
      for (const _ of data.matchAll(/^\*\d+\r$/gm)) {
        socket.write(/incr/i.test(data) ? '-ERR no number\r\n' : '+OK\r\n')
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const client = new Redis({
    port: server.address().port,
    host: '127.0.0.1',
    enableReadyCheck: false,
    disableClientInfo: true,
  })
  await client.set('secret', 'value')
  await client.incr('secret').catch(() => {})
  client.disconnect()
  server.close()
}

/** A server of MySQL that mysql2 brings along. */
async function mysql() {
  const { default: mysql2 } = await load('mysql2')
  const server = mysql2.createServer()
  server.on('connection', (connection) => {
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: '8',
      connectionId: 1,
      statusFlags: 2,
      characterSet: 8,
      capabilityFlags: 0xff_ff_ff ^ 0x8_00 ^ 0x20,
    })
    // The client goes away without a word.
    connection.on('error', () => {})
    connection.on('query', (query) => {
      connection.sequenceId = 1
      if (query.includes('nothing')) connection.writeError({ message: 'no table', code: 1146 })
      else connection.writeOk()
    })
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server._server.once('listening', resolve))
  const { port } = server._server.address()
  const connection = mysql2.createConnection({ port, host: '127.0.0.1', user: 'root' })
  const query = (statement) =>
    new Promise((resolve) => connection.query(statement, (error) => resolve(error)))
  await query("/* by a tool */ select 'secret'")
  await query('INSERT INTO nothing VALUES (1)')
  connection.destroy()
  await new Promise((resolve) => server.close(resolve))
}

const parts = {
  plain,
  'express 5': () => express('express'),
  'express 4': () => express('express4'),
  fastify,
  graphql,
  redis,
  mysql,
}
await parts[process.argv[2]]()
