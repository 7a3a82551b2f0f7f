// The ways of capturing, each beside a twin of the same shape that measures nothing.

import { capture, database } from 'kronicler'
import { wrapBareAsync, wrapClockAsync } from '../async-wrappers.mjs'
import { wrapBare, wrapClock } from '../wrappers.mjs'
import { compile } from './compile.mjs'

// Each with code of its own, so that no arm profits or suffers from what V8 learnt in another.
const add = (arm) => compile(arm, 'function add(a, b) { return a + b }')
const later = (arm) => compile(arm, 'async function later(a, b) { return a + b }')

function makeMethod(arm, wrap) {
  const Adder = compile(arm, 'class Adder { add(a, b) { return a + b } }')
  const { value, ...rest } = Object.getOwnPropertyDescriptor(Adder.prototype, 'add')
  Object.defineProperty(Adder.prototype, 'add', { ...rest, value: wrap(value) })
  return compile(arm, 'adder => (a, b) => adder.add(a, b)')(new Adder())
}

/** As compiled code calls a decorator of a method (TC39, stage 3). */
function decorate(method) {
  const access = { has: (target) => 'add' in target, get: (target) => target.add }
  const context = { kind: 'method', name: 'add', static: false, private: false, access }
  return capture(method, { ...context, metadata: {}, addInitializer() {} })
}

function makeGenerator(arm, wrap) {
  const generate = wrap(compile(arm, 'function* generate(a, b) { yield a + b }'))
  const source = `generate => (a, b) => {
    let sum = 0
    for (const value of generate(a, b)) sum += value
    return sum
  }`
  return compile(arm, source)(generate)
}

function makeSpan(arm, start) {
  const source = `(start, add) => (a, b) => {
    const span = start('span')
    const sum = add(a, b)
    span.end()
    return sum
  }`
  return compile(arm, source)(start, add(arm))
}

function makeRun(arm, run) {
  return compile(arm, "(run, add) => (a, b) => run('run', () => add(a, b))")(run, add(arm))
}

const noSpan = { end() {} }
const captured = { isCaptured: true, flush: () => database().flushSync() }

/** Arms by name. `twin`: the arm that does the same and measures nothing. */
export const ownArms = {
  bare: (arm) => ({ call: wrapBare(add(arm)) }),
  clock: (arm) => ({ twin: 'bare', call: wrapClock(add(arm)) }),
  wrapper: (arm) => ({ ...captured, twin: 'bare', call: capture('wrapper', add(arm)) }),
  bareMethod: (arm) => ({ call: makeMethod(arm, wrapBare) }),
  method: (arm) => ({ ...captured, twin: 'bareMethod', call: makeMethod(arm, decorate) }),
  bareGenerator: (arm) => ({ call: makeGenerator(arm, wrapBare) }),
  generator: (arm) => ({
    ...captured,
    twin: 'bareGenerator',
    call: makeGenerator(arm, (fn) => capture('generator', fn)),
  }),
  bareSpan: (arm) => ({ call: makeSpan(arm, () => noSpan) }),
  span: (arm) => ({ ...captured, twin: 'bareSpan', call: makeSpan(arm, capture.start) }),
  bareRun: (arm) => ({ call: makeRun(arm, (name, block) => block()) }),
  run: (arm) => ({ ...captured, twin: 'bareRun', call: makeRun(arm, capture.run) }),
  bareAsync: (arm) => ({ isAsync: true, call: wrapBareAsync(later(arm)) }),
  clockAsync: (arm) => ({ isAsync: true, twin: 'bareAsync', call: wrapClockAsync(later(arm)) }),
  async: (arm) => ({
    ...captured,
    isAsync: true,
    twin: 'bareAsync',
    call: capture('async', later(arm)),
  }),
  context: (arm) => ({
    ...captured,
    twin: 'bare',
    call: capture('context', add(arm), { context: true }),
  }),
  contextAsync: (arm) => ({
    ...captured,
    isAsync: true,
    twin: 'bareAsync',
    call: capture('contextAsync', later(arm), { context: true }),
  }),
}
