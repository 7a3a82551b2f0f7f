/** What TypeScript makes of the package: decorators that run, types that hold, a reference. */

import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import test from 'ava'
import { build } from 'esbuild'
import type { ExecutionContext } from 'ava'

import { fixturePath, runForJson, tempDir } from './harness.js'
import { testWith } from './tools.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
// TypeDoc brings along the older TypeScript; it is installed on demand, because two of them in
// one folder would fight for the name `tsc`.
const typedoc = path.join(root, 'docs/typedoc')

const compilers: Record<string, { tsc: string; options: string[] }> = {
  'TypeScript 7': {
    tsc: path.join(root, 'node_modules/typescript/bin/tsc'),
    options: ['--ignoreConfig'],
  },
  'TypeScript 5.9': { tsc: path.join(typedoc, 'node_modules/typescript/bin/tsc'), options: [] },
}

interface Ended {
  code: number | null
  output: string
}

function execute(cwd: string, program: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

test.before('the older TypeScript is installed', async (t) => {
  t.timeout(300_000)
  if (existsSync(path.join(typedoc, 'node_modules/typescript'))) return
  const { code, output } = await execute(typedoc, 'npm', ['ci', '--ignore-scripts'])
  t.is(code, 0, output)
})

const common = '--strict --exactOptionalPropertyTypes --types node'
const library = '--lib es2023,esnext.disposable,decorators'

async function compile(t: ExecutionContext, compiler: string, args: string): Promise<void> {
  const { tsc, options } = compilers[compiler] ?? { tsc: '', options: [] }
  const words = `${common} ${library} ${args}`.split(' ')
  const { code, output } = await execute(root, process.execPath, [tsc, ...options, ...words])
  t.is(code, 0, output)
}

interface Kind {
  /** Options of tsc. */
  readonly options: string
  /** What tsconfig.json says, for esbuild. */
  readonly compilerOptions: Record<string, boolean>
}

const kinds: Record<string, Kind> = {
  standard: { options: '', compilerOptions: {} },
  legacy: {
    options: '--experimentalDecorators --emitDecoratorMetadata --useDefineForClassFields false',
    compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false },
  },
}

for (const compiler of Object.keys(compilers)) {
  for (const [kind, { options }] of Object.entries(kinds)) {
    for (const [resolution, system] of [
      ['node16', 'node16'],
      ['bundler', 'preserve'],
    ]) {
      test.serial(`types: ${compiler}, ${kind} decorators, ${resolution}`, async (t) => {
        // Promise: the built declarations give what is captured its own type, for consumers that
        // import and that require; wrong uses do not compile.
        t.timeout(120_000)
        const files = ['api.mts', 'api.cts', `${kind}.mts`].map((file) => `__test__/types/${file}`)
        const modules = `--module ${system} --moduleResolution ${resolution}`
        const all = `--noEmit --target es2022 ${modules} ${options} ${files.join(' ')}`
        await compile(t, compiler, all.replaceAll('  ', ' '))
      })
    }
  }
}

for (const compiler of Object.keys(compilers)) {
  testWith('__test__/frameworks')(`types: ${compiler}, frameworks`, async (t) => {
    // Promise: each framework's own types take our middleware without a cast.
    t.timeout(120_000)
    const modules = '--module nodenext --skipLibCheck'
    await compile(t, compiler, `--noEmit --target es2022 ${modules} __test__/frameworks/types.mts`)
  })
}

interface Printed {
  results: unknown[]
  names: string[]
  sources: Record<string, string>
}

type Compile = (t: ExecutionContext, kind: string, dir: string) => Promise<string>

function byTsc(compiler: string, target: string): Compile {
  return async (t, kind, dir) => {
    const out = `--rootDir __test__/decorators --outDir ${dir} --skipLibCheck`
    const how = `--target ${target} --module node16 ${kinds[kind]?.options ?? ''}`.trim()
    await compile(t, compiler, `${out} ${how} __test__/decorators/${kind}.ts`)
    return `${kind}.js`
  }
}

function byEsbuild(format: 'cjs' | 'esm', target: string): Compile {
  return async (_, kind, dir) => {
    const name = `${kind}.${format === 'cjs' ? 'cjs' : 'mjs'}`
    await build({
      entryPoints: [path.join(root, `__test__/decorators/${kind}.ts`)],
      outfile: path.join(root, dir, name),
      format,
      target,
      keepNames: true,
      tsconfigRaw: { compilerOptions: kinds[kind]?.compilerOptions ?? {} },
    })
    return name
  }
}

