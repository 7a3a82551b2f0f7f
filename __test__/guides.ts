/**
 * Does what a guide tells its reader to do.
 *
 * `js` blocks are files, named by their first line (`// server.mjs`). Lines of `sh` blocks are run
 * in order, in the folder of the files; a program that listens stays until the guide is over, on a
 * port of its own in place of 3000. `npm install` finds packages where tests have them; Kronicler
 * is copied, for bundlers tell packages from sources by where they lie.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ChildProcess } from 'node:child_process'
import type { AddressInfo } from 'node:net'

import type { ExecutionContext } from 'ava'

import { cleanEnvironment } from './harness.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const docs = path.join(root, 'docs')
const guidesFolder = path.join(root, '__test__/guides')
const toolFolders = [path.join(root, '__test__/frameworks'), guidesFolder]
const published = ['package.json', 'binding.cjs', 'bin', 'dist/cjs', 'dist/esm', 'npm/local']

/** A block of code of a page. */
export interface Block {
  readonly language: string
  readonly text: string
}

/** The text of a page below `docs`. */
export function readPage(page: string): string {
  return readFileSync(path.join(docs, page), 'utf8')
}

/** The blocks of code of a page, in order. */
export function blocksOf(page: string): Block[] {
  const found = readPage(page).matchAll(/^```(\w*)\n(.*?)^```$/gms)
  return Array.from(found, ([, language = '', text = '']) => ({ language, text }))
}

/** The folder of a package, wherever tests have it. */
function packageFolder(name: string): string {
  const folders = toolFolders.map((folder) => path.join(folder, 'node_modules', name))
  const found = folders.find((folder) => existsSync(folder))
  if (found === undefined) throw new Error(`${name} is in none of ${toolFolders.join(', ')}`)
  return found
}

function link(target: string, at: string): void {
  mkdirSync(path.dirname(at), { recursive: true })
  if (!existsSync(at)) symlinkSync(target, at)
}

function copyKronicler(to: string): void {
  for (const name of published) {
    cpSync(path.join(root, name), path.join(to, name), { recursive: true })
  }
}

/** The programs of a package. */
function binsOf(folder: string): [name: string, file: string][] {
  const text = readFileSync(path.join(folder, 'package.json'), 'utf8')
  const { bin = {} } = JSON.parse(text) as { bin?: Record<string, string> | string }
  if (typeof bin === 'string') return [[path.basename(folder), path.join(folder, bin)]]
  return Object.entries(bin).map(([name, file]) => [name, path.join(folder, file)])
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Nothing of a guide leaves the machine. */
const quiet = { npm_config_offline: 'true', NEXT_TELEMETRY_DISABLED: '1' }

class Reader {
  readonly #t: ExecutionContext
  readonly #port: number
  readonly #servers: ChildProcess[] = []
  readonly cwd: string

  constructor(t: ExecutionContext, port: number) {
    this.#t = t
    this.#port = port
    // Below the packages, because some bundlers look at nothing beside their root.
    this.cwd = mkdtempSync(path.join(guidesFolder, 'play-'))
    t.teardown(() => rmSync(this.cwd, { recursive: true, force: true, maxRetries: 3 }))
  }

  write(text: string): void {
    const name = /^\/\/ ([\w./[\]-]+)\n/.exec(text)?.[1]
    if (name === undefined) throw new Error(`a sample without the name of its file: ${text}`)
    const file = path.join(this.cwd, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  install(names: readonly string[]): void {
    const modules = path.join(this.cwd, 'node_modules')
    for (const name of names) {
      const folder = path.join(modules, name)
      if (name === 'kronicler') copyKronicler(folder)
      else link(packageFolder(name), folder)
      for (const [bin, file] of binsOf(folder)) link(file, path.join(modules, '.bin', bin))
    }
  }

  /** Runs a line to its end, or until it listens. */
  async type(line: string): Promise<void> {
    const [command, verb, ...names] = line.split(' ')
    if (command === 'npm' && verb === 'install') return this.install(names)
    // What a running program has captured is in a file after some tens of milliseconds.
    if (command === 'npx') await sleep(500)
    const child = spawn('bash', ['-ec', line.replaceAll(':3000', `:${this.#port}`)], {
      cwd: this.cwd,
      env: { ...cleanEnvironment(), ...quiet, PORT: String(this.#port) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    const ended = once(child, 'close')
    const isOver = () => child.exitCode !== null || child.signalCode !== null
    const mayListen = this.#servers.length === 0
    while (!isOver()) {
      if (mayListen && (await isListening(this.#port))) {
        this.#servers.push(child)
        return undefined
      }
      await Promise.race([ended, sleep(50)])
    }
    await ended
    this.#t.is(child.exitCode, 0, `${line}\n${output}`)
    return undefined
  }

  /** Ends what still runs, a shell and what it has started. */
  async end(): Promise<void> {
    for (const server of this.#servers) {
      const ended = once(server, 'close')
      if (server.pid !== undefined) process.kill(-server.pid, 'SIGTERM')
      await ended
    }
  }
}

/** Plays a guide, in a folder which it returns. */
export async function playGuide(t: ExecutionContext, page: string): Promise<string> {
  const reader = new Reader(t, await freePort())
  const blocks = blocksOf(page)
  for (const { language, text } of blocks) if (language === 'js') reader.write(text)
  try {
    for (const { language, text } of blocks) {
      if (language !== 'sh') continue
      for (const line of text.trim().split('\n')) await reader.type(line)
    }
  } finally {
    await reader.end()
  }
  return reader.cwd
}
