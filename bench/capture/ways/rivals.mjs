// What others use to time a call and keep it, each in its usual set-up.
//
// Where there is a choice it is made for the rival: instruments are made once, the exporter of
// OpenTelemetry takes spans and throws them away (a real one serialises and sends them), pino
// writes to /dev/null without waiting. What a rival does later, by timers, is done between bursts
// and not timed. `kept()` tells how many calls a rival has: a rival that lets some fall would be
// measured at something else.

import { openSync } from 'node:fs'
import os from 'node:os'
import { createHistogram, performance } from 'node:perf_hooks'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import pino from 'pino'
import prometheus from 'prom-client'
import { compile } from './compile.mjs'

const EXPORTED = { code: 0 }

/** Calls a function between `begin` and `finish`, in a wrapper as Kronicler's. */
function wrapBetween(arm, begin, finish) {
  const source = `(apply, begin, finish, add) => function wrapper(...args) {
    const begun = begin()
    let result
    try {
      result = apply(add, this, args)
    } catch (error) {
      finish(begun)
      throw error
    }
    finish(begun)
    return result
  }`
  const add = compile(arm, 'function add(a, b) { return a + b }')
  return compile(arm, source)(Reflect.apply, begin, finish, add)
}

const now = () => performance.now()
const nowExactly = () => process.hrtime.bigint()

/** The clock that counts in integers: the result is kept as one, so that nothing is converted. */
function hrtime(arm) {
  const elapsed = new BigInt64Array(1)
  const finish = (start) => {
    elapsed[0] = nowExactly() - start
  }
  return { call: wrapBetween(arm, nowExactly, finish) }
}

function makeHistogram(name) {
  const registers = [new prometheus.Registry()]
  const labelNames = ['function']
  const histogram = new prometheus.Histogram({ name, help: name, labelNames, registers })
  const kept = () => histogram.hashMap['function:add,'].count
  return { histogram, kept }
}

function promObserve(arm) {
  const { histogram, kept } = makeHistogram('observe')
  const finish = (start) => histogram.observe({ function: 'add' }, (now() - start) / 1_000)
  return { kept, call: wrapBetween(arm, now, finish) }
}

/** As above, but the labels are looked up once, which few programs do. */
function promChild(arm) {
  const { histogram, kept } = makeHistogram('child')
  const child = histogram.labels('add')
  const finish = (start) => child.observe((now() - start) / 1_000)
  return { kept, call: wrapBetween(arm, now, finish) }
}

function promTimer(arm) {
  const { histogram, kept } = makeHistogram('timer')
  const begin = () => histogram.startTimer({ function: 'add' })
  return { kept, call: wrapBetween(arm, begin, (end) => end()) }
}

function otelSpan(arm) {
  let count = 0
  const exporter = {
    export(spans, done) {
      count += spans.length
      done(EXPORTED)
    },
    shutdown: async () => {},
    forceFlush: async () => {},
  }
  const spanProcessors = [new BatchSpanProcessor(exporter)]
  const provider = new BasicTracerProvider({ spanProcessors })
  const tracer = provider.getTracer('bench')
  const begin = () => tracer.startSpan('add')
  return {
    kept: () => count,
    flush: () => provider.forceFlush(),
    call: wrapBetween(arm, begin, (span) => span.end()),
  }
}

function otelHistogram(arm) {
  let count = 0
  const exporter = {
    export({ scopeMetrics: [{ metrics: [metric] = [] } = {}] }, done) {
      count = metric?.dataPoints[0].value.count ?? count
      done(EXPORTED)
    },
    shutdown: async () => {},
    forceFlush: async () => {},
  }
  const readers = [new PeriodicExportingMetricReader({ exporter })]
  const provider = new MeterProvider({ readers })
  const histogram = provider.getMeter('bench').createHistogram('duration', { unit: 'ms' })
  const finish = (start) => histogram.record(now() - start, { function: 'add' })
  return {
    kept: () => count,
    flush: () => provider.forceFlush(),
    call: wrapBetween(arm, now, finish),
  }
}

function timerify(arm) {
  const histogram = createHistogram()
  const add = compile(arm, 'function add(a, b) { return a + b }')
  return { kept: () => histogram.count, call: performance.timerify(add, { histogram }) }
}

function pinoLine(arm) {
  const destination = pino.destination({ dest: openSync(os.devNull, 'a'), sync: false })
  const logger = pino(destination)
  const finish = (start) => logger.info({ function: 'add', ms: now() - start }, 'called')
  return { flush: () => destination.flushSync(), call: wrapBetween(arm, now, finish) }
}

const makers = {
  hrtime,
  promObserve,
  promChild,
  promTimer,
  otelSpan,
  otelHistogram,
  timerify,
  pinoLine,
}

/** Arms by name. */
export const rivalArms = Object.fromEntries(
  Object.entries(makers).map(([name, make]) => [name, (arm) => ({ twin: 'bare', ...make(arm) })]),
)
