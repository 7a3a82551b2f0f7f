// What measures the requests of a server, each as its documentation tells one to.

'use strict'

async function healthOfKronicler() {
  const { database } = require('kronicler')
  await database().flush()
  return database().health()
}

function byMiddleware() {
  return {
    express: (app) => app.use(require('kronicler/express').kronicler()),
    fastify: (app) => app.register(require('kronicler/fastify').kronicler),
    health: healthOfKronicler,
  }
}

/** What any measurement costs at least: the clock is read when a request comes and when it goes. */
function byClock() {
  let sum = 0
  const began = Symbol('began')
  return {
    express: (app) =>
      app.use((_, response, next) => {
        const start = performance.now()
        response.once('finish', () => (sum += performance.now() - start))
        next()
      }),
    fastify: (app) => {
      app.addHook('onRequest', (request, _, done) => {
        request[began] = performance.now()
        done()
      })
      app.addHook('onResponse', (request, _, done) => {
        sum += performance.now() - request[began]
        done()
      })
    },
  }
}

function byPromClient() {
  const { Histogram, collectDefaultMetrics } = require('prom-client')
  collectDefaultMetrics()
  const histogram = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Duration of HTTP requests in seconds',
    labelNames: ['method', 'route', 'code'],
  })
  return {
    express: (app) =>
      app.use((request, response, next) => {
        const end = histogram.startTimer()
        response.once('finish', () => {
          const route = request.route?.path ?? ''
          end({ method: request.method, route, code: response.statusCode })
        })
        next()
      }),
    fastify: (app) => {
      app.addHook('onRequest', (request, _, done) => {
        request.endTimer = histogram.startTimer()
        done()
      })
      app.addHook('onResponse', (request, reply, done) => {
        const route = request.routeOptions.url
        request.endTimer({ method: request.method, route, code: reply.statusCode })
        done()
      })
    },
  }
}

/** Spans of the server and of the framework, in batches, to an exporter that throws them away. */
function byOpenTelemetry() {
  const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node')
  const { BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base')
  const { registerInstrumentations } = require('@opentelemetry/instrumentation')
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
  const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express')
  const { FastifyOtelInstrumentation } = require('@fastify/otel')
  const exporter = {
    export: (_, done) => done({ code: 0 }),
    shutdown: async () => {},
  }
  const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] })
  provider.register()
  const ofFastify = new FastifyOtelInstrumentation()
  registerInstrumentations({
    instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation(), ofFastify],
  })
  return { fastify: (app) => app.register(ofFastify.plugin()) }
}

module.exports = {
  watchers: {
    bare: () => ({}),
    clock: byClock,
    kronicler: byMiddleware,
    register: () => ({ health: healthOfKronicler }),
    promClient: byPromClient,
    openTelemetry: byOpenTelemetry,
  },
}
