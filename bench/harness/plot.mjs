// Draws bars with whiskers and goals as an SVG that needs nothing but itself, for light and dark.

import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { digits } from './figure.mjs'

const WIDTH = 900
const LABEL_WIDTH = 330
const ROW_HEIGHT = 26
const TOP = 64
const BOTTOM = 56
const RIGHT = 84
const VALUE_WIDTH = 60
const PLOT_WIDTH = WIDTH - LABEL_WIDTH - RIGHT

const STYLE = `<style>
text { fill: #1f2328 } .back { fill: #ffffff } .soft { fill: #59636e } .grid { stroke: #d9dee3 }
.bar { fill: #2f6fb3 } .other { fill: #98a2ad } .range { stroke: #1f2328 } .goal { stroke: #c4332b }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .back { fill: #0d1117 } .soft { fill: #9aa4af } .grid { stroke: #2b323b }
.bar { fill: #4c93dd } .other { fill: #66707b } .range { stroke: #e6edf3 } .goal { stroke: #f2685f }
}
</style>`

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

function drawBar({ label, value, min, max, goal, isOther }, y, place) {
  const middle = y + ROW_HEIGHT / 2
  const [start, end] = [LABEL_WIDTH, place(value)]
  const parts = [
    line(LABEL_WIDTH, y, LABEL_WIDTH, y + ROW_HEIGHT, 'class="range"'),
    text(LABEL_WIDTH - 8, middle + 4, label, 'text-anchor="end"'),
    `<rect x="${start}" y="${y + 5}" width="${Math.max(end - start, 1).toFixed(1)}"`
      + ` height="${ROW_HEIGHT - 10}" class="${isOther ? 'other' : 'bar'}"/>`,
  ]
  if (max > min) parts.push(line(place(min), middle, place(max), middle, 'class="range"'))
  const goalPlace = goal === undefined ? 0 : place(goal)
  if (goal !== undefined) {
    const mark = 'class="goal" stroke-width="2"'
    parts.push(line(goalPlace, y + 1, goalPlace, y + ROW_HEIGHT - 1, mark))
  }
  const behind = Math.max(end, max > min ? place(max) : 0)
  // Behind the goal only if there is no room before it.
  const isNear = goalPlace > behind - 6 && goalPlace < behind + VALUE_WIDTH
  const after = (isNear ? goalPlace : behind) + 6
  return [...parts, text(after, middle + 4, digits(value), 'font-weight="bold"')]
}

/** A row for each bar, and one before the bars of each group for its name. */
function drawRows(bars, place) {
  const parts = []
  let [y, group] = [TOP, undefined]
  for (const bar of bars) {
    if (bar.group !== group) {
      group = bar.group
      parts.push(text(16, y + ROW_HEIGHT - 8, group, 'font-weight="bold"'))
      y += ROW_HEIGHT
    }
    parts.push(...drawBar(bar, y, place))
    y += ROW_HEIGHT
  }
  return { parts, bottom: y }
}

function drawAxis({ ticks, place }, bottom, axisLabel) {
  const parts = ticks.flatMap((tick) => [
    line(place(tick), TOP - 4, place(tick), bottom, 'class="grid"'),
    text(place(tick), bottom + 16, digits(tick), 'text-anchor="middle" class="soft"'),
  ])
  const middle = LABEL_WIDTH + PLOT_WIDTH / 2
  return [...parts, text(middle, bottom + 38, axisLabel, 'text-anchor="middle"')]
}

/**
 * Horizontal bars. A bar has `label` and `value`, perhaps `min` and `max` (drawn as a line), `goal`
 * (a red mark), `group` (bars of one stand together), `isOther` (not ours). `axis` names what is
 * shown, with its unit.
 */
export function plotBars({ title, note, axis, bars, isLog = false }) {
  const scale = axisOf(bars, isLog)
  const { parts, bottom } = drawRows(bars, scale.place)
  const hasGoal = bars.some(({ goal }) => goal !== undefined)
  const axisLabel = [axis, isLog && 'logarithmic', hasGoal && 'goals in red'].filter(Boolean)
  const height = bottom + BOTTOM
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}"`
      + ` viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    STYLE,
    '<rect width="100%" height="100%" class="back"/>',
    text(16, 24, title, 'font-size="16" font-weight="bold"'),
    text(16, 44, note, 'class="soft"'),
    ...drawAxis(scale, bottom, axisLabel.join(', ')),
    ...parts,
    '</svg>\n',
  ].join('\n')
}

/** Bars from figures. */
export function barsOf(figures) {
  return figures.map(({ goal, ...bar }) => ({ ...bar, goal: goal?.atMost ?? goal?.atLeast }))
}

/** Writes the plots of a bench into a folder; returns their files and titles. */
export function writePlots(folder, bench, plots) {
  return plots.map(({ name, ...plot }) => {
    const file = `${[bench, name].filter(Boolean).join('-')}.svg`
    writeFileSync(path.join(folder, file), plotBars(plot))
    return { file, title: plot.title }
  })
}
