// Compiles TypeScript: src-ts to dist/esm and dist/cjs, or with `test` __test__ to dist/test.
//
// Types come from tsc, one set for each module system. The code is bundled into one file, because
// a program that starts would otherwise wait for 31 of them; index.mjs is the entry for `import`.

import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
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

/** The finder of the addon stays outside: its literal requires are for the bundlers of users. */
function bundle(entry, output) {
  buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: output,
    bundle: true,
    external: ['*/binding.cjs'],
    format: 'cjs',
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

/** What bundlers take for `import`: the same copy, so that a bundle has one, too. */
function reexport(file, from) {
  const names = Object.keys(createRequire(import.meta.url)(path.join(root, from))).toSorted()
  const specifier = path.posix.relative(path.posix.dirname(file), from)
  const head = '// For bundlers: what `require` gives, by name.\n'
  const code = `${head}export { ${names.join(', ')} } from '${specifier}'\n`
  writeFileSync(path.join(root, file), code)
}

if (process.argv[2] === 'test') {
  compile('__test__/tsconfig.json', 'dist/test')
} else {
  compile('tsconfig.json', 'dist/esm', '--emitDeclarationOnly')
  compile('tsconfig.cjs.json', 'dist/cjs', '--emitDeclarationOnly')
  bundle('src-ts/index.ts', 'dist/cjs/index.js')
  freeOfRequire(path.join(root, 'dist/cjs/index.js'))
  writeFileSync(path.join(root, 'dist/cjs/package.json'), '{ "type": "commonjs" }\n')
  reexport('dist/esm/index.js', 'dist/cjs/index.js')
}