const ways: Record<string, Compile> = {
  'TypeScript 7, es2022': byTsc('TypeScript 7', 'es2022'),
  'TypeScript 7, es2017': byTsc('TypeScript 7', 'es2017'),
  'TypeScript 5.9, es2022': byTsc('TypeScript 5.9', 'es2022'),
  'TypeScript 5.9, es2015': byTsc('TypeScript 5.9', 'es2015'),
  'esbuild, es2022, import': byEsbuild('esm', 'es2022'),
  'esbuild, es2020, require': byEsbuild('cjs', 'es2020'),
}

/** Results, and rows in their order: `name` alone means kind `sync` and outcome `ok`. */
const expected: Record<string, { results: unknown[]; names: string }> = {
  standard: {
    results: [
      [2, 'called', 'sub of base', true, 'later', [1, 2], 3, 7, 8, 8, 'static field'],
      [['hidden', 'secret'], null, 5, 'failed', true, true, 3, 'plain', 1],
      [['handler', 'optional']],
    ].flat(),
    names: `Base.plain, Base.called, Base.overridden, Sub.overridden, Base.make,
      Base.later async ok, Base.count generator ok,
      Base.get size, Base.get level, Base.handler, get both, Base.run, Base.#hidden,
      Base.#secret, Base.set size, Base.set level, chosen, optioned, Base.configured,
      twice, Base.[key], Base.fails sync error, Base.overridden, Made, Made, Made, detached`,
  },
  legacy: {
    results: [
      [2, 'called', 'sub of base', true, 3, 8, 8, 'static field', null, 5, 9, 'failed'],
      [true, true, ['handler'], 'later', [1, 2], 'plain'],
    ].flat(),
    names: `Base.plain, Base.called, Base.overridden, Sub.overridden, Base.make, Base.get size,
      get both, Base.handler, Base.run, Base.set size, set both, chosen, optioned, Base.configured,
      twice, Base.[key], Base.5, Base.fails sync error, Base.overridden, Made, Made,
      Base.later async ok, Base.count generator ok`,
  },
}

function rowsOf(names: string): string[] {
  return names
    .split(/,\s+/)
    .map((name) => (/ (?:ok|error)$/.test(name) ? name : `${name} sync ok`))
}

/** The name of a member in the code, where it is not the last word of its rows' name. */
const members: Partial<Record<string, string>> = {
  'get both': 'depth',
  'set both': 'depth',
  chosen: 'named',
  'Base.[key]': '',
}

/** A line of compiled code tells of the member, or begins what tells of it. */
function checkSources(t: ExecutionContext, file: string, sources: Record<string, string>): void {
  const lines = readFileSync(file, 'utf8').split('\n')
  for (const [name, source] of Object.entries(sources)) {
    const [, base, line] = /^(?:.*[/\\])?([^/\\]+):(\d+)$/.exec(source) ?? []
    t.is(base, path.basename(file), `${name}: ${source}`)
    const member = members[name] ?? String(/\w+$/.exec(name))
    const near = lines.slice(Number(line) - 1, Number(line) + 7).join('\n')
    t.true(near.includes(member), `${name} is not near ${source}`)
  }
}

for (const [kind, { results, names }] of Object.entries(expected)) {
  for (const [way, compileTo] of Object.entries(ways)) {
    test.serial(`${kind} decorators: ${way}`, async (t) => {
      // Promise: each call is recorded once, as `Class.member` of the class that declares it, with
      // the place of the decorator; with KRONICLER_ENABLED=0 nothing is changed.
      t.timeout(120_000)
      const dir = path.join('dist/decorators', `${kind} ${way}`.replaceAll(/[^\w.]+/g, '-'))
      rmSync(path.join(root, dir), { recursive: true, force: true })
      const name = await compileTo(t, kind, dir)
      const file = path.join(root, dir, name)
      const fixture = path.relative(path.dirname(fixturePath('x')), file)
      const printed = await runForJson<Printed>(t, fixture, { cwd: tempDir(t) })
      t.deepEqual(printed.results, results)
      t.deepEqual(printed.names, rowsOf(names))
      checkSources(t, file, printed.sources)
      const env = { KRONICLER_ENABLED: '0' }
      const bare = await runForJson<Printed>(t, fixture, { cwd: tempDir(t), env })
      t.deepEqual([bare.results, bare.names], [results, []])
    })
  }
}

test.serial('the reference builds', async (t) => {
  // Promise: everything public is documented, TypeDoc has nothing to warn of.
  t.timeout(120_000)
  const { code, output } = await execute(typedoc, process.execPath, [
    path.join(typedoc, 'node_modules/typedoc/bin/typedoc'),
  ])
  t.is(code, 0, output)
})
