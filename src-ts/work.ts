/** Native work, one at a time: a disk that stalls must not take all of the host's thread pool. */

import { fromNative } from './errors.js'
import { shared } from './shared.js'

function nothing(): void {}

/** Begins `work` when all that was asked for before is over. */
export async function enqueue<T>(work: () => Promise<T>): Promise<T> {
  const result = shared.work.then(work)
  shared.work = result.then(nothing, nothing)
  try {
    return await result
  } catch (error) {
    throw fromNative(error)
  }
}
