/** A million rows, each of them compared. */

import test from 'ava'
import type { Row } from 'kronicler'

import { checkIdentity, openDatabase } from './harness.js'

const count = 1_000_000
const names = ['alpha', 'beta', 'gamma', 'delta', 'epsilon']

/** A number below 2^30 that looks random and is the same for the same row. */
function mixed(row: number): number {
  let state = Math.imul(row + 1, 0x9e3779b1)
  state ^= state >>> 15
  state = Math.imul(state, 0x85ebca77)
  state ^= state >>> 13
  return state >>> 2
}

function startOf(row: number): number {
  return 1e15 + row * 1_001
}

/** The first row that is not as it was captured. */
function firstWrong(rows: readonly Row[]): string | undefined {
  for (const [id, row] of rows.entries()) {
    const [start, duration] = [startOf(id), mixed(id)]
    const isRight =
      row.id === id &&
      row.name === names[id % names.length] &&
      row.duration === duration &&
      row.start === BigInt(start) &&
      row.end === BigInt(start + duration) &&
      row.kind === 'manual' &&
      row.outcome === 'ok' &&
      row.source === ''
    if (!isRight) return `row ${id}: ${row}`
  }
  return undefined
}

test('a million rows are what was captured, as rows and as columns', async (t) => {
  // Promise: fetchAll, fetchAllSync, columns and logs give each row exactly once and unchanged.
  const db = openDatabase(t)
  for (let row = 0; row < count; row++) {
    const start = startOf(row)
    db.capture(names[row % names.length] ?? '', [], start, start + mixed(row))
  }
  checkIdentity(t, db.health())
  const rows = await db.fetchAll()
  t.is(rows.length, count)
  t.is(firstWrong(rows), undefined)
  t.is(firstWrong(db.fetchAllSync()), undefined)
  let id = 0
  for await (const { columns, names: used, length } of db.rows()) {
    for (let i = 0; i < length; i++, id++) {
      const isRight =
        columns.id[i] === id &&
        Number(columns.duration[i]) === mixed(id) &&
        Number(columns.end[i]) === startOf(id) + mixed(id) &&
        used[columns.name[i] ?? -1] === names[id % names.length]
      if (!isRight) t.fail(`columns of row ${id}`)
    }
  }
  t.is(id, count)
  const logs = await db.logs({ limit: count })
  t.is(logs.length, count)
  // They are in the order of their ends, not of their ids.
  const seen = new Uint8Array(count)
  for (const [row, name, start, duration] of logs) {
    seen[row] = 1
    const isRight =
      name === names[row % names.length] && start === startOf(row) && duration === mixed(row)
    if (!isRight) t.fail(`logs of row ${row}`)
  }
  t.false(seen.includes(0))
})
