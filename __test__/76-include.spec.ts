/** The include list of `kronicler/register`: functions of modules that know nothing of it. */

import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { Row } from 'kronicler'

import { rowsAfter, run, tempDir } from './harness.js'
import type { Ended } from './harness.js'
import { testWith } from './tools.js'

const register = new URL('../esm/register.js', import.meta.url)
const required = fileURLToPath(new URL('../cjs/register.js', import.meta.url))
const fixtures = fileURLToPath(new URL('fixtures', import.meta.url))
const withFrameworks = testWith('__test__/frameworks')

type Files = Readonly<Record<string, string>>

/** A program in a directory of its own. */
function program(t: ExecutionContext, files: Files): string {
  const dir = tempDir(t)
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(dir, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return dir
}

/** Runs `main.cjs` or `main.mjs`, whichever is there. */
async function start(
  cwd: string,
  main: string,
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = ['--import', register.href],
): Promise<Ended> {
  return run(path.relative(fixtures, path.join(cwd, main)), { cwd, flags, env })
}

/** What a program printed, and what was captured of it, as `name outcome kind`, sorted. */
async function capturedOf(
  t: ExecutionContext,
  files: Files,
  main: string,
  include: string | undefined,
): Promise<{ stdout: string; lines: string[]; rows: Row[] }> {
  const cwd = program(t, files)
  const ended = await start(cwd, main, include === undefined ? {} : { KRONICLER_INCLUDE: include })
  t.deepEqual([ended.code, ended.signal, ended.stderr], [0, null, ''])
  const rows = rowsAfter(t, cwd)
  const lines = rows.map(({ name, outcome, kind }) => `${name} ${outcome} ${kind}`).toSorted()
  return { stdout: ended.stdout, lines, rows }
}

const commonJs: Files = {
  'main.cjs': `
    const { add, later, count, Users, frozen, secret } = require('./src/users.js')
    const whole = require('./src/whole.js')
    const compiled = require('./src/compiled.js')
    const other = require('./lib/other.js')
    later().then(() => {
      console.log(add(1, 2), [...count(2)], new Users().find(3), Users.create() instanceof Users)
      console.log(whole(4), whole.part(5), compiled.run(6), compiled.Things.all(), frozen.run(7))
      console.log(other.run(8), secret)
      try { new Users().fail() } catch (error) { console.log(error.message) }
    })`,
  'src/users.js': `
    exports.add = (a, b) => a + b
    exports.later = async function later() {}
    exports.count = function* (to) { for (let n = 0; n < to; n += 1) yield n }
    exports.Users = class Users {
      static create() { return new this() }
      find(id) { return this.#found(id) }
      fail() { throw new Error('no user') }
      #found(id) { return id }
    }
    exports.frozen = Object.freeze({ run: (value) => value })
    exports.secret = 'kept'
    Object.defineProperty(exports, 'lazy', { enumerable: true, get() { console.log('touched') } })`,
  'src/whole.js': `
    module.exports = function whole(value) { return value }
    module.exports.part = (value) => value`,
  // As compilers write it.
  'src/compiled.js': `
    Object.defineProperty(exports, '__esModule', { value: true })
    Object.defineProperty(exports, 'run', { enumerable: true, get: () => run })
    Object.defineProperty(exports, 'Things', { enumerable: true, get: () => Things })
    function run(value) { return value }
    class Things { static all() { return [] } }`,
  'lib/other.js': `exports.run = (value) => value`,
}
const commonJsOut = `3 [ 0, 1 ] 3 true
4 5 6 [] 7
8 kept
no user
`
const commonJsLines = [
  'src/compiled:Things.all ok sync',
  'src/compiled:run ok sync',
  'src/users:Users.create ok sync',
  'src/users:Users.fail error sync',
  'src/users:Users.find ok sync',
  'src/users:add ok sync',
  'src/users:count ok generator',
  'src/users:later ok async',
  'src/whole:part ok sync',
  'src/whole:whole ok sync',
]

test('functions and methods that CommonJS modules export are captured', async (t) => {
  // Promise: all that files of the list export, and nothing else; the program does what it did.
  const { stdout, lines, rows } = await capturedOf(t, commonJs, 'main.cjs', './src/**')
  t.is(stdout, commonJsOut)
  t.deepEqual(lines, commonJsLines)
  const sources = new Map(rows.map(({ name, source }) => [name, source]))
  t.is(sources.get('src/users:add'), 'src/users.js:2')
  t.is(sources.get('src/users:Users.fail'), 'src/users.js:8')
  t.is(sources.get('src/whole:whole'), 'src/whole.js:2')
})

test('CommonJS modules that a bundler has made are captured', async (t) => {
  // Promise: also where they call themselves modules, as rolldown and rollup write it.
  const files = {
    'main.cjs': `
      const { run, Things } = require('./made.js')
      console.log(run(1), new Things().all(), String(require('./made.js')))`,
    'made.js': `
      Object.defineProperty(exports, Symbol.toStringTag, { value: 'Module' })
      const run = (value) => value
      class Things { all() { return 2 } }
      exports.run = run
      exports.Things = Things`,
  }
  const { stdout, lines } = await capturedOf(t, files, 'main.cjs', './made')
  t.is(stdout, '1 2 [object Module]\n')
  t.deepEqual(lines, ['made:Things.all ok sync', 'made:run ok sync'])
})

test('what is installed below is meant by a pattern that says so only', async (t) => {
  // Promise: ./** is the application's own; its packages can be named by their path.
  const files = {
    'main.cjs': `require('./own.js').run(1); require('tools').run(2)`,
    'own.js': 'exports.run = (value) => value',
    'node_modules/tools/index.js': 'exports.run = (value) => value',
  }
  const own = await capturedOf(t, files, 'main.cjs', './**')
  t.deepEqual(own.lines, ['own:run ok sync'])
  const installed = await capturedOf(t, files, 'main.cjs', './node_modules/{tools,other}/*')
  t.deepEqual(installed.lines, ['node_modules/tools/index:run ok sync'])
})

test('CommonJS modules are captured when they are imported, too', async (t) => {
  // Promise: how a module is loaded makes no difference.
  const files = {
    ...commonJs,
    'main.mjs': `
      import * as users from './src/users.js'
      import whole from './src/whole.js'
      import './main.cjs'
      users.add(1, 2)
      whole(1)`,
  }
  const { stdout, lines } = await capturedOf(t, files, 'main.mjs', './src/**')
  t.is(stdout, commonJsOut)
  const twice = ['src/users:add ok sync', 'src/whole:whole ok sync']
  t.deepEqual(lines, [...commonJsLines, ...twice].toSorted())
})

const modules: Files = {
  'package.json': '{ "type": "module" }',
  'main.js': `
    import main, { add, later, count, Users } from './src/users.js'
    import { first, listed as second, renamed } from './src/users.js'
    import handler from './src/handler.js'
    import * as star from './src/star.js'
    import { even } from './src/even.js'
    import anonymous from './src/anonymous.js'
    await later()
    console.log(add(1, 2), [...count(2)], new Users().find(3), main(4), first(5), second(6))
    console.log(handler(7), star.add === add, even(4), anonymous(8), renamed(9), star.fixed)
    try { new Users().fail() } catch (error) { console.log(error.message) }`,
  'src/users.js': `#!/usr/bin/env node
    import { helper } from '../lib/helper.js'
    const pattern = /export const not = \`/g, other = 1 / 2 / 3
    // export function commented() {}
    const text = \`export function quoted() {} \${[1].map((one) => { return \`\${one}\` })}\`
    export const add = (a, b) => helper(a) + b, fixed = { pattern, other, text }.other * 6
    export async function later() {}
    export function* count(to) { for (let n = 0; n < to; n += 1) yield n }
    export default function main(value) { return hidden(value) }
    export class Users {
      find(id) { return id }
      fail() { throw new Error('no user') }
    }
    export let first = function (value) { return value }
    const listed = (value) => value
    function inside(value) { return value }
    export { listed, inside as renamed }
    function hidden(value) { return value }`,
  'src/handler.js': `
    const handler = (value) => value
    export default handler`,
  'src/star.js': `export * from './users.js'`,
  // In a cycle.
  'src/even.js': `
    import { odd } from './odd.js'
    export const even = (value) => value === 0 || odd(value - 1)`,
  'src/odd.js': `
    import { even } from './even.js'
    export function odd(value) { return value !== 0 && even(value - 1) }`,
  'src/anonymous.js': `export default (value) => value`,
  'lib/helper.js': `export function helper(value) { return value }`,
}

test('functions and methods that ES modules export are captured', async (t) => {
  // Promise: as with CommonJS; what is declared in any way is found, and text that only looks like
  // it is not touched.
  const { stdout, lines, rows } = await capturedOf(t, modules, 'main.js', './src/**')
  t.is(stdout, '3 [ 0, 1 ] 3 4 5 6\n7 true true 8 9 1\nno user\n')
  t.deepEqual(lines, [
    'src/even:even ok sync',
    'src/even:even ok sync',
    'src/even:even ok sync',
    'src/handler:handler ok sync',
    'src/odd:odd ok sync',
    'src/odd:odd ok sync',
    'src/users:Users.fail error sync',
    'src/users:Users.find ok sync',
    'src/users:add ok sync',
    'src/users:count ok generator',
    'src/users:first ok sync',
    'src/users:later ok async',
    'src/users:listed ok sync',
    'src/users:main ok sync',
    'src/users:renamed ok sync',
  ])
  const sources = new Map(rows.map(({ name, source }) => [name, source]))
  t.is(sources.get('src/users:add'), 'src/users.js:6')
  t.is(sources.get('src/users:main'), 'src/users.js:9')
  t.is(sources.get('src/users:Users.fail'), 'src/users.js:12')
})

const packages: Files = {
  'package.json': `{
    "type": "module",
    "kronicler": { "include": ["pg:Client.prototype.query", "tools:*", "@shop/kit:run"] }
  }`,
  'main.cjs': `
    const { Client } = require('pg')
    require('./node_modules/tools')
    const tools = require('tools')
    const client = new Client()
    console.log(client.end(), tools.map([1], (one) => one + 1), tools([2]))
    console.log(require('tools/deep').run(3))
    client.query('SELECT 1', (error, rows) => {
      console.log(rows)
      import('./more.js')
    })`,
  'more.js': `
    import { run, stay } from '@shop/kit'
    import { Client } from 'pg'
    console.log(run(4), stay(5), new Client().end())`,
  'node_modules/pg/package.json': '{ "name": "pg", "main": "lib/index.js" }',
  'node_modules/pg/lib/index.js': `exports.Client = require('./client.js')`,
  'node_modules/pg/lib/client.js': `
    module.exports = class Client {
      query(text, callback) { setImmediate(callback, null, [text]) }
      end() { return 'ended' }
    }`,
  'node_modules/tools/index.js': `
    function tools(values) { return values }
    tools.map = (values, fn) => values.map(fn)
    module.exports = tools`,
  'node_modules/tools/deep.js': 'exports.run = (value) => value',
  'node_modules/@shop/kit/package.json':
    '{ "type": "module", "exports": { "import": "./index.js" } }',
  'node_modules/@shop/kit/index.js': `
    export * from './run.js'
    export { stay } from './stay.js'`,
  'node_modules/@shop/kit/run.js': 'export const run = (value) => value',
  'node_modules/@shop/kit/stay.js': 'export const stay = (value) => value',
}

test('what a module hands out of Node and the language is let alone', async (t) => {
  // Promise: it is shared by the whole program, so nothing of it is replaced, however it is named.
  const files = {
    'main.cjs': `
      const look = () =>
        [Object.keys, process.cwd, setTimeout, require('fs').statSync, URL.prototype.toString]
      const before = look()
      require('./object.js').keys({})
      require('./process.js').cwd()
      require('./all.js').clearTimeout()
      require('./fs.js').statSync('.')
      const { Address, now, own } = require('./parts.js')
      String(new Address('a:b').toString() + now() + own())
      console.log(look().every((fn, index) => fn === before[index]))`,
    'object.js': 'module.exports = Object',
    'process.js': 'module.exports = process',
    'all.js': 'module.exports = globalThis',
    'fs.js': `module.exports = require('fs')`,
    'parts.js': 'Object.assign(exports, { Address: URL, now: Date.now, own: () => 1 })',
  }
  const { stdout, lines } = await capturedOf(t, files, 'main.cjs', './**')
  t.is(stdout, 'true\n')
  t.deepEqual(lines, ['parts:own ok sync'])
})

test('modules may have names of the language for things of their own', async (t) => {
  // Promise: what the line at the end of a module needs may be something else there; it is loaded.
  const files = {
    'main.mjs': `
      import { Symbol, run } from './symbol.mjs'
      import { globalThis as own, run as other } from './global.mjs'
      import { last } from './plain.mjs'
      console.log(new Symbol().name, run(1), own, other(2), last(3))`,
    'symbol.mjs': `
      export class Symbol { name = 'mine' }
      export const run = (value) => value`,
    'global.mjs': `
      export const globalThis = 'mine'
      export const run = (value) => value`,
    'plain.mjs': 'export const last = (value) => value',
  }
  const { stdout, lines } = await capturedOf(t, files, 'main.mjs', './**')
  t.is(stdout, 'mine 1 mine 2 3\n')
  t.deepEqual(lines, ['plain:last ok sync'])
})

test('members of packages are captured, and no others', async (t) => {
  // Promise: package.json has the list; a name is what a program imports, not a path in a package.
  const cwd = program(t, packages)
  const ended = await start(cwd, 'main.cjs')
  t.deepEqual([ended.code, ended.stderr], [0, ''])
  t.is(ended.stdout, "ended [ 2 ] [ 2 ]\n3\n[ 'SELECT 1' ]\n4 5 ended\n")
  const lines = rowsAfter(t, cwd).map(({ name, outcome, kind }) => `${name} ${outcome} ${kind}`)
  t.deepEqual(lines.toSorted(), [
    '@shop/kit:run ok sync',
    'pg:Client.query ok sync',
    'tools:map ok sync',
    'tools:tools ok sync',
  ])
})

test('patterns that are wrong or meet nothing are told once', async (t) => {
  // Promise: a warning with a code names each, however the program ends; the others are captured.
  const cwd = program(t, {
    ...commonJs,
    'exiting.cjs': `require('./src/users.js').add(1, 2); setImmediate(() => process.exit(3))`,
  })
  const include = './src/users.js:{ad, ./src/**:nothing, ./nowhere/*, absent, node:fs, a b, ' +
    './src/users:add, pg:a-b'
  const ended = await start(cwd, 'exiting.cjs', { KRONICLER_INCLUDE: include })
  t.is(ended.code, 3)
  const warned = [...ended.stderr.matchAll(/\[KRONICLER_INCLUDE\] KroniclerWarning: "(.*?)"/g)]
  t.deepEqual(warned.map(([, text]) => text).toSorted(), [
    './nowhere/*',
    './src/**:nothing',
    './src/users.js:{ad',
    'a b',
    'absent',
    'node:fs',
    'pg:a-b',
  ])
  t.deepEqual(rowsAfter(t, cwd).map(({ name }) => name), ['src/users:add'])
})

test('patterns with many wildcards are as fast as others', async (t) => {
  // Promise: a program begins at once, whatever its list looks like; wildcards mean what they do.
  const name = 'a'.repeat(60)
  const files = {
    'main.cjs': `require('./x/y/${name}.js').run(1)`,
    [`x/y/${name}.js`]: 'exports.run = (value) => value',
  }
  const hit = './**/**/y/*a*a?a*{b,aaa,}*a*:run'
  const missed = `./**/${'*a'.repeat(30)}*b:run`
  const cwd = program(t, files)
  const ended = await start(cwd, 'main.cjs', { KRONICLER_INCLUDE: `${missed},${hit}` })
  t.is(ended.code, 0)
  t.deepEqual(rowsAfter(t, cwd).map((row) => row.name), [`x/y/${name}:run`])
  t.is(ended.stderr.split('KroniclerWarning').length, 2, ended.stderr)
})

test('large modules are read as others are', async (t) => {
  // Promise: functions beside a text of millions of characters are captured, and each of those that
  // look the same stands in its own line.
  const classes = ['First', 'Second', 'Third'].map(
    (name) => `export class ${name} {\n  run() { return 1 }\n}\n`,
  )
  const files = {
    'main.mjs': `
      import { First, Second, Third, data } from './large.mjs'
      for (const Each of [Third, First, Second]) new Each().run()
      console.log(data.length)`,
    'large.mjs': `export const data = '${'A'.repeat(20_000_000)}'\n${classes.join('')}`,
  }
  const { stdout, rows } = await capturedOf(t, files, 'main.mjs', './large.mjs')
  t.is(stdout, '20000000\n')
  t.deepEqual(rows.map(({ name, source }) => `${name} ${source}`), [
    'large:Third.run large.mjs:9',
    'large:First.run large.mjs:3',
    'large:Second.run large.mjs:6',
  ])
})

test('a process that is not the application warns of nothing', async (t) => {
  // Promise: npm and others, which pass the variable on, stay silent.
  const cwd = tempDir(t)
  const elsewhere = program(t, { 'main.cjs': '' })
  const main = path.relative(fixtures, path.join(elsewhere, 'main.cjs'))
  const flags = ['--import', register.href]
  const ended = await run(main, { cwd, flags, env: { KRONICLER_INCLUDE: './src/**' } })
  t.deepEqual([ended.code, ended.stderr], [0, ''])
})

test('KRONICLER_LOG tells what is captured', async (t) => {
  // Promise: each function with its place, on stderr.
  const cwd = program(t, commonJs)
  const env = { KRONICLER_INCLUDE: './src/users.js:add', KRONICLER_LOG: 'kronicler=debug' }
  const ended = await start(cwd, 'main.cjs', env)
  t.is(ended.stdout, commonJsOut)
  const said = / DEBUG kronicler::include\] captures src\/users:add \(src\/users\.js:2\)\n/
  t.regex(ended.stderr, said)
})

