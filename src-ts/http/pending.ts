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

/** The exchanges of one connection. */
export class Pending {
  #one: Exchange | undefined
  /** By answer, because a client may send thousands of requests at once. */
  #others: Map<object, Exchange> | undefined

  find(answer: object): Exchange | undefined {
    return this.#one?.answer === answer ? this.#one : this.#others?.get(answer)
  }

  add(exchange: Exchange): void {
    if (this.#one === undefined) this.#one = exchange
    else (this.#others ??= new Map()).set(exchange.answer, exchange)
  }

  remove(exchange: Exchange): void {
    if (this.#one === exchange) this.#one = undefined
    else this.#others?.delete(exchange.answer)
  }

  /** The connection is closed. */
  end(): void {
    this.#one?.end(false)
    for (const exchange of this.#others?.values() ?? []) exchange.end(false)
  }
}

/** Gives a socket its exchanges. */
class Connection extends Given {
  readonly #pending: Pending

  private constructor(socket: object, pending: Pending) {
    super(socket)
    this.#pending = pending
  }

  static put(socket: object, pending: Pending): void {
    // oxlint-disable-next-line no-new -- it is the socket that changes
    new Connection(socket, pending)
  }

  static of(socket: object): Pending | undefined {
    return #pending in socket ? socket.#pending : undefined
  }
}

/**
 * The exchanges of a socket; undefined for one of HTTP/2, which has many at once that end by
 * themselves, and for what a program made up.
 */
export function pendingOf(socket: Socket | null | undefined): Pending | undefined {
  if (typeof socket !== 'object' || socket === null) return undefined
  const known = Connection.of(socket)
  if (known !== undefined) return known
  if ((socket.parser ?? null) === null) return undefined
  const pending = new Pending()
  Connection.put(socket, pending)
  socket.once?.('close', () => pending.end())
  return pending
}
