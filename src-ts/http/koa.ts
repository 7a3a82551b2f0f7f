/** Koa 3 and 2: a middleware that captures requests by the route of @koa/router, or by function. */

import { begin, within } from './exchange.js'
import { checkHttpOptions } from './options.js'
import { routeName } from './routes.js'
import type { Answer } from './exchange.js'
import type { HttpOptions } from './options.js'

interface Layer {
  readonly path?: unknown
  readonly methods?: readonly string[]
  readonly stack?: readonly { readonly name?: string }[]
}

/** What is needed of a context of Koa. */
export interface KoaContext {
  /** The method of the request. */
  readonly method: string
  /** Node's own answer. */
  readonly res: unknown
}

interface RoutedContext extends KoaContext {
  readonly _matchedRoute?: unknown
  /** Layers of @koa/router that the request met. */
  readonly matched?: readonly Layer[]
}

function nameByRoute(context: RoutedContext): string | undefined {
  const route = context._matchedRoute
  return route === undefined ? undefined : routeName(context.method, String(route))
}

function nameByFunction(context: RoutedContext): string | undefined {
  const { method, matched } = context
  const layer = matched?.findLast(({ methods }) => methods?.includes(method))
  const name = context._matchedRoute === undefined ? undefined : layer?.stack?.at(-1)?.name
  return name === undefined || name === '' ? nameByRoute(context) : name
}

/**
 * Captures the requests of a Koa application. It should be the first that is used.
 *
 * @example
 * ```ts
 * import { kronicler } from 'kronicler/koa'
 *
 * app.use(kronicler())
 * ```
 * @throws `TypeError` or `RangeError` naming a wrong option
 */
export function kronicler(
  options?: HttpOptions,
): (context: KoaContext, next: () => Promise<unknown>) => Promise<unknown> {
  const { routes, isByFunction } = checkHttpOptions(options, kronicler, 'kronicler/koa')
  if (routes === undefined) return async (_context, next) => next()
  const find = isByFunction ? nameByFunction : nameByRoute
  return async (context, next) => {
    const own = begin(context.res as Answer, routes, find, context as RoutedContext)
    return within(own, next)
  }
}
