/**
 * Requests that the program makes: by `fetch` and undici until the answer is there whole, by
 * `node:http` until its head is there. Names hold method and host; paths hold ids and secrets.
 */

import { kindAsync, outcomeAborted, outcomeError, outcomeOk } from '../record.js'
import { listen } from './channels.js'
import { begin, finish } from './marks.js'
import { Names } from './names.js'

interface UndiciRequest {
  readonly origin?: string | URL
  readonly method: string
}

interface NodeRequest {
  readonly method: string
  readonly host: string
  getHeader(name: string): unknown
}

const statusErrorMin = 500
const abortedCodes = new Set<unknown>(['ABORT_ERR', 'UND_ERR_ABORTED', 'ECONNRESET'])

function outcomeOf(error: unknown): number {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  const isAborted = name === 'AbortError' || abortedCodes.has(code)
  return isAborted ? outcomeAborted : outcomeError
}

function outcomeOfStatus(status: number): number {
  return status >= statusErrorMin ? outcomeError : outcomeOk
}

function captureFetch(): void {
  const names = new Names('fetch')
  const failed = new WeakSet<object>()
  const nameOf = ({ method, origin }: UndiciRequest): string =>
    `fetch ${method} ${new URL(String(origin)).host}`
  const end = (request: UndiciRequest, outcome: number): void =>
    finish(request, names, nameOf(request), kindAsync, outcome)
  listen<{ request: UndiciRequest }>('undici:request:create', ({ request }) => begin(request))
  listen<{ request: UndiciRequest; response: { statusCode: number } }>(
    'undici:request:headers',
    ({ request, response }) => {
      if (outcomeOfStatus(response.statusCode) === outcomeError) failed.add(request)
    },
  )
  listen<{ request: UndiciRequest }>('undici:request:trailers', ({ request }) => {
    end(request, failed.has(request) ? outcomeError : outcomeOk)
  })
  listen<{ request: UndiciRequest; error: unknown }>(
    'undici:request:error',
    ({ request, error }) => end(request, outcomeOf(error)),
  )
}

/** With the port, as `fetch` has it. */
function hostOf(request: NodeRequest): string {
  const host = request.getHeader('host')
  return typeof host === 'string' ? host : request.host
}

function captureRequests(): void {
  const names = new Names('http')
  const end = (request: NodeRequest, outcome: number): void =>
    finish(request, names, `http ${request.method} ${hostOf(request)}`, kindAsync, outcome)
  listen<{ request: NodeRequest }>('http.client.request.start', ({ request }) => begin(request))
  listen<{ request: NodeRequest; response: { statusCode: number } }>(
    'http.client.response.finish',
    ({ request, response }) => end(request, outcomeOfStatus(response.statusCode)),
  )
  listen<{ request: NodeRequest; error: unknown }>(
    'http.client.request.error',
    ({ request, error }) => end(request, outcomeOf(error)),
  )
}

/** Captures the requests that the program makes. */
export function captureClients(): void {
  captureFetch()
  captureRequests()
}
