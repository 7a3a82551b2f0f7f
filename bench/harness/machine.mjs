// What a figure was measured on: processor, system, clock, versions. No paths.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'

const require = createRequire(import.meta.url)
const clockFile = '/sys/devices/system/clocksource/clocksource0/current_clocksource'
const root = new URL('../..', import.meta.url)

function revision() {
  try {
    const git = (...args) => execFileSync('git', args, { cwd: root, stdio: 'pipe' }).toString()
    const isDirty = git('status', '--porcelain').trim() !== ''
    return git('rev-parse', '--short', 'HEAD').trim() + (isDirty ? ' and changes' : '')
  } catch {
    // A copy without git.
    return 'unknown'
  }
}

/** The version of an installed package. */
export function versionOf(name) {
  return require(`${name}/package.json`).version
}

export function describeMachine() {
  const [cpu] = os.cpus()
  return {
    when: new Date().toISOString(),
    cpu: cpu?.model ?? 'unknown',
    cpuCount: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    kernelClock: existsSync(clockFile) ? readFileSync(clockFile, 'utf8').trim() : 'unknown',
    loadAverage: os.loadavg(),
    node: process.version,
    kronicler: versionOf('kronicler'),
    revision: revision(),
  }
}
