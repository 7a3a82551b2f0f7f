/** Programs that esbuild made one file of, with the package beside them or within. */

import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

import test from 'ava'
import type { ExecutionContext } from 'ava'
import { build } from 'esbuild'
import type { BuildOptions } from 'esbuild'

import { managers, testWithTool } from './packaging/managers.js'
import type { Manager } from './packaging/managers.js'
import { scripts, tellingScripts } from './packaging/programs.js'
import type { Told } from './packaging/programs.js'
import { Project } from './packaging/project.js'
import { startRegistry } from './packaging/registry.js'

type Format = 'esm' | 'cjs'

interface Case {
  what: string
  options: BuildOptions
  manager: string
}

const formats = ['esm', 'cjs'] as const

const captured: readonly Case[] = ['npm', 'pnpm'].flatMap((manager) => [
  { what: 'kronicler left out', options: { external: ['kronicler'] }, manager },
  { what: 'the addon left out', options: { external: ['@kronicler/*'] }, manager },
])

function managerOf(wanted: string): Manager {
  const manager = managers.find(({ name }) => name === wanted)
  if (manager === undefined) throw new Error(`${wanted} is no manager`)
  return manager
}

async function install(t: ExecutionContext, name: string): Promise<Project> {
  const manager = managerOf(name)
  const registry = await startRegistry()
  t.teardown(registry.stop)
  const project = new Project(t, manager, registry.url)
  await project.manage(manager.add)
  return project
}

/** Bundles a program of the folder into `out`; gives the name of the file. */
async function bundle(project: Project, format: Format, options: BuildOptions): Promise<string> {
  const outfile = path.join('out', format === 'esm' ? 'esm.mjs' : 'cjs.cjs')
  await build({
    absWorkingDir: project.folder,
    entryPoints: [format === 'esm' ? 'esm.mjs' : 'cjs.cjs'],
    outfile,
    bundle: true,
    format,
    platform: 'node',
    logLevel: 'silent',
    ...options,
  })
  return outfile
}

async function runBundle(project: Project, file: string): Promise<void> {
  const { stdout, stderr } = await project.succeed([process.execPath, file])
  project.t.is(stdout, '15\n')
  project.t.is(stderr, '')
}

for (const { what, options, manager } of captured) {
  const { command } = managerOf(manager)
  testWithTool(command)(`bundled, ${what}, installed by ${manager}`, async (t) => {
    // Promise: it captures, as ES module and as CommonJS, also where only kronicler itself sees
    // the addon, as with pnpm.
    const project = await install(t, manager)
    project.write(scripts)
    for (const format of formats) {
      await runBundle(project, await bundle(project, format, options))
    }
    t.deepEqual(await project.counts(), { esm: 5, cjs: 5 })
  })
}

test.serial('bundled with the addon copied beside', async (t) => {
  // Promise: with the loader `copy` the folder of a CommonJS bundle is all that a program needs.
  const project = await install(t, 'npm')
  project.write(scripts)
  await bundle(project, 'cjs', { loader: { '.node': 'copy' } })
  mkdirSync(path.join(project.folder, '..', 'elsewhere'))
  const moved = path.join(project.folder, '..', 'elsewhere', 'out')
  renameSync(path.join(project.folder, 'out'), moved)
  t.is(readdirSync(moved).length, 2)
  await runBundle(project, path.join(moved, 'cjs.cjs'))
  t.deepEqual(await project.counts(), { cjs: 5 })
})

test.serial('bundled and moved away from what was left out', async (t) => {
  // Promise: functions run bare, and one warning says that the bundle is why, and the remedy.
  const project = await install(t, 'npm')
  project.write(tellingScripts)
  const moved = path.join(project.folder, '..', 'elsewhere')
  for (const format of formats) {
    await bundle(project, format, { external: ['@kronicler/*'] })
  }
  renameSync(path.join(project.folder, 'out'), moved)
  for (const name of readdirSync(moved)) {
    const { stdout, stderr } = await project.succeed([process.execPath, path.join(moved, name)])
    const { error, ...told } = JSON.parse(stdout) as Told
    t.deepEqual(told, { sum: 4, enabled: false, state: 'absent', isBare: true })
    t.regex(error ?? '', /leave kronicler out of the bundle .*--external:kronicler/)
    t.is(stderr.split('[KRONICLER_NO_BINARY]').length, 2, stderr)
  }
})

test.serial('bundled whole', async (t) => {
  // Promise: the bundler says that it does not know what to do with the addon, of all platforms
  // only with the one that is here.
  const project = await install(t, 'npm')
  project.write(scripts)
  for (const format of formats) {
    const error = await t.throwsAsync(bundle(project, format, {}))
    t.regex(error?.message ?? '', /1 error.*No loader is configured for "\.node" files/s)
  }
})
