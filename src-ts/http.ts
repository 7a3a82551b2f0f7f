/** The entry `kronicler/http`: servers of `node:http`. */

export { kronicler } from './http/node.js'
export type { Listener, ListenerOptions } from './http/node.js'
