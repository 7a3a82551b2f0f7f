/** The entry `kronicler/nest`: Nest 12, 11 and 10. */

export { kronicler } from './http/nest.js'
export type { HttpAdapter, NestApplication } from './http/nest.js'
export type { HttpOptions } from './http/options.js'
