/** Blocks of code, sync or async, that run in a function of their own. */

import { beginContext, isContextual, runIn } from './context.js'
import { settleLater } from './promises.js'
import { kindBlock, now, outcomeError, outcomeOk, record } from './record.js'
import * as scratch from './scratch.js'
import { thenOf } from './thenables.js'
import type { Site } from './record.js'

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { isPaused, words } = scratch

/** Runs a block, records it, and returns what it returns. */
export function runBlock<T>(site: Site, block: () => T): T {
  if (words[8] !== 0 && isPaused(site.database)) return block()
  const { database } = site
  const tag = site.tag | kindBlock
  const told = isContextual() ? { context: beginContext() } : undefined
  const start = now()
  let result
  let isOver = false
  try {
    result = told === undefined ? block() : runIn(told.context, block)
    isOver = true
  } finally {
    try {
      if (!isOver) record(start, tag | outcomeError, database, undefined, told)
    } catch {
      // The stack is full: the error of the host goes on, not this one.
    }
  }
  if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
    const then = thenOf(result)
    if (then !== undefined) {
      return settleLater(result, then, start, tag, database, told) as T
    }
  }
  record(start, tag | outcomeOk, database, undefined, told)
  return result
}
