// Draws bars with whiskers and goals as an SVG that needs nothing but itself.

import { digits } from './figure.mjs'

const WIDTH = 900
const LABEL_WIDTH = 330
const ROW_HEIGHT = 26
const TOP = 64
const BOTTOM = 56
const RIGHT = 84
const PLOT_WIDTH = WIDTH - LABEL_WIDTH - RIGHT

function escapeText(content) {
  return content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function text(x, y, content, attributes = '') {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escapeText(content)}</text>`
}

function line(x1, y1, x2, y2, attributes) {
  const [a, b, c, d] = [x1, y1, x2, y2].map((value) => value.toFixed(1))
  return `<line x1="${a}" y1="${b}" x2="${c}" y2="${d}" ${attributes}/>`
}

/** Steps of 1, 2 or 5 times a power of ten, about six of them. */
function linearTicks(max) {
  const raw = max / 6
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw)
  const count = Math.ceil(max / step - 1e-9)
  return Array.from({ length: count + 1 }, (_, index) => index * step)
}

function powersOfTen(min, max) {
  const first = Math.floor(Math.log10(min))
  const last = Math.max(first + 1, Math.ceil(Math.log10(max)))
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
}

/** Ticks, and the place of a value on the axis. */
function axisOf(bars, isLog) {
  const values = bars.flatMap(({ value, max, goal }) => [value, max ?? value, goal ?? value])
  const highest = Math.max(...values, Number.MIN_VALUE)
  if (!isLog) {
    const ticks = linearTicks(highest)
    const end = ticks.at(-1)
    return { ticks, place: (value) => LABEL_WIDTH + (Math.max(value, 0) / end) * PLOT_WIDTH }
  }
  const positive = bars.flatMap(({ value, min }) => [value, min ?? value]).filter((n) => n > 0)
  const ticks = powersOfTen(Math.min(...positive), highest)
  const [low, high] = [Math.log10(ticks[0]), Math.log10(ticks.at(-1))]
  const share = (value) => (Math.log10(Math.max(value, ticks[0])) - low) / (high - low)
  return { ticks, place: (value) => LABEL_WIDTH + share(value) * PLOT_WIDTH }
}

function drawBar({ label, value, min, max, goal }, y, place) {
  const middle = y + ROW_HEIGHT / 2
  const [start, end] = [LABEL_WIDTH, place(value)]
  const parts = [
    text(LABEL_WIDTH - 8, middle + 4, label, 'text-anchor="end"'),
    `<rect x="${start}" y="${y + 5}" width="${Math.max(end - start, 1).toFixed(1)}"`
      + ` height="${ROW_HEIGHT - 10}" fill="#4878a8"/>`,
  ]
  if (max > min) parts.push(line(place(min), middle, place(max), middle, 'stroke="#1c3450"'))
  const goalPlace = goal === undefined ? 0 : place(goal)
  if (goal !== undefined) {
    const red = 'stroke="#c03028" stroke-width="2"'
    parts.push(line(goalPlace, y + 1, goalPlace, y + ROW_HEIGHT - 1, red))
  }
  const after = Math.max(end, max > min ? place(max) : 0, goalPlace) + 6
  return [...parts, text(after, middle + 4, digits(value), 'font-weight="bold"')].join('\n')
}

function drawAxis({ ticks, place }, bottom, axisLabel) {
  const parts = ticks.flatMap((tick) => [
    line(place(tick), TOP - 4, place(tick), bottom, 'stroke="#dddddd"'),
    text(place(tick), bottom + 16, digits(tick), 'text-anchor="middle" fill="#555555"'),
  ])
  const middle = LABEL_WIDTH + PLOT_WIDTH / 2
  return [...parts, text(middle, bottom + 38, axisLabel, 'text-anchor="middle"')].join('\n')
}

/**
 * Horizontal bars. A bar has `label` and `value`, perhaps `min` and `max` (drawn as a line) and
 * `goal` (a red mark). `axis` names what is shown, with its unit.
 */
export function plotBars({ title, note, axis, bars, isLog = false }) {
  const scale = axisOf(bars, isLog)
  const bottom = TOP + bars.length * ROW_HEIGHT
  const hasGoal = bars.some(({ goal }) => goal !== undefined)
  const axisLabel = [axis, isLog && 'logarithmic', hasGoal && 'goals in red'].filter(Boolean)
  const height = bottom + BOTTOM
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}"`
      + ` viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    text(16, 24, title, 'font-size="16" font-weight="bold"'),
    text(16, 44, note, 'fill="#555555"'),
    drawAxis(scale, bottom, axisLabel.join(', ')),
    ...bars.map((bar, index) => drawBar(bar, TOP + index * ROW_HEIGHT, scale.place)),
    line(LABEL_WIDTH, TOP - 4, LABEL_WIDTH, bottom, 'stroke="#333333"'),
    '</svg>\n',
  ].join('\n')
}

/** Bars from figures. */
export function barsOf(figures) {
  return figures.map(({ goal, ...bar }) => ({ ...bar, goal: goal?.atMost ?? goal?.atLeast }))
}
