/** Spans of OpenTelemetry: a processor that writes each that ends into the columns of calls. */

import { checkOptions } from '../arguments.js'
import { storeFor } from '../captured.js'
import { database } from '../default-database.js'
import { isEnabled } from '../environment.js'
import { recordGiven } from '../given-times.js'
import { tellHook } from '../hooks.js'
import { Routes } from '../http/routes.js'
import { kindAsync, kindHttp, outcomeError, outcomeOk } from '../record.js'
import { sourceOfCaller } from '../source.js'
import { nameOf, statusOf } from './names.js'
import type { Database } from '../database.js'
import type { EndedSpan } from './names.js'

export type { EndedSpan } from './names.js'

/** How spans are captured. */
export interface SpanProcessorOptions {
  /** The database to capture into. Default: `database()`. */
  db?: Database
}

const kindServer = 1
const codeError = 2
const statusErrorMin = 500

function nanoseconds([seconds, rest]: readonly [number, number]): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(Math.round(rest))
}

/**
 * A span processor for the SDK of OpenTelemetry for JavaScript, 1.x and 2.x: each span that ends is
 * a call, with name, times and outcome, of kind `http` with the class of its status for requests
 * that a server got, else `async`. It never waits, and throws nothing.
 *
 * @example
 * ```ts
 * import { KroniclerSpanProcessor } from 'kronicler/otel'
 *
 * const sdk = new NodeSDK({ spanProcessors: [new KroniclerSpanProcessor()] })
 * ```
 */
export class KroniclerSpanProcessor {
  readonly #routes: Routes | undefined
  readonly #db: Database | undefined
  #isOver = false

  /**
   * @param options - where spans go
   * @throws `TypeError` naming a wrong option, `KroniclerError` when the database is a reader
   */
  constructor(options?: SpanProcessorOptions) {
    const given = checkOptions('options', options, ['db'])
    const store = storeFor(given.has('db') ? { db: given.get('db') } : {})
    const source = sourceOfCaller(KroniclerSpanProcessor as unknown as () => void)
    if (isEnabled) this.#db = (given.get('db') as Database | undefined) ?? database()
    if (store !== undefined) {
      this.#routes = new Routes(store, source, false, '(other spans)')
      tellHook('entry', 'kronicler/otel', { database: store.id })
    }
  }

  /** Nothing: a span is a call when it has ended. */
  onStart(_span: unknown, _context: unknown): void {}

  /** Records a span. */
  onEnd(span: EndedSpan): void {
    if (this.#isOver || this.#routes === undefined) return
    try {
      const status = span.kind === kindServer ? statusOf(span) : undefined
      const isError = span.status.code === codeError || Number(status ?? 0) >= statusErrorMin
      const outcome = isError ? outcomeError : outcomeOk
      const kind = status === undefined ? kindAsync : kindHttp
      const tag = this.#routes.tagOf(nameOf(span), status) | kind | outcome
      const [startNs, endNs] = [nanoseconds(span.startTime), nanoseconds(span.endTime)]
      recordGiven(startNs, endNs, tag, this.#routes.database)
    } catch {
      // A span that is built otherwise, or whose times are no numbers.
    }
  }

  /** Waits until the spans so far are in the files. Never rejects. */
  async forceFlush(): Promise<void> {
    try {
      await this.#db?.flush()
    } catch {
      // `health()` says why; who waits for all processors must not fail by this one.
    }
  }

  /** Records no more spans, and waits for those there are. */
  async shutdown(): Promise<void> {
    this.#isOver = true
    await this.forceFlush()
  }
}
