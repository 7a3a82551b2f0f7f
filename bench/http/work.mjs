// What a request does: 100 calls of 20 functions, of the kind that services are full of.

import vm from 'node:vm'

const FUNCTION_COUNT = 20
const CALL_COUNT = 100

function makeSource(n) {
  return `function step${n}(order, at) {
    const price = order.prices[at & 15] * ${n + 3}
    order.total = (order.total + price + order.name.length) % 100000
    return price > 500 ? order : undefined
  }`
}

/** A function that does the work of a request, its steps wrapped by `wrap`. */
export function makeWork(wrap) {
  const sources = Array.from({ length: FUNCTION_COUNT }, (_, index) => makeSource(index))
  const steps = vm.runInThisContext(`[${sources.join(',\n')}]`).map((step) => wrap(step))
  return function work(name) {
    const prices = [9, 5, 7, 1, 2, 8, 4, 6, 3, 9, 5, 7, 1, 2, 8, 4]
    const order = { name, total: 0, kept: 0, prices }
    for (let call = 0; call < CALL_COUNT; call++) {
      if (steps[call % FUNCTION_COUNT](order, call) !== undefined) order.kept += 1
    }
    return order
  }
}

export { CALL_COUNT as callsPerRequest }
