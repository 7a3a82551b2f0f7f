// What the store is compared with: Python packages in an environment of their own, under bench/out.

import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { reasonOf } from '../harness/child.mjs'
import { outFolder } from '../harness/directory.mjs'
import { measuresOf } from '../harness/measures.mjs'

const run = promisify(execFile)
const program = fileURLToPath(new URL('rival.py', import.meta.url))
const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))
const folder = path.join(outFolder, 'python')
const isWindows = process.platform === 'win32'
const python = path.join(folder, isWindows ? 'Scripts/python.exe' : 'bin/python')

// SQLite takes minutes for percentiles of ten million rows, so one round has to do.
const duckdb = ['duckdb', 'numpy', 'pyarrow']
const all = [
  { name: 'sqlite', title: 'SQLite', packages: [], roundsMax: 1 },
  { name: 'sqlite_totals', title: 'SQLite with running totals', packages: [], roundsMax: 1 },
  { name: 'duckdb', title: 'DuckDB', packages: duckdb },
  { name: 'duckdb_rollup', title: 'DuckDB with a roll-up', packages: duckdb },
  { name: 'parquet', title: 'Parquet (PyArrow)', packages: duckdb },
  { name: 'clickhouse', title: 'ClickHouse (chdb)', packages: ['chdb', 'numpy'] },
]
/** Says what is right, and is not measured. */
const numpy = { name: 'numpy', title: 'NumPy', packages: ['numpy'] }

/** Packages are pinned for these versions. */
function findPython() {
  const check = 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
  return ['python3.11', 'python3.13', 'python3.12', 'python3', 'python'].find((name) => {
    try {
      execFileSync(name, ['-c', check], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

/** The version that is there in the end. What was installed before serves without a network. */
async function install({ name, packages }) {
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-c', requirements]
  const installing = packages.length === 0 ? Promise.resolve() : run(python, [...pip, ...packages])
  const refusal = await installing.then(() => undefined, (error) => error)
  try {
    const { stdout } = await run(python, [program, name, 'version'])
    return stdout.trim()
  } catch (error) {
    throw refusal ?? error
  }
}

async function makeEnvironment() {
  const host = findPython()
  if (host === undefined) throw new Error('there is no Python 3.11 to 3.13 here')
  mkdirSync(outFolder, { recursive: true })
  await run(host, ['-m', 'venv', folder])
}

/**
 * Installs what is missing. Returns `rivals` with their versions, the `judge` whose answers are
 * right if it can be had, and `remarks` about those that cannot be had: each is optional.
 */
export async function findRivals() {
  try {
    await makeEnvironment()
  } catch (error) {
    return { rivals: [], remarks: [`no rival was measured: ${reasonOf(error)}`] }
  }
  const found = []
  const remarks = []
  for (const rival of [...all, numpy]) {
    try {
      found.push({ ...rival, version: await install(rival) })
    } catch (error) {
      remarks.push(`${rival.title} was not measured: ${reasonOf(error)}`)
    }
  }
  const judge = found.find(({ name }) => name === numpy.name)
  return { rivals: found.filter((one) => one !== judge), judge, remarks }
}

async function call({ name }, act, { dir, memory = 4_000 }, ...args) {
  const options = ['--dir', dir, '--memory', String(memory), ...args.map(String)]
  const { stdout } = await run(python, [program, name, act, ...options], { maxBuffer: 1 << 26 })
  return measuresOf(stdout)
}

/** Lets a rival store the columns in its directory. */
export function loadRival(rival, { dir, columns, memory }) {
  mkdirSync(dir, { recursive: true })
  return call(rival, 'load', { dir, memory }, '--columns', columns)
}

/** Asks a rival what is in its directory, in another process. `questions`: further arguments. */
export function askRival(rival, { dir, columns, memory, repeat }, questions) {
  const args = ['--columns', columns, '--repeat', repeat, ...questions]
  return call(rival, 'query', { dir, memory }, ...args)
}
