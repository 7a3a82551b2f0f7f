/** Fastify 5 and 4: a plugin that captures requests by route, or by function. */

import { begin, within } from './exchange.js'
import { checkHttpOptions } from './options.js'
import { routeName } from './routes.js'
import type { Answer, NameOf } from './exchange.js'
import type { HttpOptions, HttpSettings } from './options.js'

/** What is needed of a request of Fastify. */
export interface FastifyRequest {
  readonly method: string
  readonly is404?: boolean
  readonly routeOptions?: { readonly url?: string; readonly handler?: { readonly name?: string } }
}

type OnRequest = (request: FastifyRequest, reply: { raw: unknown }, done: () => void) => void

/** What is needed of an instance of Fastify. */
export interface FastifyInstance {
  /** Adds a hook. Fastify's own type has an overload for each, so this one says little. */
  addHook(name: 'onRequest', hook: never): unknown
}

export function nameByRoute(request: FastifyRequest): string | undefined {
  const url = request.is404 === true ? undefined : request.routeOptions?.url
  return url === undefined ? undefined : routeName(request.method, url)
}

function nameByFunction(request: FastifyRequest): string | undefined {
  const name = request.is404 === true ? undefined : request.routeOptions?.handler?.name
  // A handler that was bound to its instance, as Fastify does with some.
  const own = name?.replace(/^(?:bound )+/, '')
  return own === undefined || own === '' ? nameByRoute(request) : own
}

/** Lets an instance of Fastify capture its requests. */
export function addHooks(instance: FastifyInstance, settings: HttpSettings): void {
  const { routes, isByFunction } = settings
  if (routes === undefined) return
  const find: NameOf<FastifyRequest> = isByFunction ? nameByFunction : nameByRoute
  const onRequest: OnRequest = (request, reply, done) => {
    within(begin(reply.raw as Answer, routes, find, request), done)
  }
  instance.addHook('onRequest', onRequest as never)
}

/**
 * A plugin that captures the requests of a Fastify application, those of all its routes.
 *
 * @example
 * ```ts
 * import { kronicler } from 'kronicler/fastify'
 *
 * app.register(kronicler)
 * ```
 * @throws `TypeError` or `RangeError` naming a wrong option, when the application gets ready
 */
export function kronicler(
  instance: FastifyInstance,
  options: HttpOptions | undefined,
  done: (error?: Error) => void,
): void {
  try {
    addHooks(instance, checkHttpOptions(ownOf(options), kronicler, 'kronicler/fastify'))
    done()
  } catch (error) {
    done(error as Error)
  }
}

/** Fastify hands its own options (`prefix`, ...) over with those of the plugin. */
function ownOf(options: HttpOptions | undefined): unknown {
  if (typeof options !== 'object' || options === null) return options
  const all = options as Record<string, unknown>
  const { prefix: _1, logLevel: _2, logSerializers: _3, ...own } = all
  return own
}

// Hooks of a plugin are for its own routes, unless it says so.
Object.assign(kronicler, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'kronicler',
})
