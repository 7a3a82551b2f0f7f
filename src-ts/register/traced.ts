/**
 * Calls that libraries publish as tracing channels: `start`, `end`, `asyncEnd` and `error`, all
 * with one message. A call whose message has a result or an error at its `end` was synchronous;
 * others go on until `asyncEnd`.
 *
 * Names hold what was done, never with what: a statement's first word, a command, no values.
 */

import { kindAsync, kindSync, outcomeError, outcomeOk } from '../record.js'
import { listen } from './channels.js'
import { begin, finish } from './marks.js'
import { Names } from './names.js'

/** What can be asked of a message, whichever channel it comes from. */
interface Message {
  readonly result?: unknown
  readonly error?: unknown
  readonly query?: unknown
  readonly command?: unknown
}

const statements = new Set(
  (
    'ALTER ANALYZE BEGIN CALL COMMIT CREATE DELETE DESCRIBE DROP EXECUTE EXPLAIN GRANT INSERT ' +
    'KILL LOAD LOCK OPTIMIZE RELEASE REPLACE ROLLBACK SAVEPOINT SELECT SET SHOW START TRUNCATE ' +
    'UNLOCK UPDATE USE VALUES WITH'
  ).split(' '),
)

/** The first word of a statement, when it is one of SQL. */
function statementOf({ query }: Message): string {
  const text = typeof query === 'string' ? query : String((query as { sql?: unknown })?.sql ?? '')
  // Comments that tools put before a statement are passed over.
  const [, word = ''] = /^(?:\s|\/\*.*?\*\/|--.*?\n)*([a-z]+)/is.exec(text.slice(0, 1_000)) ?? []
  const statement = word.toUpperCase()
  return statements.has(statement) ? statement : 'statement'
}

function commandOf({ command }: Message): string {
  const text = String(command).toLowerCase()
  return /^[a-z0-9._-]{1,40}$/.test(text) ? text : 'command'
}

/** Channels, and what stands behind the name of the library and the call. */
const channels: readonly (readonly [channel: string, detailOf?: (message: Message) => string])[] = [
  ['mysql2:query', statementOf],
  ['mysql2:execute', statementOf],
  ['mysql2:connect'],
  ['mysql2:pool:connect'],
  ['ioredis:command', commandOf],
  ['ioredis:batch'],
  ['ioredis:connect'],
  ['graphql:parse'],
  ['graphql:validate'],
  ['graphql:execute'],
  ['graphql:subscribe'],
]

function outcomeOf(message: Message): number {
  return 'error' in message ? outcomeError : outcomeOk
}

function thrownOf(message: Message): { error: unknown } | undefined {
  return 'error' in message ? { error: message.error } : undefined
}

function capture(channel: string, detailOf?: (message: Message) => string): void {
  const call = channel.replaceAll(':', '.')
  const names = new Names(call)
  const nameOf = (message: Message): string =>
    detailOf === undefined ? call : `${call} ${detailOf(message)}`
  listen<Message>(`tracing:${channel}:start`, begin)
  listen<Message>(`tracing:${channel}:end`, (message) => {
    if (!('result' in message) && !('error' in message)) return
    finish(message, names, nameOf(message), kindSync, outcomeOf(message), thrownOf(message))
  })
  listen<Message>(`tracing:${channel}:asyncEnd`, (message) => {
    finish(message, names, nameOf(message), kindAsync, outcomeOf(message), thrownOf(message))
  })
}

/** Captures what databases and others publish. */
export function captureTraced(): void {
  for (const [channel, detailOf] of channels) capture(channel, detailOf)
}
