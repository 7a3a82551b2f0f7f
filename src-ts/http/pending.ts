/**
 * Exchanges that are under way on a connection of HTTP/1: mostly one, more where requests are
 * pipelined.
 *
 * They are found by their socket. Sockets are few, live long and look all alike to V8; answers of
 * Express, whose prototypes are replaced one by one, do not, and a look at them costs as much as a
 * record. Besides, up to Node 22 nobody tells an answer that waits for its turn that the connection
 * was closed: it neither finishes nor closes.
 */

import { Given } from '../given.js'
import type { Exchange } from './exchange.js'

/** What is needed of a socket. */
export interface Socket {
  readonly errored?: unknown
  /** Node's parser of HTTP/1. */
  readonly parser?: unknown
  once?(event: 'close', listener: () => void): unknown
}

/** Gives a socket its exchanges. */
class Pending extends Given {
  readonly #exchanges: Exchange[]

  private constructor(socket: object, exchanges: Exchange[]) {
    super(socket)
    this.#exchanges = exchanges
  }

  static put(socket: object, exchanges: Exchange[]): void {
    // oxlint-disable-next-line no-new -- it is the socket that changes
    new Pending(socket, exchanges)
  }

  static of(socket: object): Exchange[] | undefined {
    return #exchanges in socket ? socket.#exchanges : undefined
  }
}

/**
 * The exchanges of a socket; undefined for one of HTTP/2, which has many at once that end by
 * themselves, and for what a program made up.
 */
export function pendingOf(socket: Socket | null | undefined): Exchange[] | undefined {
  if (typeof socket !== 'object' || socket === null) return undefined
  const known = Pending.of(socket)
  if (known !== undefined) return known
  if ((socket.parser ?? null) === null) return undefined
  const exchanges: Exchange[] = []
  Pending.put(socket, exchanges)
  socket.once?.('close', () => {
    for (const exchange of exchanges.splice(0)) exchange.end(false)
  })
  return exchanges
}
