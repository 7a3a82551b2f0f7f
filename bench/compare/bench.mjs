// How often `kr compare` is wrong: simulated pairs, with the promises that it is held against.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { figure } from '../harness/figure.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Of 1,000 pairs of independent calls. */
const ALARMS_MAX = 64
const FOUND_MIN = 950

function cellsOf(line) {
  return line.split('|').slice(1, -1).map((cell) => cell.trim())
}

/** The simulation's table, row by row. It ends with 1 where a promise is not kept. */
function simulate(pairs) {
  const example = ['run', '--release', '--package', 'kronicler-compare', '--example']
  const args = [...example, 'false_alarms', '--', String(pairs)]
  const options = { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' }
  const { status, stdout } = spawnSync('cargo', args, options)
  const lines = stdout.split('\n').filter((line) => line.startsWith('| '))
  if (status > 1 || lines.length < 2) throw new Error(`the simulation ended with ${status}`)
  const [head, ...rows] = lines.map(cellsOf)
  return rows.map((row) => Object.fromEntries(row.map((cell, index) => [head[index], cell])))
}

/** What counts is how often a slower side is found, and otherwise every difference. */
function figureOf(row, pairs) {
  const load = row.load.replace(' **', '')
  const calls = Number(row['calls a side']).toLocaleString('en')
  const label = `${load}, ${calls} calls, spread ${row.spread}`
  const isSlower = load.includes('% slower')
  const found = Number(isSlower ? row.regressions : row['small ones, too'])
  const goal = isSlower
    ? { atLeast: (FOUND_MIN * pairs) / 1_000 }
    : { atMost: (ALARMS_MAX * pairs) / 1_000 }
  const part = isSlower ? 'Regressions that are found' : 'Alarms where nothing differs'
  const held = load.startsWith('independent') ? goal : undefined
  return { ...figure(label, `of ${pairs.toLocaleString('en')}`, [found], held), part }
}

export function run({ isShort, say }) {
  const pairs = isShort ? 50 : 1_000
  const figures = simulate(pairs).map((row) => figureOf(row, pairs))
  for (const one of figures) say(one)
  return {
    title: `Comparisons, ${pairs.toLocaleString('en')} simulated pairs each`,
    clock: 'none',
    figures,
    remarks: [],
    plots: [],
  }
}
