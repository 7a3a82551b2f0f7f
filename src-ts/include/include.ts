/** What an include list asks for is captured when it is loaded. */

import { threadId, warn, warnAtExit } from '../inner.js'
import { Include } from './asked.js'
import { hookCommonJs } from './commonjs.js'
import { readPatterns } from './list.js'
import { hookModules } from './modules.js'
import type { Pattern } from './patterns.js'

// By then a service has loaded what it is made of.
const patienceMs = 10_000

const remedy =
  'of the include list has met no function that a loaded module exports: check path and member; ' +
  'kr doctor and KRONICLER_LOG=debug tell what is captured'

function warnOf(message: string, cause: string): void {
  warn('KRONICLER_INCLUDE', cause, message)
}

function warnAtExitOf(message: string): void {
  warnAtExit('KRONICLER_INCLUDE', message)
}

/** Warns of each pattern that nothing was captured by, once. */
function watchUnmet(include: Include): void {
  const warned = new Set<Pattern>()
  const check = (say: (message: string, cause: string) => void): void => {
    for (const pattern of include.unmet) {
      if (warned.has(pattern)) continue
      warned.add(pattern)
      say(`${JSON.stringify(pattern.text.slice(0, 100))} ${remedy}`, pattern.text)
    }
  }
  setTimeout(check, patienceMs, warnOf).unref()
  process.once('exit', () => check(warnAtExitOf))
}

/** Begins, if there is an include list. */
export function captureIncluded(): void {
  const patterns = readPatterns()
  if (patterns.length === 0) return
  const include = new Include(patterns, process.argv[1] ?? '')
  include.tell()
  hookCommonJs(include)
  hookModules(include)
  // A worker loads only some of a program.
  if (threadId === 0) watchUnmet(include)
}
