/** An empty folder with a manager in it, and a home of its own, so that no cache is shared. */

import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

import type { ExecutionContext } from 'ava'

import type { Ended } from '../harness.js'
import { tempDir } from '../harness.js'
import type { Manager } from './managers.js'

/** Runs to the end, whatever it is; what is not in `env` is not in its environment. */
export function execute(
  command: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<Ended> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { cwd, env, stdio: 'pipe' })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => undefined).end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** Executables of this clone are out of reach. */
function searchPath(): string {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  const foreign = folders.filter((folder) => !folder.includes('node_modules'))
  return [path.dirname(process.execPath), ...foreign].join(path.delimiter)
}

export class Project {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly t: ExecutionContext
  readonly #manager: Manager

  constructor(t: ExecutionContext, manager: Manager, registry: string) {
    const dir = tempDir(t)
    const home = path.join(dir, 'home')
    this.t = t
    this.#manager = manager
    this.folder = path.join(dir, 'a folder, überall')
    this.env = {
      PATH: searchPath(),
      HOME: home,
      TMPDIR: dir,
      NO_COLOR: '1',
      NO_PROXY: '127.0.0.1',
      NPM_CONFIG_REGISTRY: `${registry}/`,
    }
    mkdirSync(home)
    mkdirSync(this.folder)
    const manifest = JSON.stringify({ name: 'app', version: '1.0.0', private: true })
    this.write({ 'package.json': `${manifest}\n`, ...manager.settings(registry) })
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(path.join(this.folder, name), text)
    }
  }

  remove(name: string): void {
    rmSync(path.join(this.folder, name), { recursive: true, force: true })
  }

  execute(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return execute(command, this.folder, { ...this.env, ...env })
  }

  /** What ends well. */
  async succeed(
    command: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<Ended> {
    const ended = await this.execute(command, env)
    this.t.is(ended.code, 0, `${command.join(' ')}\n${ended.stdout}${ended.stderr}`)
    return ended
  }

  /** A line that is given to the manager, with arguments that are not split. */
  manage(line: string, ...args: readonly string[]): Promise<Ended> {
    const words = line.split(' ').filter((word) => word !== '')
    return this.succeed([...(this.#manager.command ?? []), ...words, ...args])
  }

  /** Runs a program of the folder as users of this manager do; it has nothing to complain of. */
  async run(file: string): Promise<string> {
    const { stdout, stderr } = await this.manage(this.#manager.node, file)
    this.t.notRegex(stderr, /kronicler/i)
    return stdout.trim()
  }

  /** How many calls `kr` counts, by name. */
  async counts(): Promise<Record<string, number>> {
    const { stdout } = await this.manage(this.#manager.kr, 'stats', '--json')
    const stats = JSON.parse(stdout) as { functions: { name: string; count: number }[] }
    return Object.fromEntries(stats.functions.map(({ name, count }) => [name, count]))
  }
}
