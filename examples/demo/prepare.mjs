// Everything that must be there before the service can start: our own build, its packages.

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './processes.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The folder of the service. */
export const serviceFolder = path.join(root, 'examples/service')

/** Cargo and tsc know best what is built already; for them this is quick then. */
export async function prepare() {
  // Not to stdout, that is for what kr says.
  const stdio = ['ignore', process.stderr, 'inherit']
  if (!isInstalled(root)) {
    await run('npm', ['install'], { cwd: root, stdio, seconds: 600 })
  }
  await run('npm', ['run', 'build'], { cwd: root, stdio, seconds: 1_200 })
  if (!isInstalled(serviceFolder)) {
    await run('npm', ['install'], { cwd: serviceFolder, stdio, seconds: 600 })
  }
}

function isInstalled(folder) {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
  return names.every((name) => existsSync(path.join(folder, 'node_modules', name)))
}
