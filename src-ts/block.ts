/** Blocks of code, sync or async, that run in a function of their own. */

import { settleLater } from './promises.js'
import { kindBlock, now, outcomeError, outcomeOk, record, recordGuarded } from './record.js'
import { thenOf } from './thenables.js'
import type { Site } from './record.js'

/** Runs a block, records it, and returns what it returns. */
export function runBlock<T>(site: Site, block: () => T): T {
  const tag = site.tag | kindBlock
  const start = now()
  let result
  try {
    result = block()
  } catch (error) {
    recordGuarded(start, tag | outcomeError, site.database)
    throw error
  }
  if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
    const then = thenOf(result)
    if (then !== undefined) {
      return settleLater(result, then, start, site, kindBlock, tag | outcomeOk) as T
    }
  }
  record(start, tag | outcomeOk, site.database)
  return result
}
