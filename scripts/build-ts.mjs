// Compiles TypeScript: src-ts to dist/esm and dist/cjs, or with `test` __test__ to dist/test.
//
// Types come from tsc, one set for each module system. The code is bundled into one file, and one
// more for include lists, because a program that starts would otherwise wait for 31 of them, and
// because all entries of the package share its state. An entry only names what it takes from there:
// for `require` in dist/cjs, for `import` and bundlers in dist/esm. Small files, because Node
// looks for names in what is imported with a parser that takes Node 20 some 20 ms for all of it.

import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiler = path.join(
  path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
)

/** From an empty folder: what was compiled from a file that is gone must not be run again. */
function compile(project, output, ...options) {
  rmSync(path.join(root, output), { recursive: true, force: true })
  const { status } = spawnSync(process.execPath, [compiler, '--project', project, ...options], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}

/**
 * The finder of the addon stays outside: its literal requires are for the bundlers of users. So
 * does what the code for include lists, and all other, ask of each other.
 */
function bundle(entry, output, format = 'cjs') {
  buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: output,
    bundle: true,
    external: ['*/binding.cjs', './include/include.js', '../inner.js'],
    format,
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
  })
}

/** A bundle of ES modules has no `require`, and this file may become part of one. */
function freeOfRequire(file) {
  const code = readFileSync(file, 'utf8')
  const free = code.replaceAll(/\brequire\(("node:[\w/]+")\)/g, 'process.getBuiltinModule($1)')
  writeFileSync(file, free)
}

/** Writes the files of an entry, which is a namespace of the bundle; `inner` is no entry. */
function writeEntry(name, exported) {
  const names = Object.keys(exported).toSorted()
  const taken = names.map((one) => `exports.${one} = entry.${one}\n`).join('')
  const cjs = `'use strict'\n\nconst entry = require('./bundle.js').${name}\n\n${taken}`
  writeFileSync(path.join(root, `dist/cjs/${name}.js`), cjs)
  if (name === 'inner') return
  const esm = `export { ${names.join(', ')} } from '../cjs/${name}.js'\n`
  writeFileSync(path.join(root, `dist/esm/${name}.js`), esm)
}

if (process.argv[2] === 'test') {
  compile('__test__/tsconfig.json', 'dist/test')
} else {
  compile('tsconfig.json', 'dist/esm', '--emitDeclarationOnly')
  compile('tsconfig.cjs.json', 'dist/cjs', '--emitDeclarationOnly')
  const file = path.join(root, 'dist/cjs/bundle.js')
  bundle('src-ts/bundle.ts', 'dist/cjs/bundle.js')
  freeOfRequire(file)
  // It takes half as long to compile as all other, and few programs have a list.
  bundle('src-ts/include/include.ts', 'dist/cjs/include/include.js')
  freeOfRequire(path.join(root, 'dist/cjs/include/include.js'))
  // Hooks of ES modules run in a thread of their own before Node 22.15.
  bundle('src-ts/include/loader.ts', 'dist/esm/loader.js', 'esm')
  writeFileSync(path.join(root, 'dist/cjs/package.json'), '{ "type": "commonjs" }\n')
  const entries = createRequire(import.meta.url)(file)
  for (const [name, exported] of Object.entries(entries)) writeEntry(name, exported)
  // The one entry that does something when it is loaded.
  appendFileSync(path.join(root, 'dist/cjs/register.js'), '\nentry.register()\n')
}
