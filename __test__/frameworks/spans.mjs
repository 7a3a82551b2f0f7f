// A program with OpenTelemetry's SDK and its instrumentation of http. Its argument says what it is
// about; it ends by itself.

import { createRequire } from 'node:module'

import { database } from 'kronicler'
import { KroniclerSpanProcessor } from 'kronicler/otel'

const folder = new URL('../../../__test__/frameworks/package.json', import.meta.url)
const require = createRequire(folder)
const { SpanStatusCode, trace } = require('@opentelemetry/api')
const { registerInstrumentations } = require('@opentelemetry/instrumentation')
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')

const processor = new KroniclerSpanProcessor()
const provider = new NodeTracerProvider({ spanProcessors: [processor] })
provider.register()
registerInstrumentations({ instrumentations: [new HttpInstrumentation()] })
const tracer = trace.getTracer('test')

async function requests() {
  const { createServer, get } = require('node:http')
  const server = createServer((request, response) => {
    if (request.url !== '/') trace.getActiveSpan().setAttribute('http.route', '/users/:id')
    response.statusCode = request.url === '/users/2' ? 503 : 200
    response.end('answer')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  for (const path of ['/users/1', '/users/2', '/']) {
    await new Promise((resolve) => {
      get({ host: '127.0.0.1', port, path }, (answer) => answer.resume().on('end', resolve))
    })
  }
  server.closeAllConnections()
  server.close()
}

/** Times are given: whole milliseconds are exact in the numbers that spans take. */
async function spans() {
  const span = tracer.startSpan('work', { startTime: 1_700_000_000_000 })
  span.end(1_700_000_000_250)
  const failed = tracer.startSpan('broken', { startTime: 1_700_000_000_000 })
  failed.setStatus({ code: SpanStatusCode.ERROR })
  failed.end(1_700_000_001_000)
  await provider.forceFlush()
  await provider.shutdown()
  processor.onEnd(span)
}

/** More names than are kept, and more spans than a ring holds. */
async function many() {
  for (let n = 0; n < 3_000; n += 1) tracer.startSpan(`job ${n}`).end()
  for (let n = 0; n < 200_000; n += 1) tracer.startSpan('again').end()
}

function spanOf(name, startTime, endTime) {
  return { name, startTime, endTime, kind: 0, status: { code: 0 }, attributes: {} }
}

/** What no SDK hands over. */
async function strange() {
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const wrong = [NaN, -1, 1e30, 'now', undefined]
  const times = wrong.map((time) => spanOf('strange', [time, 0], [1, time]))
  const named = spanOf(Symbol('name'), [1, 5], [1, 2])
  for (const span of [undefined, null, {}, revoked.proxy, named, ...times]) processor.onEnd(span)
}

const parts = { requests, spans, many, strange }
await parts[process.argv[2]]()
await database().flush()
console.log(JSON.stringify(database().health()))
