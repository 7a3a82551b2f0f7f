/** Nest 12, 11 and 10, on Express or Fastify: requests by route, or by controller and method. */

import { begin, rename, within } from './exchange.js'
import { nameByRoute } from './express.js'
import { addHooks } from './fastify.js'
import { checkHttpOptions } from './options.js'
import type { ExpressRequest } from './express-routes.js'
import type { FastifyInstance } from './fastify.js'
import type { HttpOptions, HttpSettings } from './options.js'
import type { Answer } from './exchange.js'
import type { Middleware } from './express.js'

/** What is needed of an application of Nest. */
export interface NestApplication {
  /** The framework below. */
  getHttpAdapter(): HttpAdapter
  /** Adds a middleware of Express. */
  use(...middlewares: unknown[]): unknown
  /** Adds interceptors of all handlers. */
  useGlobalInterceptors(...interceptors: never[]): unknown
}

/** What is needed of what Nest stands on. */
export interface HttpAdapter {
  /** `express` or `fastify`. */
  getType(): string
  /** The application of that framework. */
  getInstance(): unknown
}

interface Execution {
  getType(): string
  getClass(): { readonly name: string }
  getHandler(): { readonly name: string }
  switchToHttp(): { getResponse(): { readonly raw?: object } & object }
}

function nameByMethod(execution: Execution): string {
  return `${execution.getClass().name}.${execution.getHandler().name}`
}

function nameIt(execution: Execution): void {
  try {
    if (execution.getType() !== 'http') return
    const response = execution.switchToHttp().getResponse()
    rename(response.raw ?? response, nameByMethod, execution)
  } catch {
    // A transport that has no answer, or another version of Nest.
  }
}

/** Only it is told which controller and method a request goes to. */
const interceptor = {
  intercept(execution: Execution, next: { handle(): unknown }): unknown {
    nameIt(execution)
    return next.handle()
  },
}

function useMiddleware(app: NestApplication, { routes }: HttpSettings): void {
  if (routes === undefined) return
  const middleware: Middleware = (request, response, next) => {
    within(begin(response as Answer, routes, nameByRoute, request as ExpressRequest), next)
  }
  app.use(middleware)
}

/**
 * Captures the requests of a Nest application; to be called before `listen` or `init`. By function,
 * a request is called `Controller.method`; what no controller answers is called by its route.
 *
 * @example
 * ```ts
 * import { kronicler } from 'kronicler/nest'
 *
 * const app = await NestFactory.create(AppModule)
 * kronicler(app)
 * ```
 * @throws `TypeError` or `RangeError` naming a wrong option
 */
export function kronicler(app: NestApplication, options?: HttpOptions): void {
  const settings = checkHttpOptions(options, kronicler, 'kronicler/nest')
  const adapter = app.getHttpAdapter()
  if (adapter.getType() === 'fastify') {
    addHooks(adapter.getInstance() as FastifyInstance, { ...settings, isByFunction: false })
  } else {
    useMiddleware(app, settings)
  }
  if (settings.isByFunction) app.useGlobalInterceptors(interceptor as never)
}