const typed: Files = {
  'package.json': '{ "type": "module" }',
  'main.ts': `
    import { Worker, isMainThread } from 'node:worker_threads'
    import { Users, find } from './src/users.ts'
    import legacy from './src/legacy.cts'
    await find(1)
    new Users().get(1)
    legacy.double(2)
    if (isMainThread) new Worker(new URL(import.meta.url))`,
  'src/users.ts': `
    export interface User { id: number }
    export type { User as Person }
    export const find = async <T extends User>(id: number): Promise<T> => ({ id }) as T
    export class Users {
      private readonly all: User[] = []
      get(id: number): User | undefined { return this.all[id] }
    }`,
  'src/legacy.cts': `
    const double = (value: number): number => 2 * value
    module.exports = { double }`,
}

test('TypeScript is captured where Node runs it, in workers, too', async (t) => {
  // Promise: types change nothing, places are those in the source; a worker captures as its parent.
  if (!('typescript' in process.features)) {
    t.pass()
    return
  }
  const { lines, rows } = await capturedOf(t, typed, 'main.ts', './src/**')
  const ofUsers = ['src/users:Users.get ok sync', 'src/users:find ok async']
  const one = ['src/legacy:double ok sync', ...ofUsers]
  t.deepEqual(lines, [...one, ...one].toSorted())
  const sources = new Set(rows.map(({ source }) => source))
  t.deepEqual([...sources].toSorted(), ['src/legacy.cts:2', 'src/users.ts:4', 'src/users.ts:7'])
})

