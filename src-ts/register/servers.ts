/**
 * Requests that servers of `node:http` get: what Node publishes tells when they begin, and the
 * framework, where it can be found, to which route they belong. Express lays its routes on the
 * request; Fastify publishes each handler that is called. A hook would know of requests that are
 * answered before that, but applications see their hooks, when they print their routes.
 */

import { storeFor } from '../captured.js'
import { isContextual } from '../context.js'
import { begin, rename, stayWithin } from '../http/exchange.js'
import { nameByRoute } from '../http/express.js'
import { nameByRoute as nameByFastify } from '../http/fastify.js'
import { Routes } from '../http/routes.js'
import { listen } from './channels.js'
import type { Answer } from '../http/exchange.js'
import type { ExpressRequest } from '../http/express-routes.js'
import type { FastifyRequest } from '../http/fastify.js'

interface Exchange {
  readonly request: ExpressRequest
  readonly response: Answer
}

let routes: Routes | undefined
let isAbsent = false

/** Made at the first request: an import opens no database. */
function findRoutes(): Routes | undefined {
  if (routes === undefined && !isAbsent) {
    const store = storeFor({})
    isAbsent = store === undefined
    if (store !== undefined) routes = new Routes(store, '', isContextual())
  }
  return routes
}

function nameIt({ request, reply }: { request: FastifyRequest; reply: { raw: object } }): void {
  rename(reply.raw, nameByFastify, request)
}

/** Captures the requests of all servers. */
export function captureServers(): void {
  listen<Exchange>('http.server.request.start', ({ request, response }) => {
    const found = findRoutes()
    if (found === undefined) return
    stayWithin(begin(response, found, nameByRoute, request))
  })
  listen('tracing:fastify.request.handler:start', nameIt)
}
