// Code that is compiled anew for each arm: shared code would carry the feedback of all of them.

import vm from 'node:vm'

export function compile(arm, source) {
  return vm.runInThisContext(`/* ${arm} */ (${source})`)
}

const loops = {
  sync: `(call, count) => {
    let sum = 0
    for (let i = 0; i < count; i++) sum += call(i & 1023, 3)
    return sum
  }`,
  async: `async (call, count) => {
    let sum = 0
    for (let i = 0; i < count; i++) sum += await call(i & 1023, 3)
    return sum
  }`,
}

/** A loop that keeps what the calls return, so that nothing is optimised away. */
export function compileLoop(arm, isAsync) {
  return compile(arm, isAsync ? loops.async : loops.sync)
}
