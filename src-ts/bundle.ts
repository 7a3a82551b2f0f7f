/**
 * All entries of the package, each a namespace: one file, and one state for all of them. `inner` is
 * for the one file beside it.
 */

export * as index from './index.js'
export * as express from './express.js'
export * as fastify from './fastify.js'
export * as hono from './hono.js'
export * as http from './http.js'
export * as inner from './inner.js'
export * as koa from './koa.js'
export * as nest from './nest.js'
export * as otel from './otel.js'
export * as register from './register.js'
