/** Hono 4 on Node: a middleware that captures requests by route, or by function. */

import { begin, within } from './exchange.js'
import { checkHttpOptions } from './options.js'
import { routeName } from './routes.js'
import type { Answer } from './exchange.js'
import type { HttpOptions } from './options.js'

interface MatchedRoute {
  readonly method: string
  readonly path: string
  readonly handler: { readonly name?: string; readonly length: number }
}

/** What is needed of a context of Hono. */
export interface HonoContext {
  /** The request. */
  readonly req: object
  /** What the server hands over: Node's own request and answer. */
  readonly env: unknown
}

interface RoutedContext extends HonoContext {
  readonly req: { readonly method: string; readonly matchedRoutes?: readonly MatchedRoute[] }
}

/** The route of a request: the last that matched and is no middleware, which takes a `next`. */
function routeOf(context: RoutedContext): MatchedRoute | undefined {
  const isRoute = ({ handler, method }: MatchedRoute): boolean =>
    handler.length < 2 || method !== 'ALL'
  return context.req.matchedRoutes?.findLast(isRoute)
}

function nameByRoute(context: RoutedContext): string | undefined {
  const route = routeOf(context)
  return route === undefined ? undefined : routeName(context.req.method, route.path)
}

function nameByFunction(context: RoutedContext): string | undefined {
  const name = routeOf(context)?.handler.name
  return name === undefined || name === '' ? nameByRoute(context) : name
}

/** Node's own answer, where there is one: elsewhere `env` holds settings, and may refuse others. */
function answerOf({ env }: HonoContext): Answer | undefined {
  try {
    return (env as { outgoing?: Answer } | undefined)?.outgoing
  } catch {
    return undefined
  }
}

/**
 * Captures the requests of a Hono application that @hono/node-server serves. It should be the first
 * that is used. On other runtimes there is no answer of Node's to watch: nothing is captured.
 *
 * @example
 * ```ts
 * import { kronicler } from 'kronicler/hono'
 *
 * app.use(kronicler())
 * ```
 * @throws `TypeError` or `RangeError` naming a wrong option
 */
export function kronicler(
  options?: HttpOptions,
): (context: HonoContext, next: () => Promise<void>) => Promise<void> {
  const { routes, isByFunction } = checkHttpOptions(options, kronicler, 'kronicler/hono')
  if (routes === undefined) return async (_context, next) => next()
  const find = isByFunction ? nameByFunction : nameByRoute
  return async (context, next) => {
    const answer = answerOf(context)
    const own = answer && begin(answer, routes, find, context as RoutedContext)
    return within(own, next)
  }
}
