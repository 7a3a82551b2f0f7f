/** The installed package where its addon is not, or may not be loaded. */

import path from 'node:path'
import process from 'node:process'

import test from 'ava'
import type { ExecutionContext } from 'ava'

import { managers } from './packaging/managers.js'
import { scripts, tellingScripts } from './packaging/programs.js'
import type { Told } from './packaging/programs.js'
import { Project } from './packaging/project.js'
import { startRegistry } from './packaging/registry.js'

const [npm] = managers
const permission = Number(process.versions.node.split('.')[0]) < 22 ? 'experimental-' : ''
const restricted = [`--${permission}permission`, '--allow-fs-read=*']

async function install(t: ExecutionContext, option: string): Promise<Project> {
  if (npm === undefined) throw new Error('npm is the first manager')
  const registry = await startRegistry()
  t.teardown(registry.stop)
  const project = new Project(t, npm, registry.url)
  await project.manage(`${npm.add} --ignore-scripts ${option}`)
  return project
}

/** Runs both programs: bare functions, one warning, and health that says the same. */
async function checkPassing(project: Project, flags: string[], remedy: RegExp): Promise<void> {
  const { t } = project
  project.write(tellingScripts)
  for (const name of Object.keys(tellingScripts)) {
    const { stdout, stderr } = await project.succeed([process.execPath, ...flags, name])
    const { error, ...told } = JSON.parse(stdout) as Told
    t.deepEqual(told, { sum: 4, enabled: false, state: 'absent', isBare: true })
    t.regex(error ?? '', remedy)
    t.is(stderr.split('[KRONICLER_NO_BINARY]').length, 2, stderr)
    t.true(stderr.includes(error ?? 'an error'), stderr)
  }
}

test.serial('without optional dependencies', async (t) => {
  // Promise: functions run bare, one warning says what to do, health() says why, and `kr` ends
  // with 127 and the remedy.
  const project = await install(t, '--omit=optional')
  await checkPassing(project, [], /--omit=optional.*@kronicler\/binding-/)
  for (const name of ['kronicler', 'kr']) {
    const ended = await project.execute(['npx', '--no-install', name, 'stats'])
    t.is(ended.code, 127, ended.stderr)
    t.regex(ended.stderr, /^kr: no executable.*--omit=optional/m)
    t.is(ended.stdout, '')
  }
})

test.serial('where addons are not allowed', async (t) => {
  // Promise: functions run bare with one warning that names the option; with the permission they
  // are captured; `kr` says which permission it needs.
  const project = await install(t, '')
  await checkPassing(project, ['--no-addons'], /without --no-addons/)
  await checkPassing(project, restricted, /--allow-addons/)
  project.write(scripts)
  const allowed = [...restricted, '--allow-fs-write=*', '--allow-addons']
  await project.succeed([process.execPath, ...allowed, 'esm.mjs'])
  t.deepEqual(await project.counts(), { esm: 5 })
  const launcher = path.join('node_modules', 'kronicler', 'bin', 'kr.js')
  const stats = [launcher, 'stats', '--json']
  const refused = await project.execute([process.execPath, ...restricted, ...stats])
  t.is(refused.code, 126, refused.stderr)
  t.regex(refused.stderr, /^kr: .*--allow-child-process/m)
  const started = [...restricted, '--allow-child-process', ...stats]
  const { stdout } = await project.succeed([process.execPath, ...started])
  t.regex(stdout, /"esm"/)
})
