/** The entry `kronicler/express`: Express 5 and 4. */

export { kronicler } from './http/express.js'
export type { Middleware } from './http/express.js'
export type { HttpOptions } from './http/options.js'
