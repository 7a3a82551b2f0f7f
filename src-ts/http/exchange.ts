/**
 * HTTP exchanges: from where a request comes in to the end of its answer, one record each.
 *
 * The end is the event `finish` of the answer, when all of it was handed to the system, or that the
 * answer or its connection is closed, whichever comes first: a client that goes away leaves an
 * answer that never finishes. An answer has one exchange, whoever else looks at it.
 */

import { beginRequest, runIn, stayIn } from '../context.js'
import { kindHttp, now, outcomeAborted, outcomeError, outcomeOk, record } from '../record.js'
import * as scratch from '../scratch.js'
import { flight } from '../tell.js'
import { pendingOf } from './pending.js'
import { unmatchedName } from './routes.js'
import type { CallContext } from '../context.js'
import type { Told } from '../tell.js'
import type { Pending, Socket } from './pending.js'
import type { Routes } from './routes.js'

const { isPaused, words } = scratch

/** What is needed of an answer: Node's `ServerResponse`, or one of HTTP/2. */
export interface Answer {
  readonly statusCode: number
  readonly writableFinished?: boolean
  readonly writableEnded?: boolean
  /** Of HTTP/2 alone. */
  readonly stream?: unknown
  readonly req?: { readonly socket?: Socket | null; readonly upgrade?: unknown }
  readonly headersSent?: boolean
  on(event: 'finish' | 'close', listener: () => void): unknown
}

/** Finds the name of an exchange when it ends; `undefined` when there was no route. */
export type NameOf<T> = (request: T) => string | undefined

const statusErrorMin = 500

/** Exchanges of answers that no connection of HTTP/1 has. */
const others = new WeakMap<object, Exchange>()

function nothingFound(): undefined {}

/** An exchange that is under way. */
export class Exchange implements Told {
  readonly context: CallContext | undefined
  readonly answer: Answer
  readonly #socket: Socket | null | undefined
  readonly #pending: Pending | undefined
  readonly #routes: Routes
  readonly #start: number
  #nameOf: NameOf<never> = nothingFound
  #request: unknown
  #isOver = false

  /** `pending`: those of its connection, where that is one of HTTP/1. */
  constructor(
    answer: Answer,
    routes: Routes,
    socket: Socket | null | undefined,
    pending: Pending | undefined,
  ) {
    this.answer = answer
    this.#routes = routes
    this.#socket = socket
    this.#pending = pending
    this.context = routes.isContextual ? beginRequest() : undefined
    this.#start = now()
    answer.on('finish', () => this.end(true))
    if (pending === undefined) {
      answer.on('close', () => this.end(false))
      others.set(answer, this)
    } else {
      pending.add(this)
    }
    flight.count += 1
  }

  /** The exchange of an answer, if it has begun. */
  static of(answer: object, pending: Pending | undefined): Exchange | undefined {
    return pending === undefined ? others.get(answer) : pending.find(answer)
  }

  /** Lets whoever knows more of its route name it. */
  name<T>(find: NameOf<T>, request: T): void {
    this.#nameOf = find
    this.#request = request
  }

  /** Records it, unless that has been done. Nothing of ours is thrown into a server. */
  end(isFinish: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    flight.count -= 1
    this.#pending?.remove(this)
    try {
      this.#record(isFinish)
    } catch {
      // An answer that is built otherwise.
    }
    // An answer may live on in a log line; what it was asked by need not.
    this.#request = undefined
  }

  #record(isFinish: boolean): void {
    const { answer } = this
    const isAll = this.#isWhole(isFinish)
    const status = isAll || answer.headersSent === true ? answer.statusCode : 0
    let outcome = status >= statusErrorMin ? outcomeError : outcomeOk
    if (!isAll) outcome = outcomeAborted
    const routes = this.#routes
    const tag = routes.tagOf(this.#found(), status)
    record(this.#start, tag | kindHttp | outcome, routes.database, undefined, this)
  }

  #found(): string {
    try {
      return this.#nameOf(this.#request as never) ?? unmatchedName
    } catch {
      // A request that somebody has made a proxy of, or a framework that is built otherwise.
      return unmatchedName
    }
  }

  /** Whether all of the answer was handed to the system when it finished, or was closed. */
  #isWhole(isFinish: boolean): boolean {
    const { answer } = this
    if (this.#pending === undefined) {
      // Of HTTP/2 one that the client gave up finishes, too, but nobody has ended it.
      if (answer.writableEnded === false) return false
      if (answer.stream !== undefined) return answer.writableFinished === true
    }
    // Up to Node 24 one finishes whose client went away with a part of it.
    if ((this.#socket?.errored ?? null) !== null) return false
    // Answers within the program, as `inject` of Fastify gives, finish before they say so.
    return isFinish || answer.writableFinished === true
  }
}

/** Lets whoever knows more of its route name an exchange that has begun. */
export function rename<T>(answer: object, find: NameOf<T>, request: T): void {
  try {
    Exchange.of(answer, pendingOf((answer as Answer).req?.socket))?.name(find, request)
  } catch {
    // An answer that somebody has made a proxy of.
  }
}

/**
 * Begins an exchange, and gives its context, where it has one. One that has begun already, by
 * another middleware or by `kronicler/register`, only learns its name from this one.
 */
export function begin<T>(
  answer: Answer,
  routes: Routes,
  find: NameOf<T>,
  request: T,
): CallContext | undefined {
  try {
    if (words[8] !== 0 && isPaused(routes.database)) return undefined
    const { req } = answer
    const socket = req?.socket
    const pending = pendingOf(socket)
    let exchange = Exchange.of(answer, pending)
    if (exchange === undefined) {
      // A WebSocket: some frameworks make an answer for it that nobody ends.
      if (req?.upgrade === true) return undefined
      // What came before has answered: all is over, or nothing is left to be timed.
      if (answer.writableEnded === true) return undefined
      exchange = new Exchange(answer, routes, socket, pending)
    }
    exchange.name(find, request)
    return exchange.context
  } catch {
    // An answer that is frozen, or a proxy: it goes out as it would have.
    return undefined
  }
}

/** Runs what answers a request; what that calls then knows for whom. */
export function within<T>(context: CallContext | undefined, work: () => T): T {
  return context === undefined ? work() : runIn(context, work)
}

/** Lets what follows on the stack, and all that it begins, know for whom it is. */
export function stayWithin(context: CallContext | undefined): void {
  if (context !== undefined) stayIn(context)
}
