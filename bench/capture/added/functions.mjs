// The functions that are captured: tiny, so that what is measured is what is around them.
//
// They are compiled from text, each with code of its own, because closures of one function share
// what V8 learns about them and a program's functions do not.

import vm from 'node:vm'

const FUNCTION_COUNT = 100

function compile(sources) {
  return vm.runInThisContext(`[${sources.join(',\n')}]`)
}

function many(makeSource) {
  return compile(Array.from({ length: FUNCTION_COUNT }, (_, index) => makeSource(index)))
}

/** Sets of functions by the name of what they measure. */
export const functionSets = {
  one: () => compile(['function add(a, b) { return a + b }']),
  hundred: () => many((n) => `function work${n}(a, b) { return a * ${n + 1} + b }`),
  shapes: () =>
    many((n) => `function make${n}(a, b) { return { id${n}: a, total${n}: a * ${n + 1} + b } }`),
  async: () => compile(['async function later(a, b) { return a + b }']),
}

// Each loop calls all functions in turn and keeps what they return, so that nothing is optimised
// away. A loop is compiled for each arm: shared, it would call three kinds of wrappers.
const loops = {
  one: `(function (functions, count) {
    const [fn] = functions
    let sum = 0
    for (let i = 0; i < count; i++) sum += fn(i & 1023, 3)
    return sum
  })`,
  hundred: `(function (functions, count) {
    let sum = 0
    for (let i = 0, next = 0; i < count; i++) {
      sum += functions[next](i & 1023, 3)
      if (++next === functions.length) next = 0
    }
    return sum
  })`,
  shapes: `(function (functions, count) {
    const kept = [{}, {}, {}, {}, {}, {}, {}, {}]
    for (let i = 0, next = 0; i < count; i++) {
      kept[i & 7] = functions[next](i & 1023, 3)
      if (++next === functions.length) next = 0
    }
    return kept
  })`,
  async: `(async function (functions, count) {
    const [fn] = functions
    let sum = 0
    for (let i = 0; i < count; i++) sum += await fn(i & 1023, 3)
    return sum
  })`,
}

/** A loop over functions of a set, with code of its own. */
export function compileLoop(set, arm) {
  return vm.runInThisContext(`/* ${arm} */ ${loops[set]}`)
}
