/** Which thread this is. */

// Node marks what workers may not do. Asking its module takes 2 ms where nothing else loads that.
const isMarked = (process.chdir as { disabled?: unknown } | undefined)?.disabled !== undefined

/** The number of this thread, 0 for the first of the process. */
export const threadId: number =
  isMarked || process.chdir === undefined
    ? process.getBuiltinModule('node:worker_threads').threadId
    : 0
