/**
 * Answers to pipelined requests, which wait for their turn on the connection. Up to Node 22 nobody
 * tells them that it was closed: they neither finish nor close.
 */

import type { Answer } from './exchange.js'

/** What is needed of a connection. */
export interface Connection {
  /** The answer whose turn it is. */
  readonly _httpMessage?: unknown
  readonly errored?: unknown
  once?(event: 'close', listener: () => void): unknown
}

type Queue = Set<Answer>

/** One for a connection, and so one listener, however many requests come in by it. */
const queues = new WeakMap<object, Queue>()

function queueOf(connection: Connection, onGone: (answer: Answer) => void): Queue {
  const known = queues.get(connection)
  if (known !== undefined) return known
  const queue: Queue = new Set()
  queues.set(connection, queue)
  connection.once?.('close', () => {
    for (const answer of queue) onGone(answer)
  })
  return queue
}

/** Calls `onGone` when the connection is closed before it is the turn of this answer. */
export function watchTurn(answer: Answer, onGone: (answer: Answer) => void): void {
  const connection = answer.req?.socket ?? {}
  const { _httpMessage: current = answer } = connection
  if (current === null || current === answer) return
  const queue = queueOf(connection, onGone)
  queue.add(answer)
  answer.on('finish', () => queue.delete(answer))
}
