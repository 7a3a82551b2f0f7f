// The parts of a run: what is stored in each, for measures by name.

import { existsSync } from 'node:fs'
import path from 'node:path'
import { runChild } from '../harness/child.mjs'
import { withDirectory } from '../harness/directory.mjs'
import { median } from '../harness/median.mjs'
import { loadRival } from '../rivals/rivals.mjs'

const rateProcess = new URL('rate-process.mjs', import.meta.url)

function measureOf(unit, values) {
  return { unit, values, value: median(values) }
}

/** Kronicler and its rivals on the same rows, in another order each time: measures by arm. */
export function measureReference(engine, rivals, round, sizes) {
  return withDirectory(async (dir) => {
    const columns = path.join(dir, 'columns')
    await engine('generate', columns, '--rows', sizes.rows)
    const measure = (arm) => arm.name === 'kronicler'
      ? engine('ingest', path.join(dir, 'kronicler'), '--rows', sizes.rows)
      : loadRival(arm, { ...sizes, columns, dir: path.join(dir, arm.name) })
    const ours = { name: 'kronicler' }
    const due = rivals.filter(({ roundsMax = Infinity }) => round < roundsMax)
    const arms = round % 2 === 0 ? [ours, ...due] : [...due, ours]
    const { entropy } = await engine('entropy', '--rows', sizes.rows)
    const measured = { entropy: { size: entropy } }
    for (const arm of arms) measured[arm.name] = await measure(arm)
    return measured
  })
}

/** Kronicler alone on other rows: only stored. */
export function measureVariant(engine, { rows }, ...dataset) {
  const store = (dir) => engine('ingest', path.join(dir, 'kronicler'), '--rows', rows, ...dataset)
  return withDirectory(store)
}

/** Kronicler alone, with all its threads: from a ring to segments. */
export function measurePipeline(engine, { rows }) {
  return withDirectory((dir) => engine('pipeline', path.join(dir, 'kronicler'), '--rows', rows))
}

/** Kronicler alone on many small segments. */
export function measureSegments(engine, { repeat }) {
  const open = (dir) => engine('segments', path.join(dir, 'kronicler'), '--repeat', repeat)
  return withDirectory(open)
}

/** A Node process that captures at a steady rate. */
export async function measureRate({ rateSeconds: seconds }) {
  const settings = { rate: 100_000, seconds }
  const measure = (dir) => runChild(rateProcess, { ...settings, dir })
  const { cpuPercent, writtenPerRow, clock } = await withDirectory(measure)
  if (!existsSync('/proc/self/schedstat')) return { clock }
  return {
    clock,
    CPU: measureOf('% of a core', [cpuPercent]),
    written: measureOf('bytes a row', [writtenPerRow]),
  }
}
