/** Service, version and instance of a run whose program says nothing of them. */

import os from 'node:os'
import { writeFileSync } from 'node:fs'
import path from 'node:path'

import test from 'ava'
import { Database } from 'kronicler'

import { run, tempDir } from './harness.js'
import type { ExecutionContext } from 'ava'

type Environment = Readonly<Record<string, string>>

/** Variables of the machine that tests run on, which may know a commit. */
const unknown: Environment = Object.fromEntries(
  ['GITHUB_SHA', 'CI_COMMIT_SHA', 'CIRCLE_SHA1', 'BITBUCKET_COMMIT', 'BUILDKITE_COMMIT']
    .concat(['BUILD_SOURCEVERSION', 'GIT_COMMIT', 'COMMIT_SHA', 'SOURCE_VERSION', 'K_REVISION'])
    .concat(['OTEL_SERVICE_NAME', 'POD_NAME', 'DYNO', 'HOSTNAME'])
    .map((name) => [name, '']),
)

/** Captures calls of `work` in a process of its own. */
async function work(t: ExecutionContext, cwd: string, env: Environment): Promise<void> {
  const ended = await run('labelled.js', { cwd, env: { ...unknown, ...env } })
  t.deepEqual([ended.code, ended.stderr], [0, ''])
}

interface Labels {
  service: string
  version: string
  instance: string
}

/** The labels of the last run in a directory. */
function labelsAfter(cwd: string): Labels {
  const db = Database.reader(path.join(cwd, '.kronicler_data'))
  const [version] = db.querySync({ name: 'work', by: 'version' })
  const [instance] = db.querySync({ name: 'work', by: 'instance' })
  return { ...version?.group, ...instance?.group } as Labels
}

test('package.json and the host tell what nobody else does', async (t) => {
  // Promise: service and version of the application, the host as instance.
  const cwd = tempDir(t)
  writeFileSync(path.join(cwd, 'package.json'), '{ "name": "shop", "version": "1.4.0" }')
  await work(t, cwd, {})
  t.deepEqual(labelsAfter(cwd), { service: 'shop', version: '1.4.0', instance: os.hostname() })
})

test('what the environment says counts before that', async (t) => {
  // Promise: our own variables first, then those of OpenTelemetry, platforms and npm.
  const cases: [Environment, Labels][] = [
    [
      { npm_package_name: 'npm', npm_package_version: '2.0.0', HOSTNAME: 'pod-7' },
      { service: 'npm', version: '2.0.0', instance: 'pod-7' },
    ],
    [
      { OTEL_SERVICE_NAME: 'otel', npm_package_version: '2', GIT_COMMIT: 'c0ffee', DYNO: 'web.1' },
      { service: 'otel', version: 'c0ffee', instance: 'web.1' },
    ],
    [
      {
        KRONICLER_SERVICE: 'own',
        KRONICLER_VERSION: '3',
        KRONICLER_INSTANCE: 'a',
        OTEL_SERVICE_NAME: 'otel',
        GIT_COMMIT: 'c0ffee',
        POD_NAME: 'pod',
      },
      { service: 'own', version: '3', instance: 'a' },
    ],
  ]
  for (const [env, labels] of cases) {
    const cwd = tempDir(t)
    writeFileSync(path.join(cwd, 'package.json'), '{ "name": "shop", "version": "1.4.0" }')
    await work(t, cwd, env)
    t.deepEqual(labelsAfter(cwd), labels)
  }
})

test('a package.json that is damaged or says nothing does no harm', async (t) => {
  // Promise: labels are left out, the program runs.
  for (const text of ['{ "name": 1, "version": {}, "kronicler": null }', '{', '[]', '']) {
    const cwd = tempDir(t)
    writeFileSync(path.join(cwd, 'package.json'), text)
    await work(t, cwd, { npm_package_name: 'npm', npm_package_version: '2.0.0' })
    t.like(labelsAfter(cwd), { service: 'npm', version: '2.0.0' })
  }
})

interface Answer {
  functions?: { name: string; group: string; count: number }[]
}

test('kr tells versions apart that nobody named', async (t) => {
  // Promise: two deploys of a program are two versions, each with its calls, and are compared.
  const cwd = tempDir(t)
  await work(t, cwd, { GIT_COMMIT: 'c0ffee' })
  await work(t, cwd, { GIT_COMMIT: 'decaf0' })
  const kr = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run('../../../bin/kr.js', { cwd, args })
    t.is(code, 0, stderr)
    return stdout
  }
  const { functions = [] } = JSON.parse(await kr('stats', '--by', 'version', '--json')) as Answer
  t.deepEqual(
    functions.map(({ group, name, count }) => [group, name, count]).toSorted(),
    [
      ['c0ffee', 'work', 200],
      ['decaf0', 'work', 200],
    ],
  )
  const compared = await kr('compare')
  t.regex(compared, /c0ffee/)
  t.regex(compared, /decaf0/)
})
