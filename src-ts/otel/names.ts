/** What spans are called: as requests are where nothing else is used. */

/** What is needed of a span that has ended: `ReadableSpan` of the SDK, 1.x or 2.x. */
export interface EndedSpan {
  /** What the instrumentation calls it. */
  readonly name: string
  /** 0 internal, 1 server, 2 client, 3 producer, 4 consumer. */
  readonly kind: number
  /** Seconds since the Unix epoch, and nanoseconds. */
  readonly startTime: readonly [number, number]
  /** Seconds since the Unix epoch, and nanoseconds. */
  readonly endTime: readonly [number, number]
  /** How it ended. */
  readonly status: {
    /** 2 for an error. */
    readonly code: number
  }
  /** By the names of the semantic conventions, old or new. */
  readonly attributes: Readonly<Record<string, unknown>>
}

const kindServer = 1
const kindClient = 2
// Beyond that it is no name but a statement.
const nameLengthMax = 200

function textOf({ attributes }: EndedSpan, ...keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = attributes[key]
    if (typeof value === 'string' && value !== '') return value
  }
  return undefined
}

function hostOf(span: EndedSpan): string | undefined {
  const host = textOf(span, 'server.address', 'net.peer.name', 'http.host')
  const { attributes } = span
  const port = attributes['server.port'] ?? attributes['net.peer.port']
  return host === undefined || port === undefined || host.includes(':') ? host : `${host}:${port}`
}

/** The status of an answer over HTTP; undefined if the span is no such request. */
export function statusOf({ attributes }: EndedSpan): number | undefined {
  const isHttp = ['http.request.method', 'http.method'].some((key) => key in attributes)
  const status = attributes['http.response.status_code'] ?? attributes['http.status_code']
  return isHttp ? Number(status ?? 0) : undefined
}

/** Method and route, or method and host, for requests; else the name of the span. */
export function nameOf(span: EndedSpan): string {
  const method = textOf(span, 'http.request.method', 'http.method')
  if (method !== undefined) {
    const route = span.kind === kindServer ? textOf(span, 'http.route') : undefined
    if (route !== undefined) return `${method} ${route}`
    const host = span.kind === kindClient ? hostOf(span) : undefined
    if (host !== undefined) return `http ${method} ${host}`
  }
  return String(span.name).slice(0, nameLengthMax)
}
