// Lines of JSON that measuring programs print, each with `name`, `unit` and `values`.

import { median } from './median.mjs'

/** Measures by name: the unit, all values, and their median. */
export function measuresOf(output) {
  const lines = output.split('\n').filter((line) => line !== '')
  const entries = lines.map((line) => {
    const { name, unit, values } = JSON.parse(line)
    return [name, { unit, values, value: median(values) }]
  })
  return Object.fromEntries(entries)
}
