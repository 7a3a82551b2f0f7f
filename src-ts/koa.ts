/** The entry `kronicler/koa`: Koa 3 and 2, with @koa/router. */

export { kronicler } from './http/koa.js'
export type { KoaContext } from './http/koa.js'
export type { HttpOptions } from './http/options.js'
