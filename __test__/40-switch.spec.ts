/** Off switch, missing addon, environment: the app runs as if nothing were there. */

import { readdirSync, writeFileSync } from 'node:fs'

import test from 'ava'
import type { Health } from 'kronicler'

import { checkIdentity, rowsAfter, run, runForJson, tempDir } from './harness.js'

interface Printed {
  isBare: boolean[]
  ran: number[]
  misuse: string
  attempts: Record<string, unknown>
  isLoaded: boolean
  enabled: boolean
  health: Health
  warnings: string[]
}

for (const value of ['0', 'false', 'OFF']) {
  test(`KRONICLER_ENABLED=${value} switches off`, async (t) => {
    // Promise: capture returns the very function, nothing is made on disk, wrong arguments are
    // still told.
    const cwd = tempDir(t)
    const env = { KRONICLER_ENABLED: value }
    const printed = await runForJson<Printed>(t, 'absent.js', { cwd, env })
    t.deepEqual(printed.isBare, [true, true, true, true])
    t.deepEqual(printed.ran, [5, 6])
    t.regex(printed.misuse, /TypeError/)
    t.is(printed.attempts['capture'], null)
    t.deepEqual(printed.attempts['stats'], [])
    t.is(printed.attempts['flush'], null)
    t.false(printed.enabled)
    t.is(printed.health.state, 'idle')
    t.deepEqual(printed.warnings, [])
    t.deepEqual(readdirSync(cwd), [])
  })
}

test('switched off, the addon is not even loaded', async (t) => {
  // Promise: with KRONICLER_ENABLED=0 a program that only captures never loads the addon.
  const cwd = tempDir(t)
  const env = { KRONICLER_ENABLED: '0', KRONICLER_BINARY: '/nowhere/kronicler.node' }
  const ended = await run('ending.js', { cwd, env, args: ['exit'] })
  t.deepEqual([ended.code, ended.stdout, ended.stderr], [7, '', ''])
  t.deepEqual(readdirSync(cwd), [])
})

const binaries: Record<string, (cwd: string) => string> = {
  'a missing addon': (cwd) => `${cwd}/missing.node`,
  'garbage in place of the addon': (cwd) => {
    writeFileSync(`${cwd}/garbage.node`, 'not a library')
    return `${cwd}/garbage.node`
  },
  'an addon of another version': (cwd) => {
    writeFileSync(`${cwd}/old.cjs`, "exports.VERSION = '0.0.1'\n")
    return `${cwd}/old.cjs`
  },
}

for (const [what, place] of Object.entries(binaries)) {
  test(`${what} stops nothing`, async (t) => {
    // Promise: functions run bare, one warning, health() says why, explicit calls throw
    // KRONICLER_NO_BINARY, except for closing.
    const cwd = tempDir(t)
    const env = { KRONICLER_BINARY: place(cwd) }
    const printed = await runForJson<Printed>(t, 'absent.js', { cwd, env })
    t.deepEqual(printed.isBare, [true, true, true, true])
    t.deepEqual(printed.ran, [5, 6])
    t.regex(printed.misuse, /TypeError/)
    const { close, ...others } = printed.attempts
    t.is(close, null)
    for (const [name, code] of Object.entries(others)) t.is(code, 'KRONICLER_NO_BINARY', name)
    t.false(printed.isLoaded)
    t.false(printed.enabled)
    t.is(printed.health.state, 'absent')
    t.regex(printed.health.error ?? '', /KRONICLER_BINARY/)
    checkIdentity(t, printed.health)
    t.deepEqual(printed.warnings, ['KRONICLER_NO_BINARY'])
  })
}

const major = Number(process.versions.node.split('.', 1)[0])
const permission = [
  major < 22 ? '--experimental-permission' : '--permission',
  '--allow-fs-read=*',
]

for (const [what, flags] of Object.entries({
  '--no-addons': ['--no-addons'],
  'the permission model': permission,
  'the permission model with files': [...permission, '--allow-fs-write=*'],
})) {
  test(`a process that may load no addon: ${what}`, async (t) => {
    // Promise: functions run bare, one warning, and health() says which option of Node it is.
    const cwd = tempDir(t)
    const printed = await runForJson<Printed>(t, 'absent.js', { cwd, flags })
    t.deepEqual(printed.isBare, [true, true, true, true])
    t.deepEqual(printed.ran, [5, 6])
    t.is(printed.attempts['flush'], 'KRONICLER_NO_BINARY')
    t.is(printed.attempts['close'], null)
    t.false(printed.isLoaded)
    t.is(printed.health.state, 'absent')
    t.regex(printed.health.error ?? '', /--no-addons.*--allow-addons/)
    const warnings = printed.warnings.filter((code) => code?.startsWith('KRONICLER_'))
    t.deepEqual(warnings, ['KRONICLER_NO_BINARY'])
    t.deepEqual(readdirSync(cwd), [])
  })
}

test('addons are allowed under the permission model', async (t) => {
  // Promise: --allow-addons is all that it takes; the files of the database are the addon's.
  const cwd = tempDir(t)
  const flags = [...permission, '--allow-addons']
  const ended = await run('ending.js', { cwd, flags, args: ['exit'] })
  t.is(ended.code, 7, ended.stderr)
  t.false(ended.stderr.includes('KRONICLER'), ended.stderr)
  t.is(rowsAfter(t, cwd).length, 1_000)
})

test('bad values of variables are told once and ignored', async (t) => {
  // Promise: the default is used, one warning for each variable names it, nothing throws.
  const cwd = tempDir(t)
  const env = {
    KRONICLER_ENABLED: 'perhaps',
    KRONICLER_DURABILITY: 'always',
    KRONICLER_CLOCK: 'sundial',
    KRONICLER_MAX_BYTES: 'much',
    KRONICLER_MAX_AGE: '14',
    KRONICLER_LOG: '=!=',
  }
  const ended = await run('ending.js', { cwd, env, args: ['natural'] })
  t.is(ended.code, 0)
  for (const name of ['ENABLED', 'DURABILITY', 'CLOCK', 'MAX_BYTES', 'MAX_AGE']) {
    t.is(ended.stderr.split(`KRONICLER_${name}=`).length, 2, ended.stderr)
  }
  t.is(ended.stderr.split('KRONICLER_BAD_ENV').length, 6)
  t.is(rowsAfter(t, cwd).length, 1_000)
})

for (const clock of ['tsc', 'os'] as const) {
  test(`KRONICLER_CLOCK=${clock} is used`, async (t) => {
    // Promise: the clock can be chosen, and both give rows with times of today.
    const cwd = tempDir(t)
    const env = { KRONICLER_CLOCK: clock }
    const { health, rows } = await runForJson<{ health: Health; rows: { start: string }[] }>(
      t,
      'blocks.js',
      { cwd, env },
    )
    // Where the processor's counter cannot be trusted a wish for it is not granted.
    t.true(health.clock === clock || (clock === 'tsc' && health.clock === 'os'))
    for (const { start } of rows) {
      t.true(Math.abs(Date.parse(start) - Date.now()) < 60_000, start)
    }
  })
}

test('KRONICLER_DIR and KRONICLER_DURABILITY are used', async (t) => {
  // Promise: the default database lies where the variable says.
  const cwd = tempDir(t)
  const env = { KRONICLER_DIR: 'deep/er', KRONICLER_DURABILITY: 'sync' }
  const ended = await run('ending.js', { cwd, env, args: ['natural'] })
  t.is(ended.code, 0)
  t.deepEqual(readdirSync(cwd), ['deep'])
  t.true(readdirSync(`${cwd}/deep/er`).length > 0)
})
