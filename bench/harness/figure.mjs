// Figures: a median with its spread, its unit, and the goal it is held against.

import { median } from './median.mjs'

/** `goal` is `{ atMost }`, `{ atLeast }` or missing; `values` are those of the single runs. */
export function figure(label, unit, values, goal) {
  const value = median(values)
  const figureOf = {
    label,
    unit,
    value,
    min: Math.min(...values),
    max: Math.max(...values),
    runs: values.length,
  }
  return goal === undefined ? figureOf : { ...figureOf, goal, isMet: isMet(value, goal) }
}

function isMet(value, { atMost = Infinity, atLeast = -Infinity }) {
  return value <= atMost && value >= atLeast
}

/** A number with about three digits that count. */
export function digits(value) {
  if (value === 0 || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return Number(value.toPrecision(3)).toString()
}

export function goalText({ atMost, atLeast }) {
  return atMost === undefined ? `at least ${digits(atLeast)}` : `at most ${digits(atMost)}`
}

/** One line for people. */
export function lineOf({ label, unit, value, min, max, runs, goal, isMet: met }) {
  const range = runs > 1 ? ` (${digits(min)} to ${digits(max)}, ${runs} runs)` : ''
  const verdict = goal === undefined ? '' : `  ${met ? 'ok' : 'MISSED'}: ${goalText(goal)}`
  return `  ${label.padEnd(58)} ${`${digits(value)} ${unit}`.padStart(14)}${range}${verdict}`
}
