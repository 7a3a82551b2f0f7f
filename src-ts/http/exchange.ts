/**
 * HTTP exchanges: from where a request comes in to the end of its answer, one record each.
 *
 * The end is the event `finish` of the answer, when all of it was handed to the system, or `close`,
 * whichever comes first: a client that goes away closes an answer that never finishes. State lies
 * in a private field of the answer, so that an exchange has one, whoever else looks at it.
 */

import { beginRequest, runIn, stayIn } from '../context.js'
import { Given } from '../given.js'
import { kindHttp, now, outcomeAborted, outcomeError, outcomeOk, record } from '../record.js'
import * as scratch from '../scratch.js'
import { flight } from '../tell.js'
import { unmatchedName } from './routes.js'
import { watchTurn } from './turns.js'
import type { CallContext } from '../context.js'
import type { Told } from '../tell.js'
import type { Routes } from './routes.js'
import type { Connection } from './turns.js'

const { isPaused, words } = scratch

/** What is needed of an answer: Node's `ServerResponse`, or one of HTTP/2. */
export interface Answer {
  readonly statusCode: number
  readonly writableFinished?: boolean
  readonly writableEnded?: boolean
  /** Of HTTP/2 alone. */
  readonly stream?: unknown
  readonly req?: { readonly socket?: Connection | null; readonly upgrade?: unknown }
  readonly headersSent?: boolean
  on(event: 'finish' | 'close', listener: (this: Answer) => void): unknown
}

/** Finds the name of an exchange when it ends; `undefined` when there was no route. */
export type NameOf<T> = (request: T) => string | undefined

const statusErrorMin = 500

/** Whether all of an answer was handed to the system when it finished, or was closed. */
function isWhole(answer: Answer, isFinish: boolean): boolean {
  // Of HTTP/2 one that the client gave up finishes, too, but nobody has ended it.
  if (answer.writableEnded === false) return false
  if (answer.stream !== undefined) return answer.writableFinished === true
  // Up to Node 24 one finishes whose client went away with a part of it.
  if ((answer.req?.socket?.errored ?? null) !== null) return false
  // Answers within the program, as `inject` of Fastify gives, finish before they say so.
  return isFinish || answer.writableFinished === true
}

/** What is known of an answer that has begun. */
interface State extends Told {
  readonly start: number
  readonly routes: Routes
  nameOf: NameOf<never>
  request: unknown
  isOver: boolean
}

/** Gives an answer its state. */
class Exchange extends Given {
  readonly #state: State

  private constructor(answer: object, state: State) {
    super(answer)
    this.#state = state
  }

  static put(answer: object, state: State): void {
    // oxlint-disable-next-line no-new -- it is the answer that changes
    new Exchange(answer, state)
  }

  static of(answer: object): State | undefined {
    return #state in answer ? answer.#state : undefined
  }
}

function finish(answer: Answer, isFinish: boolean): void {
  const state = Exchange.of(answer)
  if (state === undefined || state.isOver) return
  state.isOver = true
  flight.count -= 1
  const { routes, start } = state
  const isAll = isWhole(answer, isFinish)
  const status = isAll || answer.headersSent === true ? answer.statusCode : 0
  let outcome = status >= statusErrorMin ? outcomeError : outcomeOk
  if (!isAll) outcome = outcomeAborted
  const tag = routes.tagOf(found(state.nameOf, state.request), status)
  record(start, tag | kindHttp | outcome, routes.database, undefined, state)
  // An answer may live on in a log line; what it was asked by need not.
  state.request = undefined
}

function found(find: NameOf<never>, request: unknown): string {
  try {
    return find(request as never) ?? unmatchedName
  } catch {
    // A request that somebody has made a proxy of, or a framework that is built otherwise.
    return unmatchedName
  }
}

function end(answer: Answer, isFinish: boolean): void {
  try {
    finish(answer, isFinish)
  } catch {
    // Nothing of ours is thrown into a server.
  }
}

function endUnfinished(answer: Answer): void {
  end(answer, false)
}

function onFinish(this: Answer): void {
  end(this, true)
}

function onClose(this: Answer): void {
  endUnfinished(this)
}

/** Lets whoever knows more of its route name an exchange that has begun; `false` if none has. */
export function rename<T>(answer: object, find: NameOf<T>, request: T): boolean {
  try {
    const state = Exchange.of(answer)
    if (state === undefined) return false
    state.nameOf = find
    state.request = request
    return true
  } catch {
    return false
  }
}

/**
 * Begins an exchange. Where one has begun already, by another middleware or by
 * `kronicler/register`, it only learns its name from this one.
 */
export function begin<T>(answer: Answer, routes: Routes, find: NameOf<T>, request: T): void {
  try {
    if (words[8] !== 0 && isPaused(routes.database)) return
    if (rename(answer, find, request)) return
    // A WebSocket: some frameworks make an answer for it that nobody ends.
    if (answer.req?.upgrade === true) return
    const context = routes.isContextual ? beginRequest() : undefined
    const start = now()
    Exchange.put(answer, { start, routes, nameOf: find, request, context, isOver: false })
    answer.on('finish', onFinish)
    answer.on('close', onClose)
    flight.count += 1
    watchTurn(answer, endUnfinished)
  } catch {
    // An answer that is frozen, or a proxy: it goes out as it would have.
  }
}

/** Runs what answers a request; what that calls then knows for whom. */
export function within<T>(answer: object | undefined, work: () => T): T {
  const context = answer && contextOf(answer)
  return context === undefined ? work() : runIn(context, work)
}

/** Lets what follows on the stack, and all that it begins, know for whom it is. */
export function stayWithin(answer: object): void {
  const context = contextOf(answer)
  if (context !== undefined) stayIn(context)
}

function contextOf(answer: object): CallContext | undefined {
  try {
    return Exchange.of(answer)?.context
  } catch {
    return undefined
  }
}
