// The demo: a real service under real load, captured, stored, and explained by `kr`.
//
// It ends by itself whatever happens: every program it starts has a time limit.

import { rmSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { load } from './load.mjs'
import { prepare, serviceFolder } from './prepare.mjs'
import { run } from './processes.mjs'
import { Progress } from './progress.mjs'
import { startService } from './service.mjs'

const LOAD_SECONDS = 10
const QUESTIONS = [
  [],
  ['stats'],
  ['slow'],
  ['outliers'],
  ['why', '--name', 'GET /quote/:sku'],
]

const folder = fileURLToPath(new URL('.', import.meta.url))
const launcher = path.join(folder, '../../bin/kr.js')
const database = path.join(folder, '.kronicler_data')
const shopData = path.join(folder, 'data')

function say(text) {
  process.stderr.write(`${text}\n`)
}

async function loadService() {
  const env = {
    PORT: '0',
    DATA_DIR: shopData,
    KRONICLER_DIR: database,
    KRONICLER_SERVICE: 'shop',
    KRONICLER_VERSION: '1.0.0',
  }
  const service = await startService({ cwd: serviceFolder, env, seconds: LOAD_SECONDS + 120 })
  say(`\nThe service listens on ${service.url}. Loading it for ${LOAD_SECONDS} s.\n`)
  let answers = 0
  const progress = new Progress(LOAD_SECONDS, () => `${answers.toLocaleString('en')} answers`)
  const result = await load(service.url, LOAD_SECONDS, () => answers++)
  progress.end()
  await service.stop()
  say(`\n${result.answers} answers, ${result.refused} of them refusals (404, 401) as planned, `
    + `${result.failures} failures.`)
  if (result.answers === 0 || result.failures > 0) throw new Error('the load went wrong')
}

/** What a user would type in this folder. The folder's database is found as git finds its own. */
async function ask(question) {
  const { KRONICLER_DIR: _, ...env } = process.env
  process.stdout.write(`\n\n$ ${['npx kronicler', ...question].join(' ')}\n\n`)
  await run(process.execPath, [launcher, ...question], { cwd: folder, env, seconds: 60 })
}

async function demo() {
  say('Building what is not built yet (a few minutes the first time).')
  await prepare()
  for (const left of [database, shopData]) rmSync(left, { recursive: true, force: true })
  await loadService()
  say('The service has stopped. Every captured call is in examples/demo/.kronicler_data.')
  for (const question of QUESTIONS) await ask(question)
  process.stdout.write(`

The last answer says what the slowest quote waited for: open that file and line.
Ask on in examples/demo with \`npx kronicler\`, or start the service with \`npm run demo:service\`.
`)
}

try {
  await demo()
} catch (error) {
  say(`\nThe demo failed: ${error.message}`)
  process.exitCode = 1
}
