/** The packed package, installed into empty folders by each manager, and used there. */

import { createRequire } from 'node:module'
import path from 'node:path'
import process from 'node:process'

import { managers, testWithTool } from './packaging/managers.js'
import { scripts, sources } from './packaging/programs.js'
import { Project } from './packaging/project.js'
import { startRegistry } from './packaging/registry.js'

const typescript = createRequire(import.meta.url).resolve('typescript/package.json')
const tsc = [process.execPath, path.join(path.dirname(typescript), 'bin/tsc')]

/** What a manager installed; all that it remembers is its lock file and its cache. */
const installed = ['node_modules', '.pnp.cjs', '.pnp.loader.mjs', '.yarn']

async function runAll(project: Project, names: readonly string[]): Promise<void> {
  for (const name of names) project.t.is(await project.run(name), '15', name)
}

/** Compiled by TypeScript, which checks what the package declares. */
async function runTyped(project: Project, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  project.write(sources)
  await project.succeed(tsc)
  await runAll(project, names)
}

/** Five calls for each program that ran, by the name of its function. */
function fives(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name.replace(/\..*$/, ''), 5]))
}

for (const manager of managers) {
  testWithTool(manager.command)(`installed by ${manager.name}`, async (t) => {
    // Promise: one line of README installs it, no script runs; ES modules, CommonJS and TypeScript
    // capture and `kr` shows it; a second install needs no network.
    const registry = await startRegistry()
    t.teardown(registry.stop)
    const project = new Project(t, manager, registry.url)
    project.write(scripts)
    await project.manage(`${manager.add} ${manager.ignoreScripts}`)
    const names = Object.keys(scripts)
    await runAll(project, names)
    await runTyped(project, manager.typed)
    const expected = fives([...names, ...manager.typed])
    t.deepEqual(await project.counts(), expected)
    for (const name of installed) project.remove(name)
    registry.stop()
    await project.manage(manager.offline)
    await runAll(project, names)
    t.deepEqual(await project.counts(), { ...expected, esm: 10, cjs: 10 })
  })
}
