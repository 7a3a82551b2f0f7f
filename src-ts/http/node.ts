/** `node:http` without a framework: a listener that captures the requests it gets. */

import { typeError } from '../arguments.js'
import { begin, within } from './exchange.js'
import { checkHttpOptions } from './options.js'
import { routeName } from './routes.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Database } from '../database.js'

/** A listener of the event `request`. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** How the requests of a listener are captured. */
export interface ListenerOptions {
  /** The database to capture into. Default: `database()`. */
  db?: Database
  /**
   * The pattern of the route that a request was for, asked when its answer has ended; `undefined`
   * for none. It must be a pattern, not a URL: there can be 2,000 of them. Default: none has one.
   */
  route?: (request: IncomingMessage) => string | undefined
  /** As `HttpOptions.context`. */
  context?: boolean
}

/**
 * A listener like this one that captures the requests.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { kronicler } from 'kronicler/http'
 *
 * const route = () => '/'
 * const server = createServer(kronicler((_, response) => response.end('hello'), { route }))
 * ```
 * @throws `TypeError` naming a wrong argument
 */
export function kronicler(listener: Listener, options?: ListenerOptions): Listener {
  if (typeof listener !== 'function') throw typeError('listener', 'a function', listener)
  const { route, ...others } = options ?? {}
  if (route !== undefined && typeof route !== 'function') {
    throw typeError('options.route', 'a function', route)
  }
  const given = options === undefined ? undefined : others
  const { routes } = checkHttpOptions(given, kronicler, 'kronicler/http')
  if (routes === undefined) return listener
  const find = (request: IncomingMessage): string | undefined => {
    const found = route?.(request)
    return typeof found === 'string' ? routeName(request.method, found) : undefined
  }
  return function captured(this: unknown, request, response) {
    const context = begin(response, routes, find, request)
    return within(context, () => Reflect.apply(listener, this, [request, response]) as unknown)
  }
}
