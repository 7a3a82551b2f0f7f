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

/** Throws unless both say the same of the same rows; quantiles may be one rank apart. */
export function checkAnswers(title, found, expected) {
  const isNear = (value, index) => Math.abs(value / expected.values[index] - 1) < 1e-2
  if (found.values[0] === expected.values[0] && found.values.every(isNear)) return
  throw new Error(`${title} answers ${found.values.join()}, Kronicler ${expected.values.join()}`)
}
