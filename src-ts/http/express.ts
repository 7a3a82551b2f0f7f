/** Express 5 and 4: a middleware that captures requests by route, or by function. */

import { begin, within } from './exchange.js'
import { functionOf, routeOf } from './express-routes.js'
import { checkHttpOptions } from './options.js'
import { routeName } from './routes.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExpressRequest } from './express-routes.js'
import type { HttpOptions } from './options.js'

/** A middleware of Express, Connect, or `node:http` in their manner. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

export function nameByRoute(request: ExpressRequest): string | undefined {
  const route = routeOf(request)
  return route === undefined ? undefined : routeName(request.method, route)
}

export function nameByFunction(request: ExpressRequest): string | undefined {
  return functionOf(request) ?? nameByRoute(request)
}

/**
 * Captures the requests of an Express application. It should be the first that is used: what comes
 * before it is not timed, and what it answers not captured.
 *
 * @example
 * ```ts
 * import { kronicler } from 'kronicler/express'
 *
 * app.use(kronicler())
 * ```
 * @throws `TypeError` or `RangeError` naming a wrong option
 */
export function kronicler(options?: HttpOptions): Middleware {
  const { routes, isByFunction } = checkHttpOptions(options, kronicler, 'kronicler/express')
  const find = isByFunction ? nameByFunction : nameByRoute
  if (routes === undefined) return (_request, _response, next) => next()
  return (request, response, next) => {
    within(begin(response, routes, find, request as ExpressRequest), next)
  }
}
