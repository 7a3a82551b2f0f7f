// What TypeScript says of the one line that each framework needs.

import { NestFactory } from '@nestjs/core'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { Router } from '@koa/router'
import express from 'express'
import { fastify } from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { createServer } from 'node:http'

import * as forExpress from '../../dist/esm/express.js'
import * as forFastify from '../../dist/esm/fastify.js'
import * as forHono from '../../dist/esm/hono.js'
import * as forHttp from '../../dist/esm/http.js'
import * as forKoa from '../../dist/esm/koa.js'
import * as forNest from '../../dist/esm/nest.js'
import * as forOtel from '../../dist/esm/otel.js'

express().use(forExpress.kronicler())
express.Router().use('/api', forExpress.kronicler({ by: 'function' }))
fastify().register(forFastify.kronicler)
fastify().register(forFastify.kronicler, { by: 'function' })
new Koa().use(forKoa.kronicler())
new Router().use(forKoa.kronicler({ by: 'route' }))
new Hono().use(forHono.kronicler())
new Hono<{ Bindings: { outgoing: object } }>().use('/api/*', forHono.kronicler())
// oxlint-disable-next-line typescript/no-extraneous-class -- modules of Nest are classes
forNest.kronicler(await NestFactory.create(class {}), { by: 'function' })
createServer(forHttp.kronicler((_, response) => response.end()))
createServer(forHttp.kronicler(() => {}, { route: ({ url }) => url }))
const processor = new forOtel.KroniclerSpanProcessor()
new NodeTracerProvider({ spanProcessors: [processor] }).register()

// @ts-expect-error -- not a way to name requests
forExpress.kronicler({ by: 'path' })
// @ts-expect-error -- no such option
forKoa.kronicler({ route: () => '/' })
// @ts-expect-error -- no database
new forOtel.KroniclerSpanProcessor({ db: 'here' }).onStart({}, {})
