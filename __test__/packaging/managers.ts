/** The package managers: what a user types, as README says it, and where settings stand. */

import { existsSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

import test from 'ava'

import { testWith } from '../tools.js'
import type { Declare } from '../tools.js'

// First of all: the paths below are looked for when this file is loaded.
const testWithTools = testWith('__test__/packaging')
const folder = fileURLToPath(new URL('../../../__test__/packaging', import.meta.url))

export interface Manager {
  name: string
  /** The executable, or undefined where `npm ci` was not run. */
  command: readonly string[] | undefined
  /** Adds kronicler to a folder: the line of README, and what runs no scripts. */
  add: string
  ignoreScripts: string
  /** Installs what the lock file says, from what is on this machine. */
  offline: string
  /** Starts a program, and `kr`. */
  node: string
  kr: string
  /** Which of the TypeScript programs it runs; what ends in `js` comes out of TypeScript. */
  typed: readonly string[]
  /** Its settings, by file. */
  settings: (registry: string) => Record<string, string>
}

/** An executable of a tool, where `npm ci` puts it. */
function toolOf(packageName: string, file: string): string | undefined {
  const found = path.join(folder, 'node_modules', packageName, file)
  return existsSync(found) ? found : undefined
}

function native(file: string | undefined): readonly string[] | undefined {
  return file === undefined ? undefined : [file]
}

function script(file: string | undefined): readonly string[] | undefined {
  return file === undefined ? undefined : [process.execPath, file]
}

/** Only for the platform that CI runs on. */
export const tool = {
  npm: ['npm'],
  pnpm: native(toolOf('@pnpm/exe.linux-x64', 'pnpm')),
  yarn: script(toolOf('@yarnpkg/cli-dist', 'bin/yarn.js')),
  bun: native(toolOf('@oven/bun-linux-x64', 'bin/bun')),
  deno: native(toolOf('@deno/linux-x64-glibc', 'deno')),
  publint: script(toolOf('publint', 'src/cli.js')),
  attw: script(toolOf('@arethetypeswrong/cli', 'dist/index.js')),
}

function npmrc(registry: string): Record<string, string> {
  return { '.npmrc': `registry=${registry}/\nupdate-notifier=false\n` }
}

function yarnrc(registry: string, linker: string): Record<string, string> {
  const lines = [
    `nodeLinker: ${linker}`,
    `npmRegistryServer: ${registry}`,
    'unsafeHttpWhitelist: [127.0.0.1]',
    'enableTelemetry: false',
  ]
  return { '.yarnrc.yml': `${lines.join('\n')}\n`, 'yarn.lock': '' }
}

const compiled = ['typed-esm.mjs', 'typed-cjs.cjs']

const yarn = {
  command: tool.yarn,
  add: 'add kronicler',
  ignoreScripts: '--mode=skip-build',
  offline: 'install --immutable',
  node: 'node',
  kr: 'run kronicler',
}

export const managers: readonly Manager[] = [
  {
    name: 'npm',
    command: tool.npm,
    add: 'install kronicler',
    ignoreScripts: '--ignore-scripts',
    offline: 'ci --offline',
    node: 'exec -- node',
    kr: 'exec -- kronicler',
    typed: compiled,
    settings: npmrc,
  },
  {
    name: 'pnpm',
    command: tool.pnpm,
    add: 'add kronicler',
    ignoreScripts: '--ignore-scripts',
    offline: 'install --offline --frozen-lockfile',
    node: 'exec node',
    kr: 'exec kronicler',
    typed: compiled,
    settings: npmrc,
  },
  {
    name: 'yarn',
    ...yarn,
    typed: compiled,
    settings: (registry) => yarnrc(registry, 'node-modules'),
  },
  {
    name: 'yarn with Plug and Play',
    ...yarn,
    // TypeScript itself would have to be one that Yarn has patched.
    typed: [],
    settings: (registry) => yarnrc(registry, 'pnp'),
  },
  {
    name: 'bun',
    command: tool.bun,
    add: 'add kronicler',
    ignoreScripts: '--ignore-scripts',
    offline: 'install --frozen-lockfile',
    node: 'run',
    kr: 'x kronicler',
    typed: ['typed-esm.mts', 'typed-cjs.cts'],
    settings: npmrc,
  },
  {
    name: 'deno',
    command: tool.deno,
    add: 'add npm:kronicler',
    ignoreScripts: '',
    offline: 'install --frozen --cached-only',
    node: 'run -A',
    kr: 'run -A npm:kronicler',
    typed: ['typed-esm.mts', 'typed-cjs.cjs'],
    settings: npmrc,
  },
]

/** Declares a test that needs a tool of this folder, or npm, which is always there. */
export function testWithTool(command: readonly string[] | undefined): Declare {
  return command === undefined ? testWithTools : test.serial
}
