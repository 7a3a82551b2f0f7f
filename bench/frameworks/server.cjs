// The server of one arm: a hello-world in a framework, with one way of measuring its requests.
//
// CommonJS, because what OpenTelemetry replaces it finds there without hooks for modules.

'use strict'

const { watchers } = require('./watchers.cjs')

const settings = JSON.parse(process.argv[2])

/** What measures must be there before the framework is loaded. */
const watch = watchers[settings.arm]()

function startExpress() {
  const express = require('express')
  const app = express()
  app.disable('x-powered-by')
  watch.express?.(app)
  app.get('/hello/:name', (_, response) => response.json({ hello: 'world' }))
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server.address().port))
  })
}

async function startFastify() {
  const { fastify } = require('fastify')
  const app = fastify()
  await watch.fastify?.(app)
  app.get('/hello/:name', (_, reply) => reply.send({ hello: 'world' }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server.address().port
}

/** CPU time of all threads in microseconds; what was captured is stored by then. */
async function usage() {
  const health = await watch.health?.()
  const { user, system } = process.cpuUsage()
  process.send({ cpuMicroseconds: user + system, health })
}

const start = { express: startExpress, fastify: startFastify }
process.on('message', usage)
process.on('disconnect', () => process.exit())
void start[settings.framework]().then((port) => process.send({ port }))
