/** What was done, said on stderr to who asks for it by KRONICLER_LOG, as the addon says it. */

import { writeSync } from 'node:fs'

import { logFilter } from './environment.js'

const asking = /^(?:kronicler(?:::include)?|(?:kronicler(?:::include)?=)?(?:debug|trace))$/i

/** Whether a filter in the syntax of RUST_LOG asks for it; behind a slash stands a pattern. */
function isAsked(filter: string): boolean {
  const [directives = ''] = filter.split('/', 1)
  return directives.split(',').some((directive) => asking.test(directive.trim()))
}

const isLogging = isAsked(logFilter ?? '')

/** Says a line; never throws. */
export function debug(message: string): void {
  if (!isLogging) return
  const time = `${new Date().toISOString().slice(0, 19)}Z`
  try {
    writeSync(2, `[${time} DEBUG kronicler::include] ${message}\n`)
  } catch {
    // Nobody reads it any more, or not fast enough.
  }
}
