// Starts the example service as a process of its own; as a program, for you to play with.

import path from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { prepare, serviceFolder } from './prepare.mjs'
import { start } from './processes.mjs'

const START_SECONDS = 30
const STOP_SECONDS = 15

/** Starts the service and waits until it listens: its address, and how to stop it. */
export async function startService({ env, cwd, seconds }) {
  const program = path.join(serviceFolder, 'src/server.js')
  const { child, ended } = start(process.execPath, [program], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    seconds,
  })
  const url = await listening(child, ended)
  const stop = async () => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS * 1_000)
    const { code, signal } = await ended
    clearTimeout(timer)
    if (code !== 0) throw new Error(`the service did not stop well: ${signal ?? `exit ${code}`}`)
  }
  return { url, ended, stop }
}

function listening(child, ended) {
  return new Promise((resolve, reject) => {
    const fail = (how) => reject(new Error(`the service ${how} before it listened`))
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(`took more than ${START_SECONDS} s`)
    }, START_SECONDS * 1_000)
    ended.then(({ error, code, signal }) => fail(error?.message ?? `ended (${signal ?? code})`))
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said += text
      const found = /listening on (\S+)\n/.exec(said)
      if (found === null) return
      clearTimeout(timer)
      resolve(found[1])
    })
  })
}

async function play() {
  await prepare()
  const { url, ended } = await startService({ cwd: serviceFolder, env: {} })
  process.stdout.write(`
The shop is open at ${url}. Try, in another terminal:

  curl ${url}/quote/A7?quantity=12
  curl ${url}/orders -H 'content-type: application/json' -d '{"sku":"A7","quantity":12}'
  curl ${url}/login -H 'content-type: application/json' -d '{"name":"ada","password":"x"}'
  npx autocannon -d 10 ${url}/quote/A7    (in examples/service)
  npx kronicler                           (in examples/service, also while it runs)

Control-C stops it.
`)
  await ended
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await play()
}
