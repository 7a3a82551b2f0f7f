// Runs benches by name, all without one: prints ratios, writes bench/out/<name>.json and plots.
//
// `--short` is for working on a bench: few rounds, small sizes, figures that nobody may quote.

import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { outFolder } from './harness/directory.mjs'
import { lineOf } from './harness/figure.mjs'
import { describeMachine } from './harness/machine.mjs'
import { writePlots } from './harness/plot.mjs'
import { names } from './harness/names.mjs'
import { prepare } from './harness/prepare.mjs'


function usage() {
  process.stderr.write(`usage: npm run bench [-- [--short] [${names.join('] [')}]]\n`)
  process.exitCode = 2
}

function write(name, { plots, ...result }, machine) {
  mkdirSync(outFolder, { recursive: true })
  const { cpu, node, kronicler } = machine
  const note = `kronicler ${kronicler}, Node ${node}, ${cpu}, clock ${result.clock}`
    + (result.isShort ? ', SHORT RUN' : '')
  const drawn = plots.map((plot) => ({ note, ...plot }))
  // A run that dropped a call is invalid and does not come here.
  const text = JSON.stringify({ name, machine, dropped: 0, ...result, plots: drawn }, null, 2)
  writeFileSync(path.join(outFolder, `${name}.json`), `${text}\n`)
  writePlots(outFolder, name, drawn)
}

function say(figure) {
  process.stdout.write(`${lineOf(figure)}\n`)
}

async function runBench(name, isShort) {
  process.stdout.write(`\n${name}\n`)
  const machine = describeMachine()
  const { run } = await import(new URL(`${name}/bench.mjs`, import.meta.url).href)
  const result = await run({ isShort, say })
  write(name, { isShort, ...result }, machine)
  for (const remark of result.remarks) process.stdout.write(`  ! ${remark}\n`)
  return result.figures.filter(({ isMet }) => isMet === false)
}

async function main(wanted, isShort) {
  prepare()
  const missed = []
  for (const name of wanted) {
    try {
      missed.push(...await runBench(name, isShort))
    } catch (error) {
      process.stderr.write(`${name} failed: ${error.stack}\n`)
      process.exitCode = 1
    }
  }
  process.stdout.write(`\n${missed.length} goals missed; figures and plots are in bench/out\n`)
  for (const figure of missed) say(figure)
}

const args = process.argv.slice(2)
const wanted = args.filter((arg) => !arg.startsWith('--'))
const isKnown = (arg) => arg === '--short' || names.includes(arg)
if (args.every(isKnown)) await main(wanted.length > 0 ? wanted : names, args.includes('--short'))
else usage()
