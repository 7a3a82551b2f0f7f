/** Names and places: what was captured, and where, also before it was compiled. */
/* oxlint-disable unicorn/consistent-function-scoping -- each test holds what it is about */

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import vm from 'node:vm'

import test from 'ava'
import { build } from 'esbuild'
import { capture } from 'kronicler'
import type { ExecutionContext } from 'ava'
import type { BuildOptions } from 'esbuild'

import { fixturePath, openDatabase, runForJson, tempDir } from './harness.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const original = path.join(root, '__test__/decorators/mapped.ts')
const fixtures = path.dirname(fixturePath('x'))

/** Compiles the fixture with a map, to a folder of its own. */
async function compileMapped(t: ExecutionContext, options: BuildOptions): Promise<string> {
  const dir = path.join(root, 'dist/decorators', t.title.replaceAll(/\W+/g, '-'))
  rmSync(dir, { recursive: true, force: true })
  const outfile = path.join(dir, 'mapped.js')
  const fixed: BuildOptions = { entryPoints: [original], outfile, format: 'esm', target: 'es2022' }
  await build({ ...fixed, sourcemap: true, ...options })
  return outfile
}

type Sources = Record<string, string>

function sourcesOf(t: ExecutionContext, file: string, env: Sources): Promise<Sources> {
  const fixture = path.relative(fixtures, file)
  return runForJson<Sources>(t, fixture, { cwd: tempDir(t), env })
}

/** Each name with its place in the fixture, which is known as `file`. */
function placesIn(file: string): Sources {
  const lines = readFileSync(original, 'utf8').split('\n')
  const place = (text: string): string =>
    `${file}:${lines.findIndex((line) => line.includes(text)) + 1}`
  return {
    'Members.method': place('@capture'),
    chosen: place("@capture('chosen')"),
    passed: place('capture(passed)'),
    block: place("capture.run('block'"),
  }
}

const on = { NODE_OPTIONS: '--enable-source-maps' }

const maps: Record<string, BuildOptions> = {
  'a map beside the file': { sourcemap: 'linked' },
  'a map within the file': { sourcemap: 'inline' },
  'a map of older decorators': {
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
  },
}

for (const [what, options] of Object.entries(maps)) {
  test(`source maps: ${what}`, async (t) => {
    // Promise: with source maps enabled places are those of the source, exactly.
    const file = await compileMapped(t, options)
    t.deepEqual(await sourcesOf(t, file, on), placesIn(original))
  })
}

const rewritten: Record<string, [fields: Record<string, unknown>, file: string]> = {
  'a source root': [{ sourceRoot: '/srv/app/', sources: ['mapped.ts'] }, '/srv/app/mapped.ts'],
  'a source that is a URL': [{ sources: [pathToFileURL(original).href] }, original],
  'a source of a bundler': [{ sources: ['webpack://app/mapped.ts'] }, 'webpack://app/mapped.ts'],
}

for (const [what, [fields, expected]] of Object.entries(rewritten)) {
  test(`source maps: ${what}`, async (t) => {
    // Promise: what the map calls its source is what rows tell.
    const file = await compileMapped(t, {})
    const map = JSON.parse(readFileSync(`${file}.map`, 'utf8')) as Record<string, unknown>
    writeFileSync(`${file}.map`, JSON.stringify({ ...map, ...fields }))
    t.deepEqual(await sourcesOf(t, file, on), placesIn(expected))
  })
}

const broken: Record<string, string | undefined> = {
  'is absent': undefined,
  'is no JSON': '{"version": 3,',
  'is no map': '[]',
  'has mappings that are garbage': '{"version":3,"sources":["a.ts"],"names":[],"mappings":"%%~"}',
  'maps nothing': '{"version":3,"sources":[],"names":[],"mappings":""}',
}

for (const [what, text] of Object.entries(broken)) {
  test(`source maps: one that ${what}`, async (t) => {
    // Promise: the place is the compiled one, nothing is thrown or printed.
    const file = await compileMapped(t, {})
    if (text === undefined) rmSync(`${file}.map`)
    else writeFileSync(`${file}.map`, text)
    const sources = Object.values(await sourcesOf(t, file, on))
    t.is(sources.length, 4)
    for (const source of sources) t.is(source.replace(/\d+$/, ''), `${file}:`)
  })
}

test('source maps: not enabled', async (t) => {
  // Promise: without Node's source maps places are those of the file that runs.
  const file = await compileMapped(t, {})
  const sources = Object.values(await sourcesOf(t, file, {}))
  for (const source of sources) t.is(source.replace(/\d+$/, ''), `${file}:`)
})

test('places outside of files', (t) => {
  // Promise: code that is evaluated tells what it calls itself, or nothing; nothing is thrown.
  const db = openDatabase(t)
  const context = vm.createContext({ capture, db })
  const wrap = (filename: string): (() => number) =>
    vm.runInContext('\n\ncapture(() => 1, { db })', context, { filename }) as () => number
  const inMachine = vm.runInContext('capture(() => 1, { db })', context) as () => number
  wrap('C:\\app\\users.js')()
  wrap('node:internal/users')()
  wrap('file:///srv/app/users%20and.js')()
  wrap('file:///broken%zz')()
  wrap('https://example.org/users.js')()
  inMachine()
  // oxlint-disable-next-line no-eval -- it is what is tested
  const evaluate = eval as (text: string) => (take: typeof capture) => () => number
  evaluate('(capture) => capture(() => 1)\n//# sourceURL=named.js')
  const evaluated = evaluate('(capture) => capture(() => 1)')
  const inside = evaluated(((fn: () => number) => capture(fn, { db })) as typeof capture)
  t.is(inside(), 1)
  const sources = db.fetchAllSync().map(({ source }) => source)
  t.deepEqual(sources.slice(0, 6), [
    'C:\\app\\users.js:3',
    'node:internal/users:3',
    '/srv/app/users and.js:3',
    '',
    'https://example.org/users.js:3',
    'evalmachine.<anonymous>:1',
  ])
})

test('functions that share a name are told apart by their place', (t) => {
  // Promise: a second function of the same name gets its place added, a chosen name is kept.
  const db = openDatabase(t)
  const [one, two] = [
    capture(function find() {}, { db }),
    capture(function find() {}, { db }),
  ]
  one()
  two()
  capture('find', () => 1, { db })()
  const names = db.functionNames()
  t.is(names.length, 2)
  t.is(names[0], 'find')
  t.regex(names[1] ?? '', /^find \(.*45-names\.spec\.js:\d+\)$/)
  t.is(db.stats('find')?.count, 2)
})
