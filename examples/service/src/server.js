// A small shop over HTTP: its routes, how it starts, and how it stops.
//
// Kronicler is one word here: `capture`. Handlers get the name of their route, functions keep
// their own; everything else is the service as it would be without.

import process from 'node:process'
import Fastify from 'fastify'
import { capture } from 'kronicler'
import { login } from './accounts.js'
import { appendOrder, closeOrders, findOrder, latestOrders } from './orders.js'
import { renderPage } from './pages.js'
import { quote } from './quotes.js'

const app = Fastify({ forceCloseConnections: 'idle' })

const loginSchema = {
  body: {
    type: 'object',
    required: ['name', 'password'],
    properties: { name: { type: 'string' }, password: { type: 'string', maxLength: 200 } },
  },
}

const orderSchema = {
  body: {
    type: 'object',
    required: ['sku', 'quantity'],
    properties: {
      sku: { type: 'string', maxLength: 20 },
      quantity: { type: 'integer', minimum: 1, maximum: 1_000 },
    },
  },
}

const quoteSchema = {
  querystring: {
    type: 'object',
    properties: { quantity: { type: 'integer', minimum: 1, maximum: 1_000, default: 1 } },
  },
}

app.get(
  '/',
  capture('GET /', async (_request, reply) => {
    const page = renderPage('home', { orders: latestOrders() })
    return reply.type('text/html; charset=utf-8').send(page)
  }),
)

app.get(
  '/orders/:id',
  capture('GET /orders/:id', (request) => findOrder(Number(request.params.id))),
)

app.post(
  '/orders',
  { schema: orderSchema },
  capture('POST /orders', async (request, reply) => {
    const { sku, quantity } = request.body
    const { total } = quote(sku, quantity)
    return reply.code(201).send(await appendOrder({ sku, quantity, total }))
  }),
)

app.get(
  '/quote/:sku',
  { schema: quoteSchema },
  capture('GET /quote/:sku', async (request) => quote(request.params.sku, request.query.quantity)),
)

app.post(
  '/login',
  { schema: loginSchema },
  capture('POST /login', async (request, reply) => {
    const { name, password } = request.body
    if (await login(name, password)) return { name }
    return reply.code(401).send({ error: 'name or password is wrong' })
  }),
)

// Closing the server and the file is all there is to do: nothing then keeps the process alive,
// and what was captured is written when it ends.
async function close() {
  await app.close()
  await closeOrders()
}

let closing
function stop() {
  closing ??= close()
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)

const address = await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) })
process.stdout.write(`listening on ${address}\n`)
