// Compiles TypeScript: src-ts to dist/esm and dist/cjs, or with `test` __test__ to dist/test.

import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiler = path.join(
  path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
)

/** From an empty folder: what was compiled from a file that is gone must not be run again. */
function compile(project, output) {
  rmSync(path.join(root, output), { recursive: true, force: true })
  const { status } = spawnSync(process.execPath, [compiler, '--project', project], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}

if (process.argv[2] === 'test') {
  compile('__test__/tsconfig.json', 'dist/test')
} else {
  compile('tsconfig.json', 'dist/esm')
  compile('tsconfig.cjs.json', 'dist/cjs')
  mkdirSync(path.join(root, 'dist/cjs'), { recursive: true })
  writeFileSync(path.join(root, 'dist/cjs/package.json'), '{ "type": "commonjs" }\n')
}
