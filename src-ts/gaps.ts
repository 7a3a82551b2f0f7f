/** Answers that lack rows: said once a minute, since a list of rows or numbers cannot say it. */

import { warn } from './warning.js'
import type { NativeStore } from './native.js'

/** Warns that rows of a database could not be read. */
export function warnOfGaps(dir: string): void {
  const remedy = 'run `npx kronicler verify` to see which, and whether files are gone or damaged'
  const message = `stored rows of ${dir} could not be read, an answer lacks them: ${remedy}`
  warn('KRONICLER_PARTIAL', dir, message)
}

/** An answer of a store; warns when rows that belong to it could not be read. */
export function checked<T>(store: NativeStore, answer: T): T {
  if (store.takePartial()) warnOfGaps(store.dir)
  return answer
}
