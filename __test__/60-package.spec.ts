/** What would be published: the files, the manifests, the README, and what checkers say. */

import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

import test from 'ava'
import type { ExecutionContext } from 'ava'

import { tempDir } from './harness.js'
import { managers, testWithTool, tool } from './packaging/managers.js'
import { execute } from './packaging/project.js'
import { packed } from './packaging/registry.js'
import type { Packed } from './packaging/registry.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const scope = '@kronicler/binding-'

interface Manifest {
  name: string
  version: string
  main: string
  bin?: Record<string, string>
  os?: string[]
  cpu?: string[]
  libc?: string[]
  files: string[]
  preferUnplugged?: boolean
  publishConfig: { access: string; provenance: boolean }
  optionalDependencies?: Record<string, string>
}

/** What no published package of ours has: scripts run at install, others are for working on it. */
const unwanted = new Set([
  'scripts',
  'dependencies',
  'peerDependencies',
  'devDependencies',
  'ava',
  'napi',
])

function readText(...parts: string[]): string {
  return readFileSync(path.join(...parts), 'utf8')
}

function manifestOf(...parts: string[]): Manifest {
  return JSON.parse(readText(...parts, 'package.json')) as Manifest
}

function mainPackage(t: ExecutionContext): Packed {
  const found = packed().find(({ manifest }) => manifest.name === 'kronicler')
  if (found === undefined) return t.fail('npm run pack has made no kronicler') as never
  return found
}

/** An archive, unpacked by npm's own rules: what a user gets. */
function unpack(t: ExecutionContext, { file }: Packed): string {
  const dir = tempDir(t)
  execFileSync('tar', ['-xzf', file, '-C', dir])
  return path.join(dir, 'package')
}

function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map(({ parentPath, name }) => path.relative(folder, path.join(parentPath, name)))
}

test('packages carry what belongs into them', (t) => {
  // Promise: no test, source, map or path of the machine that built it; license and README are
  // there, and `kr` can be started.
  for (const each of packed()) {
    const folder = unpack(t, each)
    const files = filesOf(folder)
    const isMain = each.manifest.name === 'kronicler'
    t.true(files.includes('LICENSE') && files.includes('README.md'), files.join(' '))
    t.deepEqual(files.filter((file) => /\.map$|test|\.d\.ts\.|(?<!\.d)\.ts$/.test(file)), [])
    const texts = files.filter((file) => /\.(c?js|mjs|ts|json)$/.test(file))
    for (const file of texts) {
      const text = readText(folder, file)
      t.false(text.includes('sourceMappingURL') || text.includes(root), file)
    }
    t.true(statSync(each.file).size <= (isMain ? 300_000 : 5_000_000))
    const executables = isMain ? ['bin/kr.js'] : ['kr']
    for (const file of executables) t.is(statSync(path.join(folder, file)).mode & 0o111, 0o111)
  }
})

test('manifests say what package managers must know', (t) => {
  // Promise: no script runs at install, nothing else is installed, and the platform's package is
  // asked for in exactly this version.
  const [main, ...others] = packed().map((each) => manifestOf(unpack(t, each))).toSorted(byName)
  if (main === undefined) return t.fail('npm run pack has made nothing')
  for (const manifest of [main, ...others]) {
    t.deepEqual(Object.keys(manifest).filter((key) => unwanted.has(key)), [])
    t.is(manifest.version, manifestOf(root).version)
    t.deepEqual(manifest.publishConfig, { access: 'public', provenance: true })
  }
  t.deepEqual(main.bin, { kronicler: 'bin/kr.js', kr: 'bin/kr.js' })
  const platforms = others.map(({ name, version }) => [name, version])
  t.deepEqual(main.optionalDependencies, Object.fromEntries(platforms))
  t.true(others.length > 0)
  return undefined
})

/** The main package first. */
function byName(a: Manifest, b: Manifest): number {
  return Number(a.name !== 'kronicler') - Number(b.name !== 'kronicler')
}

test('every platform has a package that is as it would be made again', async (t) => {
  // Promise: `npm run npm-dirs` changes nothing, and the loader knows all platforms.
  const dir = tempDir(t)
  const script = path.join(root, 'scripts/npm-dirs.mjs')
  const made = await execute([process.execPath, script, dir], root, { PATH: '/usr/bin:/bin' })
  t.is(made.code, 0, made.stderr)
  const platforms = readdirSync(dir)
  t.is(platforms.length, 10)
  const loader = readText(root, 'binding.cjs')
  for (const name of platforms) {
    const folder = path.join(root, 'npm', name)
    for (const file of ['package.json', 'README.md']) {
      t.is(readText(folder, file), readText(dir, name, file), `${name}/${file}: npm run npm-dirs`)
    }
    const manifest = manifestOf(folder)
    t.is(manifest.name, scope + name)
    t.true(loader.includes(`require('${manifest.name}')`), name)
    t.is(manifest.libc !== undefined, name.startsWith('linux'), name)
    const kr = name.startsWith('win32') ? 'kr.exe' : 'kr'
    t.deepEqual(manifest.files, [`kronicler.${name}.node`, kr])
    t.is(manifest.main, `kronicler.${name}.node`)
    t.true(manifest.preferUnplugged)
  }
})

test('README has the lines that were tried', (t) => {
  // Promise: who copies a line from README types what 61-install.spec.ts has typed.
  const readme = readText(root, 'README.md')
  for (const { name, add } of managers) {
    const line = `${name.split(' ', 1)[0]} ${add}`
    t.true(readme.includes(line), line)
  }
})

const checkers = {
  publint: ['run', '--strict'],
  attw: ['--no-definitely-typed', '--format', 'ascii'],
}

for (const [name, options] of Object.entries(checkers)) {
  const command = tool[name as keyof typeof checkers]
  testWithTool(command)(`${name} finds nothing`, async (t) => {
    // Promise: every way to import the package, and its types, resolves, in old settings, too.
    const main = mainPackage(t)
    const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' }
    const ended = await execute([...(command ?? []), ...options, main.file], tempDir(t), env)
    t.is(ended.code, 0, ended.stdout + ended.stderr)
    t.notRegex(ended.stdout, /suggestion|warning/i)
  })
}
