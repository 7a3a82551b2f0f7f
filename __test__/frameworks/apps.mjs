// The same small application in each framework: routes, a mounted router, errors, an answer that
// never comes. Each begins to listen with a middleware of Kronicler in it, installed in one line.

import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

import * as forExpress from 'kronicler/express'
import * as forFastify from 'kronicler/fastify'
import * as forHono from 'kronicler/hono'
import * as forHttp from 'kronicler/http'
import * as forKoa from 'kronicler/koa'
import * as forNest from 'kronicler/nest'

const folder = new URL('../../../__test__/frameworks/package.json', import.meta.url)
const require = createRequire(folder)

/** A package of the folder that holds the frameworks. */
async function load(name) {
  return import(pathToFileURL(require.resolve(name)).href)
}

/** What else the page `/` does. */
export const onHome = { run() {} }

/** Where a server listens, and how it is closed. */
async function listening(server, close = () => server.close()) {
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.once('close', resolve))
      server.closeAllConnections()
      await close()
      await closed
    },
  }
}

async function expressApp(express, options) {
  const app = express()
  app.disable('x-powered-by')
  app.use(forExpress.kronicler(options))
  const items = express.Router()
  items.get('/items/:id', function showItem(_, response) {
    response.send('item')
  })
  items.get('/broken', function breakDown() {
    throw new Error('broken')
  })
  app.get('/', function home(_, response) {
    onHome.run()
    response.send('home')
  })
  app.get('/users/:id', function showUser(_, response) {
    response.send('user')
  })
  app.post('/users', function addUser(_, response) {
    response.status(201).send('made')
  })
  app.get('/moved', function move(_, response) {
    response.redirect('/')
  })
  app.get('/boom', function explode() {
    throw new Error('boom')
  })
  app.get('/never', function wait() {})
  app.use('/api/:version', items)
  // oxlint-disable-next-line no-unused-vars -- an error handler has four parameters
  app.use(function answerError(error, request, response, next) {
    response.status(500).send('sorry')
  })
  return listening(app.listen(0, '127.0.0.1'))
}

async function fastifyItems(instance) {
  instance.get('/items/:id', async function showItem() {
    return 'item'
  })
  instance.get('/broken', async function breakDown() {
    throw new Error('broken')
  })
}

async function fastifyApp(options) {
  const { fastify } = await load('fastify')
  const app = fastify()
  app.register(forFastify.kronicler, options)
  app.get('/', async function home() {
    onHome.run()
    return 'home'
  })
  app.get('/users/:id', async function showUser() {
    return 'user'
  })
  app.post('/users', async function addUser(_, reply) {
    return reply.code(201).send('made')
  })
  app.get('/moved', async function move(_, reply) {
    return reply.redirect('/')
  })
  app.get('/boom', async function explode() {
    throw new Error('boom')
  })
  app.get('/never', function wait() {})
  app.register(fastifyItems, { prefix: '/api/:version' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return listening(app.server, () => app.close())
}

async function koaApp(options) {
  const { default: Koa } = await load('koa')
  const { default: Router } = await load('@koa/router')
  const app = new Koa()
  app.silent = true
  app.use(forKoa.kronicler(options))
  const items = new Router()
  items.get('/items/:id', function showItem(context) {
    context.body = 'item'
  })
  items.get('/broken', function breakDown() {
    throw new Error('broken')
  })
  const router = new Router()
  router.get('/', function home(context) {
    onHome.run()
    context.body = 'home'
  })
  router.get('/users/:id', function showUser(context) {
    context.body = 'user'
  })
  router.post('/users', function addUser(context) {
    context.status = 201
    context.body = 'made'
  })
  router.get('/moved', function move(context) {
    context.redirect('/')
  })
  router.get('/boom', function explode() {
    throw new Error('boom')
  })
  router.get('/never', function wait() {
    return new Promise(() => {})
  })
  router.use('/api/:version', items.routes())
  app.use(router.routes())
  return listening(app.listen(0, '127.0.0.1'))
}

async function honoApp(options) {
  const { Hono } = await load('hono')
  const { serve } = await load('@hono/node-server')
  const app = new Hono()
  app.use(forHono.kronicler(options))
  const items = new Hono()
  items.get('/items/:id', function showItem(context) {
    return context.text('item')
  })
  items.get('/broken', function breakDown() {
    throw new Error('broken')
  })
  app.get('/', function home(context) {
    onHome.run()
    return context.text('home')
  })
  app.get('/users/:id', function showUser(context) {
    return context.text('user')
  })
  app.post('/users', function addUser(context) {
    return context.text('made', 201)
  })
  app.get('/moved', function move(context) {
    return context.redirect('/')
  })
  app.get('/boom', function explode() {
    throw new Error('boom')
  })
  app.get('/never', function wait() {
    return new Promise(() => {})
  })
  app.route('/api/:version', items)
  app.onError((error, context) => context.text(error.message, 500))
  return listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }))
}

