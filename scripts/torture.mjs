// The long run against a disk that lies, hostile bytes and random lives, all to their end.
//
// `npm run torture` takes about half an hour on two cores; arguments go to the simulated disk alone
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
]

function run(command, environment = {}) {
  process.stdout.write(`\n> ${command}\n`)
  const [program, ...args] = command.split(' ')
  const env = { ...process.env, ...environment }
  return spawnSync(program, args, { env, stdio: 'inherit' }).status === 0
}

const args = process.argv.slice(2)
if (args.length > 0) {
  process.exitCode = run([simulated, ...args].join(' ')) ? 0 : 1
} else {
  const failed = steps.filter((step) => !run(...step)).map(([command]) => command)
  if (failed.length > 0) process.stdout.write(`\nfailed: ${failed.join(', ')}\n`)
  process.exitCode = failed.length > 0 ? 1 : 0
}
