// Time that importing the package takes, beyond that of an empty module.

import { runChild } from '../harness/child.mjs'
import { figure } from '../harness/figure.mjs'
import { median } from '../harness/median.mjs'

const script = new URL('import-process.mjs', import.meta.url)
const modules = { empty: new URL('empty.mjs', import.meta.url).href, kronicler: 'kronicler' }

async function time(module) {
  const { milliseconds } = await runChild(script, { module })
  return milliseconds
}

export async function measureImportTime({ isShort }) {
  const times = { empty: [], kronicler: [] }
  for (let run = 0; run < (isShort ? 5 : 15); run++) {
    for (const [name, module] of Object.entries(modules)) times[name].push(await time(module))
  }
  const empty = median(times.empty)
  const added = times.kronicler.map((milliseconds) => milliseconds - empty)
  return {
    figures: [
      figure('import of the package', 'ms', times.kronicler, { atMost: 15 }),
      figure('import of the package beyond an empty module', 'ms', added),
    ],
    raw: times,
  }
}
