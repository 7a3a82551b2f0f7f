/** The entry `kronicler/hono`: Hono 4 on Node. */

export { kronicler } from './http/hono.js'
export type { HonoContext } from './http/hono.js'
export type { HttpOptions } from './http/options.js'
