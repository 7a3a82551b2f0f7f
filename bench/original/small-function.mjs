// The original's small function: a loop of four additions.

import vm from 'node:vm'

const source = `function small() {
  let value = 9
  for (let step = 0; step < 4; step++) value = value + value + step
  return value
}`

/** One for each arm, with code of its own, so that arms do not share what V8 learns. */
export function compileSmall(arm) {
  return vm.runInThisContext(`/* ${arm} */ (${source})`)
}
