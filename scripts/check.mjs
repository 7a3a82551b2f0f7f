// Runs the parts named (`lint`, `test`), all to their end, and prints `N passed, N failed` last.
//
// Numbers are tests of cargo and ava; a step that fails without a failed test counts as one.

import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

// Their packages come before the tests, whose time is limited.
const folders = [
  '__test__/duckdb',
  '__test__/frameworks',
  '__test__/guides',
  '__test__/packaging',
  '__test__/programs',
  '__test__/runners',
  '__test__/suites',
  'docs/typedoc',
  'examples/express',
]

// `needs`: a step that failed before makes this one pointless, it would only repeat the message.
const parts = {
  lint: [
    { command: 'cargo fmt --all --check' },
    { command: 'cargo clippy --workspace --all-targets -- -D warnings' },
    { command: 'tsc --noEmit' },
    { command: 'oxlint --deny-warnings' },
  ],
  test: [
    { command: 'npm run build' },
    { command: 'cargo t --no-fail-fast', count: countCargo },
    { command: 'cargo xtask loom', count: countCargo },
    { command: 'cargo run --release --quiet -p kronicler-torture -- --canary' },
    { command: 'cargo run --release --quiet -p kronicler-torture -- --seed 17954 --minutes 3' },
    { command: 'npm run build:test', needs: 'npm run build' },
    { command: 'npm run pack', needs: 'npm run build' },
    { command: `node scripts/install-tools.mjs ${folders.join(' ')}` },
    { command: 'ava', needs: 'npm run build:test', count: countAva },
  ],
}

/** One line for each test executable: `test result: ok. 5 passed; 0 failed; ...`. */
function countCargo(line) {
  const found = /^test result: \w+\. (\d+) passed; (\d+) failed/.exec(line)
  return { passed: Number(found?.[1] ?? 0), failed: Number(found?.[2] ?? 0) }
}

/** The lines of ava's own summary: `5 tests passed`, `1 test failed`, `1 uncaught exception`. */
function countAva(line) {
  const what = /^\s*(\d+) (tests? passed|tests? failed|uncaught exceptions?|unhandled rejections?)$/
  const found = what.exec(line)
  if (found === null) return { passed: 0, failed: 0 }
  const number = Number(found[1])
  return found[2].endsWith('passed') ? { passed: number, failed: 0 } : { passed: 0, failed: number }
}

/** Output goes on at once, line by line, so that counting never holds it back. */
function start(command, onLine) {
  const bin = path.join(root, 'node_modules/.bin')
  const [program, ...args] = command.split(' ')
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` },
    shell: process.platform === 'win32',
    stdio: ['ignore', onLine === undefined ? 'inherit' : 'pipe', 'inherit'],
  })
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text)
    const lines = (rest + text).split('\n')
    rest = lines.pop()
    for (const line of lines) onLine(line)
  })
  return new Promise((resolve) => {
    child.on('error', (error) => {
      process.stderr.write(`${program} cannot be started: ${error.message}\n`)
      resolve(false)
    })
    child.on('close', (code) => resolve(code === 0))
  })
}

async function runStep(step, sum) {
  process.stdout.write(`\n> ${step.command}\n`)
  let failed = 0
  const onLine = (line) => {
    const counted = step.count(line)
    sum.passed += counted.passed
    failed += counted.failed
  }
  const ok = await start(step.command, step.count === undefined ? undefined : onLine)
  if (!ok && failed === 0) failed = 1
  sum.failed += failed
  return ok && failed === 0
}

async function main(names) {
  const sum = { passed: 0, failed: 0 }
  const broken = new Set()
  for (const step of names.flatMap((name) => parts[name])) {
    if (broken.has(step.needs) || !(await runStep(step, sum))) broken.add(step.command)
  }
  if (broken.size > 0) process.stdout.write(`\nfailed: ${[...broken].join(', ')}\n`)
  process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed\n`)
  process.exitCode = broken.size > 0 ? 1 : 0
}

const names = process.argv.slice(2)
if (names.length === 0 || names.some((name) => !Object.hasOwn(parts, name))) {
  process.stderr.write(`usage: node scripts/check.mjs ${Object.keys(parts).join('|')} ...\n`)
  process.exitCode = 2
} else {
  await main(names)
}
