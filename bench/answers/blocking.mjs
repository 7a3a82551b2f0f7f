// How long questions keep the event loop: the longest stretch of each, the first time a process
// asks and afterwards.

import { fileURLToPath } from 'node:url'
import { figure, lineOf } from '../harness/figure.mjs'
import { runChild } from '../harness/child.mjs'

const script = new URL('blocking-process.mjs', import.meta.url)

/** Nothing but the twins that say so in their name may keep the loop for longer. */
const GOAL = { atMost: 2 }

/** What is asked, by the names that `blocking-process.mjs` knows. */
const questions = [
  'average(name)', 'has(name)', 'functionNames()', 'stats(name)', 'stats()', 'fetch(id)',
  'health()', 'query({ since })', 'outliers()', 'slowest()', 'percentiles(name)', 'heatmap(name)',
  'why(id)', 'logs()',
]

/** How the process came to its database. */
const ways = [
  { way: 'open', title: 'a process that opened it' },
  { way: 'capture', title: 'a process that captures into it' },
]

/** Everything by question, way and time, with the values of all rounds. */
async function measureAll({ dir, rows, rounds, repeat }) {
  const measured = new Map()
  for (let round = 0; round < rounds; round++) {
    for (const question of questions) {
      for (const { way, title } of ways) {
        const settings = { dir, rows, repeat, question, way }
        for (const [time, value] of Object.entries(await runChild(script, settings))) {
          const label = `${question}, ${time}, in ${title}`
          measured.set(label, [...(measured.get(label) ?? []), value])
        }
      }
    }
  }
  return measured
}

/** Figures of all questions on the database in `dir`, to which it adds some rows. */
export async function measureBlocking(sizes) {
  const measured = await measureAll(sizes)
  return Array.from(measured, ([label, values]) => {
    const own = figure(label, 'ms', values, GOAL)
    return { ...own, part: 'Longest stretch on the event loop', command: 'blocking.mjs' }
  })
}

/** Of a database that was made before: `node bench/answers/blocking.mjs DIR ROWS`. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [dir, rows] = process.argv.slice(2)
  const figures = await measureBlocking({ dir, rows: Number(rows), rounds: 3, repeat: 5 })
  for (const one of figures) process.stdout.write(`${lineOf(one)}\n`)
}
