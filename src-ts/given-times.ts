/** Calls and signals that others have timed; what finds no room is dropped, as any call is. */

import * as scratch from './scratch.js'

// Locals of this file: in CommonJS an import is a property that is looked up at each use.
const { insert, integers, isPaused, words } = scratch

/** How times lie in the scratch, for `words[6]`: integers of a record that may be dropped. */
const asDroppable = 2
const latestNs = 2n ** 63n - 1n

/**
 * Records what took from `startNs` to `endNs`, nanoseconds since the Unix epoch. `tag` holds site
 * and flags. Never waits, as no record of a call does.
 */
export function recordGiven(startNs: bigint, endNs: bigint, tag: number, database: number): void {
  if (words[8] !== 0 && isPaused(database)) return
  if (startNs < 0n || endNs > latestNs) return
  integers[0] = startNs
  // Clocks of others may go backwards.
  integers[2] = endNs < startNs ? startNs : endNs
  words[2] = tag
  words[3] = database
  words[6] = asDroppable
  insert()
}
