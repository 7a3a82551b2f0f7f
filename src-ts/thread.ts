/** Which thread this is. */

interface Marked {
  readonly disabled?: unknown
}

// Node marks what workers may not do; one of the two may have been replaced by somebody. Asking
// its module takes 2 ms where nothing else loads that.
const restricted = [process.abort, process.chdir] as (Marked | undefined)[]
const isMarked = restricted.some((fn) => fn === undefined || fn.disabled !== undefined)

/** The number of this thread, 0 for the first of the process. */
export const threadId: number = isMarked
  ? process.getBuiltinModule('node:worker_threads').threadId
  : 0
