// `kronicler run [--] COMMAND...`: starts a program with `kronicler/register` in all of its Node
// processes, and shows what `kr` says when it has ended.

import process from 'node:process'

import { start } from './child.js'
import { startKr } from './executable.js'

const usage = `usage: kronicler run [--] COMMAND [ARGUMENT...]

Starts a program and captures what its Node processes do, without a change to it: requests by route,
fetch, databases. When it has ended, shows what \`kr\` says, on the standard error.

  kronicler run node server.js
  kronicler run npm start

KRONICLER_DIR names another directory than .kronicler_data; KRONICLER_INCLUDE what functions are
captured besides: KRONICLER_INCLUDE='./src/**,pg:Client.prototype.query'.
`

/** Options of Node for the program and all that it starts; what it has itself comes after. */
function environment() {
  const register = new URL('../dist/esm/register.js', import.meta.url).href
  const own = process.env.NODE_OPTIONS ?? ''
  return { ...process.env, NODE_OPTIONS: `--import ${register} ${own}`.trimEnd() }
}

/** Runs a command line; resolves to how the program ended. */
export async function runCaptured(args) {
  const words = args[0] === '--' ? args.slice(1) : args
  const [command] = words
  if (command === undefined || (words === args && /^(-h|--help)$/.test(command))) {
    process.stderr.write(usage)
    return { status: command === undefined ? 2 : 0, signal: null }
  }
  if (words === args && command.startsWith('-')) {
    process.stderr.write(`kr: run takes no option ${command}; write -- before the command\n`)
    return { status: 2, signal: null }
  }
  const { error, ...end } = await start(command, words.slice(1), { env: environment() })
  if (error !== undefined) {
    const remedy = error.code === 'ENOENT' ? 'check its name and PATH' : 'check its permissions'
    process.stderr.write(`kr: ${command} cannot be started (${error.code}): ${remedy}\n`)
    return { status: error.code === 'ENOENT' ? 127 : 126, signal: null }
  }
  // What the program wrote to the standard output may be read by another.
  await startKr([], { stdio: ['ignore', 2, 2] })
  return end
}
