// What `kr` takes from its start to its end, and its memory, on ten million rows and on ten times.

import path from 'node:path'
import { withDirectory } from '../harness/directory.mjs'
import { figure } from '../harness/figure.mjs'
import { launchKr } from '../store/engine.mjs'

const MEMORY = { atMost: 150 }

/**
 * `goal` of the milliseconds, or of the rows a second. `isCheap`: not all rows are read, so ten
 * times as many are asked, too. `shown`: how people would write it.
 */
function commandsOn({ rows, dir }) {
  const middle = String(rows / 2)
  const parquet = path.join(dir, '..', 'calls.parquet')
  return [
    { name: 'kr stats', args: ['stats'], goal: { atMost: 50 }, isCheap: true },
    { name: 'kr slow', args: ['slow'], goal: { atMost: 50 }, isCheap: true },
    { name: 'kr outliers', args: ['outliers'], goal: { atMost: 100 }, isCheap: true },
    {
      name: 'kr hist NAME --exact', args: ['hist', 'function0', '--exact'], goal: { atMost: 100 },
    },
    { name: 'kr heatmap NAME', args: ['heatmap', 'function0'] },
    { name: 'kr --fetch ID', args: ['--fetch', middle], goal: { atMost: 20 }, isCheap: true },
    {
      name: 'kr export -o calls.parquet', args: ['export', '-o', parquet],
      goal: { atLeast: 3e6 }, repeat: 1,
    },
  ]
}

/** In turn, so that a moment of noise does not meet one alone: the measures of each command. */
async function launchAll(engine, commands, { dir, rounds, repeat }) {
  const measured = commands.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, { args, repeat: own = repeat }] of commands.entries()) {
      measured[index].push(await launchKr(engine, own, [...args, '--dir', dir]))
    }
  }
  return measured
}

function figuresOf({ name, goal }, rounds, { rows, isTenfold }) {
  const label = isTenfold ? `${name}, ten times the rows` : name
  const times = rounds.map((round) => round['whole process'].value)
  const memory = rounds.flatMap((round) => round.memory?.value ?? [])
  const rates = times.map((time) => (1e3 * rows) / time)
  const due = isTenfold ? undefined : goal
  const time = due?.atLeast === undefined
    ? figure(label, 'ms', times, due)
    : figure(label, 'rows/s', rates, due)
  const figures = [{ ...time, part: 'Whole processes', command: name }]
  // Only where the system tells.
  if (memory.length === 0) return figures
  const peak = figure(`memory of ${label}`, 'MB', memory, MEMORY)
  return [...figures, { ...peak, part: 'Memory of whole processes', command: name }]
}

/** Figures of these commands: of the cheap ones on ten times the rows. */
export async function measureCommands(engine, wanted, sizes) {
  const isDue = (command) =>
    wanted.includes(command.name) && (command.isCheap || !sizes.isTenfold)
  const commands = commandsOn(sizes).filter(isDue)
  const measured = await launchAll(engine, commands, sizes)
  return commands.flatMap((command, index) => figuresOf(command, measured[index], sizes))
}

/** What `kr` said; what the program that started it says comes behind it. */
function firstLineOf(error) {
  return String(error.stderr || error.message).split('\n')[0]
}

/**
 * Runs all commands on a small database: better before an hour of measuring than behind it. What
 * does not work is told, and the bench fails in the end; the rest is measured.
 */
export function rehearseCommands(engine) {
  return withDirectory(async (folder) => {
    const sizes = { dir: path.join(folder, 'kronicler'), rows: 20_000, rounds: 1, repeat: 1 }
    await engine('ingest', sizes.dir, '--rows', sizes.rows)
    const [wanted, remarks] = [[], []]
    for (const command of commandsOn(sizes)) {
      try {
        await launchAll(engine, [command], sizes)
        wanted.push(command.name)
      } catch (error) {
        remarks.push(`NOT MEASURED: ${command.name} fails: ${firstLineOf(error)}`)
        process.exitCode = 1
      }
    }
    return { wanted, remarks }
  })
}
