// The store against SQLite, DuckDB, Parquet and ClickHouse: size and loading.

import { figure } from '../harness/figure.mjs'
import { barsOf } from '../harness/plot.mjs'
import { findRivals } from '../rivals/rivals.mjs'
import { buildEngine } from './engine.mjs'
import {
  measurePipeline,
  measureRate,
  measureReference,
  measureSegments,
  measureVariant,
} from './parts.mjs'
import { rows } from './rows.mjs'

const full = { rounds: 3, rows: 10_000_000, repeat: 5, memory: 4_000, rateSeconds: 30 }
const short = { rounds: 2, rows: 200_000, repeat: 2, memory: 1_000, rateSeconds: 2 }

/** No lossless code can be smaller; compared with like a rival. */
const entropy = { name: 'entropy', title: 'entropy' }

async function alone(measuring) {
  return { kronicler: await measuring }
}

/** Runs all parts in turn, round after round: for each part the measures of each round, by arm. */
async function measureAll(engine, rivals, sizes) {
  const parts = {
    reference: (round) => measureReference(engine, rivals, round, sizes),
    functions: () => alone(measureVariant(engine, sizes, '--functions', 2_000)),
    threads: () => alone(measureVariant(engine, sizes, '--threads', 4)),
    random: () => alone(measureVariant(engine, sizes, '--random')),
    pipeline: () => alone(measurePipeline(engine, sizes)),
    segments: () => alone(measureSegments(engine, sizes)),
    rate: () => alone(measureRate(sizes)),
  }
  const measured = Object.fromEntries(Object.keys(parts).map((name) => [name, []]))
  for (let round = 0; round < sizes.rounds; round++) {
    for (const [name, measure] of Object.entries(parts)) measured[name].push(await measure(round))
  }
  return measured
}

/** A rival's measure, and what ours is of it in the same round. */
function compare(rounds, { measure, label }, rival, { name, title }) {
  const both = rounds.filter((round) => round[name]?.[rival.measure] !== undefined)
  if (both.length === 0) return []
  const { unit } = both[0][name][rival.measure]
  const theirs = both.map((round) => round[name][rival.measure].value)
  const ratios = both.map((round, index) => round.kronicler[measure].value / theirs[index])
  return [
    { ...figure(`${label}: ${title}${rival.remark}`, unit, theirs), isOther: true },
    figure(`${label}: Kronicler, of ${title}${rival.remark}`, 'x', ratios),
  ]
}

/** Ours, then each rival's. Nothing where the system does not tell. */
function figuresOf(row, measured, rivals) {
  const { part, measure, label, goal } = row
  const rounds = measured[part].filter(({ kronicler }) => kronicler[measure] !== undefined)
  if (rounds.length === 0) return []
  const { unit } = rounds[0].kronicler[measure]
  const ours = figure(label, unit, rounds.map(({ kronicler }) => kronicler[measure].value), goal)
  const wanted = Object.entries(row.rivals ?? {})
  const compared = wanted.flatMap(([theirs, remark]) =>
    rivals.flatMap((rival) => compare(rounds, row, { measure: theirs, remark }, rival)))
  return [ours, ...compared]
}

function plotOf(label, name, figures, isLog) {
  const bars = figures.filter((one) => one.label.startsWith(label) && one.unit !== 'x')
  return { name, title: `Store: ${label}`, axis: bars[0].unit, bars: barsOf(bars), isLog }
}

export async function run({ isShort, say }) {
  const sizes = isShort ? short : full
  const { rivals, remarks } = await findRivals()
  const measured = await measureAll(buildEngine(), rivals, sizes)
  const figures = rows.flatMap((row) => figuresOf(row, measured, [entropy, ...rivals]))
  for (const one of figures) say(one)
  return {
    title: `The store, ${sizes.rows.toLocaleString('en')} rows`,
    clock: measured.rate[0].kronicler.clock,
    rivals: Object.fromEntries(rivals.map(({ title, version }) => [title, version])),
    figures,
    remarks,
    plots: [
      plotOf('size', 'size', figures, false),
      plotOf('append, seal, join and sync', 'load', figures, false),
    ],
    raw: measured,
  }
}
