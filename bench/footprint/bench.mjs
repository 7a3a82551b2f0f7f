// What Kronicler takes besides the time of a call: bytes, memory, start-up, wake-ups.

import { barsOf } from '../harness/plot.mjs'
import { repeatWhileInvalid } from '../harness/repeat.mjs'
import { measureAddonSize } from './addon-size.mjs'
import { measureIdle } from './idle.mjs'
import { measureImportTime } from './import-time.mjs'
import { measureMemory } from './memory.mjs'
import { measureRegisterTime } from './register-time.mjs'

const parts = {
  addonSize: measureAddonSize,
  importTime: measureImportTime,
  registerTime: measureRegisterTime,
  memory: measureMemory,
  idle: measureIdle,
}

/** As shares of the goal: the figures have different units. */
function shareOfGoal({ label, unit, value, min, max, goal: { atMost } }) {
  const share = (number) => (100 * number) / atMost
  const shares = { value: share(value), min: share(min), max: share(max) }
  return { label: `${label} (${atMost} ${unit})`, ...shares }
}

export async function run(options) {
  const results = {}
  const remarks = []
  for (const [name, measure] of Object.entries(parts)) {
    const valid = await repeatWhileInvalid(name, () => measure(options))
    results[name] = valid.result
    remarks.push(...valid.remarks, ...(valid.result.remarks ?? []))
    for (const figure of results[name].figures) options.say(figure)
  }
  const all = Object.values(results)
  const figures = all.flatMap((one) => one.figures)
  const plotted = figures.filter(({ goal }) => goal?.atMost > 0)
  const bars = barsOf(plotted.map(shareOfGoal)).map((bar) => Object.assign(bar, { goal: 100 }))
  return {
    title: 'Footprint',
    clock: results.memory.clock,
    figures,
    remarks,
    plots: [{ title: 'Footprint', axis: 'percent of what is allowed', bars }],
    raw: Object.fromEntries(Object.entries(results).map(([name, { raw }]) => [name, raw])),
  }
}
