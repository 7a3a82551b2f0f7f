/** Published libraries whose packages carry their tests: captured, they must say the same. */

import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { Database } from 'kronicler'
import type { ExecutionContext } from 'ava'

import { checkIdentity, run, tempDir } from './harness.js'
import { testWith } from './tools.js'

interface Library {
  readonly name: string
  /** Its test files, below `test`. */
  readonly files: RegExp
  /** How many functions its modules export at least. */
  readonly functions: number
  /** Modules whose exports stay bare. */
  readonly bare?: readonly string[]
}

interface Report {
  readonly functionCount: number
  readonly seen: number
}

const libraries: readonly Library[] = [
  {
    name: 'fast-json-stringify',
    files: /\.test\.js$/,
    functions: 40,
    // Tells its errors by a property that it puts on itself, not on its wrapper.
    bare: [path.join('lib', 'schema-validator.js')],
  },
  {
    name: 'resolve',
    // The others need folders called node_modules, which npm leaves out of a package.
    files: /^(?!node_path|pathfilter|resolver|subdirs|symlinks).*\.js$/,
    functions: 10,
  },
  { name: 'fast-uri', files: /\.test\.js$/, functions: 30 },
  { name: 'fastq', files: /\.js$/, functions: 2 },
  { name: 'minimist', files: /\.js$/, functions: 1 },
]

const folder = fileURLToPath(new URL('../../__test__/suites', import.meta.url))

function testFiles({ name, files }: Library): string[] {
  const found = readdirSync(path.join(folder, 'node_modules', name, 'test'))
  return found.filter((file) => files.test(file)).map((file) => path.join('test', file))
}

/** How many tests there were, by their end, from the last lines of TAP. */
function countsOf(output: string): Record<string, number> {
  const found = output.matchAll(/^# (tests|pass|fail|cancelled|skipped|todo) +(\d+)$/gm)
  return Object.fromEntries(Array.from(found, ([, what, count]) => [what, Number(count)]))
}

/** Runs the library's tests, checks that all passed, and tells how many. */
async function countTests(
  t: ExecutionContext,
  library: Library,
  { dir, isCaptured }: { dir: string; isCaptured: boolean },
): Promise<Record<string, number>> {
  const suite = { isCaptured, bare: library.bare ?? [], report: path.join(dir, 'report.json') }
  const { code, stdout, stderr } = await run('suite.cjs', {
    cwd: path.join(folder, 'node_modules', library.name),
    args: [JSON.stringify(suite), ...testFiles(library)],
    env: { KRONICLER_DIR: path.join(dir, 'data'), NODE_OPTIONS: '--test-reporter=tap' },
  })
  const failures = stdout.split(/^(?= *(?:not )?ok )/m).filter((part) => /^ *not ok/.test(part))
  t.is(code, 0, failures.join('') + stderr)
  return countsOf(stdout)
}

/** Each call is accounted for, and can be found under the name of its function. */
function checkRows(t: ExecutionContext, dir: string, { functions }: Library): void {
  const report = JSON.parse(readFileSync(path.join(dir, 'report.json'), 'utf8')) as Report
  t.true(report.functionCount >= functions, `${report.functionCount} functions`)
  const reader = Database.reader(path.join(dir, 'data'))
  const health = reader.health()
  checkIdentity(t, health)
  t.true(report.seen > 0)
  t.is(health.seen, report.seen)
  const counts = reader.stats().map(({ count }) => count)
  t.is(counts.reduce((sum, count) => sum + count, 0), health.live)
}

const testWithLibraries = testWith('__test__/suites')

for (const library of libraries) {
  testWithLibraries(`${library.name}: its own tests pass with every export captured`, async (t) => {
    // Promise: a captured function is the same function, as far as its own tests can tell.
    t.timeout(600_000)
    const dir = tempDir(t)
    const bare = await countTests(t, library, { dir, isCaptured: false })
    t.true((bare['tests'] ?? 0) > 0)
    t.deepEqual(await countTests(t, library, { dir, isCaptured: true }), bare)
    checkRows(t, dir, library)
  })
}
