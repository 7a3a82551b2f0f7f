/** The entry `kronicler/fastify`: Fastify 5 and 4. */

export { kronicler } from './http/fastify.js'
export type { FastifyInstance } from './http/fastify.js'
export type { HttpOptions } from './http/options.js'