test('a working directory that is gone does no harm', async (t) => {
  // Promise: the program starts, with what can be captured without one.
  const cwd = program(t, commonJs)
  const gone = path.join(cwd, 'gone')
  mkdirSync(gone)
  const shell = `cd '${gone}' && rmdir '${gone}' && exec`
  const env = { KRONICLER_INCLUDE: './src/**,pg', KRONICLER_DIR: path.join(cwd, 'calls') }
  const main = path.relative(fixtures, path.join(cwd, 'main.cjs'))
  const ended = await run(main, { cwd, flags: ['--require', required], env, shell })
  t.deepEqual([ended.code, ended.stdout], [0, commonJsOut], ended.stderr)
})

for (const order of ['before', 'after']) {
  withFrameworks(`hooks of other tools loaded ${order} ours do no harm`, async (t) => {
    // Promise: import-in-the-middle and require-in-the-middle do their work, and so do we.
    const hooks = fileURLToPath(new URL('frameworks/hooks.mjs', import.meta.url))
    const flags = ['--import', register.href, '--import', hooks]
    if (order === 'before') flags.unshift(...flags.splice(2))
    for (const [files, main] of [[commonJs, 'main.cjs'], [modules, 'main.js']] as const) {
      const cwd = program(t, files)
      const ended = await start(cwd, main, { KRONICLER_INCLUDE: './src/**' }, flags)
      t.is(ended.code, 0, ended.stderr)
      const names = rowsAfter(t, cwd).map(({ name }) => name)
      t.true(names.includes('src/users:add'), names.join('\n'))
    }
  })
}
