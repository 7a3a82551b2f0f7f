/** The package more than once in a process: loaded again, from elsewhere, in another realm. */

import { cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'

import test from 'ava'
import type { Health } from 'kronicler'

import { checkIdentity, fixturePath, rowsAfter, runForJson, tempDir } from './harness.js'

interface Printed {
  isSameModule: boolean
  isSameWrapper: boolean
  isSameDatabase: boolean
  names: string[][]
  healths: Health[]
}

const root = fixturePath('../../..')

/** As an installation has it: the files of the package and of its platform. */
function install(cwd: string): void {
  const folder = path.join(cwd, 'node_modules/kronicler')
  mkdirSync(folder, { recursive: true })
  for (const file of ['package.json', 'binding.cjs', 'dist/cjs', 'dist/esm', 'npm/local']) {
    cpSync(path.join(root, file), path.join(folder, file), { recursive: true })
  }
}

for (const way of ['again', 'withQuery']) {
  test(`a package that is loaded again goes on: ${way}`, async (t) => {
    // Promise: without its cache entries, or under another address, it finds the same database,
    // the same ring and what is captured already; each call is one row.
    const cwd = tempDir(t)
    const printed = await runForJson<Printed>(t, 'copies.cjs', { cwd, args: [way] })
    t.is(printed.isSameModule, way === 'withQuery')
    t.true(printed.isSameWrapper)
    t.true(printed.isSameDatabase)
    const names = ['once', 'once', 'own', 'block', 'manual', 'once']
    t.deepEqual(printed.names, [names, names, ['across', 'here']])
    for (const health of printed.healths) {
      t.deepEqual([health.lane, health.laneCount, health.ringCount], [0, 1, 1])
      t.is(health.seen, health.stored)
      checkIdentity(t, health)
    }
    t.is(rowsAfter(t, cwd).length, names.length)
  })
}

test('a second copy of the package has a lane of its own', async (t) => {
  // Promise: installed in two folders, each copy keeps what it captures, in one directory; a
  // function captured by both is captured once, by the first; both answer about all rows.
  const cwd = tempDir(t)
  install(cwd)
  const printed = await runForJson<Printed>(t, 'copies.cjs', { cwd, args: ['elsewhere'] })
  t.false(printed.isSameModule)
  t.true(printed.isSameWrapper)
  t.false(printed.isSameDatabase)
  const names = ['once', 'once', 'once', 'own', 'block', 'manual']
  t.deepEqual(
    printed.names.map((of) => of.toSorted()),
    [names.toSorted(), names.toSorted(), ['across', 'here']],
  )
  for (const health of printed.healths) {
    t.is(health.laneCount, 2)
    t.is(health.lost.clock, 0)
    checkIdentity(t, health)
  }
  const lanes = new Set(rowsAfter(t, cwd).map((row) => `${row.name} ${row.toJSON().lane}`))
  t.deepEqual([...lanes].toSorted(), ['block 1', 'manual 1', 'once 0', 'own 1'])
})