/** Nest is written with decorators, which are called by hand here. */
async function nestApp(platform, options) {
  await load('reflect-metadata')
  const common = await load('@nestjs/common')
  const { NestFactory } = await load('@nestjs/core')
  const adapters = { express: 'ExpressAdapter', fastify: 'FastifyAdapter' }
  const { [adapters[platform]]: Adapter } = await load(`@nestjs/platform-${platform}`)
  class Shop {
    home() {
      onHome.run()
      return 'home'
    }
    showUser() {
      return 'user'
    }
    addUser() {
      return 'made'
    }
    move() {
      return 'moved'
    }
    explode() {
      throw new Error('boom')
    }
    wait() {
      return new Promise(() => {})
    }
    showItem() {
      return 'item'
    }
    breakDown() {
      throw new Error('broken')
    }
  }
  const at = (name, ...decorators) => {
    const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, name)
    for (const decorate of decorators) decorate(Shop.prototype, name, descriptor)
  }
  at('home', common.Get('/'))
  at('showUser', common.Get('users/:id'))
  at('addUser', common.Post('users'))
  at('move', common.Get('moved'), common.Redirect('/', 302))
  at('explode', common.Get('boom'))
  at('wait', common.Get('never'))
  at('showItem', common.Get('api/:version/items/:id'))
  at('breakDown', common.Get('api/:version/broken'))
  common.Controller()(Shop)
  // oxlint-disable-next-line typescript/no-extraneous-class -- modules of Nest are classes
  class App {}
  common.Module({ controllers: [Shop] })(App)
  const app = await NestFactory.create(App, new Adapter(), { logger: false })
  forNest.kronicler(app, options)
  await app.listen(0, '127.0.0.1')
  return listening(app.getHttpServer(), () => app.close())
}

async function plainApp({ db, context = false }) {
  const patterns = [
    [/^\/$/, '/'],
    [/^\/users\/\d+$/, '/users/:id'],
    [/^\/users$/, '/users'],
    [/^\/moved$/, '/moved'],
    [/^\/boom$/, '/boom'],
    [/^\/never$/, '/never'],
    [/^\/api\/\w+\/items\/\d+$/, '/api/:version/items/:id'],
    [/^\/api\/\w+\/broken$/, '/api/:version/broken'],
  ]
  const route = ({ url }) => patterns.find(([pattern]) => pattern.test(url.split('?')[0]))?.[1]
  const statuses = { '/moved': 302, '/boom': 500, '/api/v1/broken': 500 }
  const listener = (request, response) => {
    if (request.url === '/never') return
    if (request.url === '/') onHome.run()
    const found = route(request) === undefined ? 404 : 200
    response.statusCode = request.method === 'POST' ? 201 : (statuses[request.url] ?? found)
    response.end('answer')
  }
  const server = createServer(forHttp.kronicler(listener, { db, route, context }))
  return listening(server.listen(0, '127.0.0.1'))
}

/** The applications; each function gets the options of the middleware. */
export const apps = {
  'express 5': async (options) => expressApp((await load('express')).default, options),
  'express 4': async (options) => expressApp((await load('express4')).default, options),
  'fastify 5': fastifyApp,
  'koa 3': koaApp,
  'hono 4': honoApp,
  'nest 12 on express': (options) => nestApp('express', options),
  'nest 12 on fastify': (options) => nestApp('fastify', options),
  'node:http': plainApp,
}

function answer(_, response) {
  response.send('answer')
}

/** An application of Express that mounts what it answers with in all manners. */
export async function mountedApp(name, options, isOlder) {
  const { default: express } = await load(name)
  const app = express()
  app.use(forExpress.kronicler(options))
  const router = express.Router({ mergeParams: true })
  router.get('/list', answer)
  router.get(['/first', '/second/:id'], answer)
  router.get(/^\/number\/\d+$/, answer)
  router.get('/fails', () => {
    throw new Error('fails')
  })
  const middle = express.Router()
  middle.use('/m/:middle', router)
  app.use('/once', middle)
  const twice = express.Router()
  twice.get('/:id', answer)
  app.use('/v1/things', twice)
  app.use('/v2/:kind', twice)
  const inner = express()
  inner.get('/stats/:day', answer)
  app.use('/admin', inner)
  app.get('/', answer)
  app.use((error, request, response, next) => {
    if (response.headersSent) next(error)
    else response.status(500).end()
  })
  // Layers of router 2.0 to 2.2 do not know the pattern that they were made of.
  const layers = isOlder ? [...app.router.stack, ...middle.stack] : []
  for (const layer of layers) layer.rawPath = undefined
  return listening(app.listen(0, '127.0.0.1'))
}

/** An application of Express whose routers do not know their patterns, as up to router 2.2. */
export async function hiddenApp(options) {
  const { default: express } = await load('express')
  const app = express()
  app.use(forExpress.kronicler(options))
  for (const path of [/^\/number\/[\w-]+/, '/files/*path/in', '/pair/:a-:b', '/encoded/:name']) {
    const router = express.Router()
    router.get('/item/:id', answer)
    app.use(path, router)
  }
  for (const layer of app.router.stack) layer.rawPath = undefined
  return listening(app.listen(0, '127.0.0.1'))
}

/** An application of Express with a router that is mounted in itself, and one in many places. */
export async function recursiveApp(name, options) {
  const { default: express } = await load(name)
  const app = express()
  app.use(forExpress.kronicler(options))
  const tree = express.Router({ mergeParams: true })
  tree.use('/left/:left', tree)
  tree.use('/right/:right', tree)
  tree.get('/leaf/:id', answer)
  app.use('/tree', tree)
  const often = express.Router()
  often.get('/leaf/:id', answer)
  for (let index = 0; index < 200; index += 1) app.use(`/place${index}`, often)
  return listening(app.listen(0, '127.0.0.1'))
}

/** Requests to an application of Fastify that come from the program itself. */
export async function injectedApp(options) {
  const { fastify } = await load('fastify')
  const app = fastify()
  app.register(forFastify.kronicler, options)
  app.get('/users/:id', async () => 'user')
  app.get('/fails/:id', async () => {
    throw new Error('fails')
  })
  for (const path of ['/users/1', '/fails/2']) await app.inject(path)
  await app.close()
}
