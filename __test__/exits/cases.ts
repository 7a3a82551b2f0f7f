/** The ways in which a process ends, and what must be stored then. */

/** How a program ends, and how many rows there are afterwards. */
export interface EndCase {
  /** What fixtures/ending.ts does. */
  ending: string
  /** The exit code or the signal of the bare program, where all versions of Node agree. */
  end?: number | NodeJS.Signals
  /** Rows that must be there: just so many, or from the first to the second number. */
  rows: number | readonly [number, number]
  /** Options of Node. */
  flags?: readonly string[]
  /** Sent from outside, when all rows have been seen by a reader. */
  kill?: NodeJS.Signals
}

/** Nothing may be lost. */
const orderly: EndCase[] = [
  { ending: 'natural', end: 0, rows: 1_000 },
  { ending: 'exit', end: 7, rows: 1_000 },
  { ending: 'exitCode', end: 9, rows: 1_000 },
  { ending: 'reallyExit', end: 5, rows: 1_000 },
  { ending: 'beforeExit', end: 0, rows: 1_001 },
  { ending: 'exitAfterOutput', end: 4, rows: 1_000 },
  { ending: 'captureInListener', end: 0, rows: 1_001 },
  { ending: 'exitInListener', end: 6, rows: 1_000 },
  { ending: 'exitInListenerTwice', end: 6, rows: 1_000 },
  { ending: 'throwInListener', rows: 1_000 },
  { ending: 'throwInListenerOfExit', rows: 1_000 },
  { ending: 'exitInCapturedListener', end: 6, rows: 1_000 },
  { ending: 'flushInListener', end: 0, rows: 1_000 },
  { ending: 'closeInListener', end: 0, rows: 1_000 },
  { ending: 'uncaught', end: 1, rows: 1_000 },
  { ending: 'uncaughtLater', end: 1, rows: 1_000 },
  { ending: 'uncaughtInCaptured', end: 1, rows: 1_001 },
  { ending: 'uncaughtValue', end: 1, rows: 1_000 },
  { ending: 'uncaughtHandled', end: 5, rows: 1_001 },
  { ending: 'uncaughtWhileHandled', end: 7, rows: 1_000 },
  // Each level of the recursion is a call; how deep it gets is the stack's business.
  { ending: 'uncaughtOverflow', end: 1, rows: [1_100, Infinity] },
  { ending: 'uncaughtDuringFlush', end: 1, rows: 1_000 },
  { ending: 'rejection', end: 1, rows: 1_000 },
  { ending: 'rejectionOfNothing', end: 1, rows: 1_000 },
  { ending: 'rejectionOfCaptured', end: 1, rows: 1_001 },
  { ending: 'rejectionLater', end: 1, rows: 1_001 },
  { ending: 'rejectionHandled', end: 5, rows: 1_001 },
  {
    ending: 'rejectionOfCaptured',
    end: 0,
    rows: 1_001,
    flags: ['--unhandled-rejections=warn'],
  },
  { ending: 'rejectionOfCaptured', end: 1, rows: 1_001, flags: ['--unhandled-rejections=strict'] },
  { ending: 'exitLater', end: 4, rows: 1_000 },
  { ending: 'exitInCaptured', end: 4, rows: 1_000 },
  { ending: 'exitInAsync', end: 4, rows: 1_001 },
  { ending: 'exitInCapturedAsync', end: 4, rows: 1_000 },
  { ending: 'exitInThen', end: 4, rows: 1_000 },
  { ending: 'exitWhileReading', end: 4, rows: 1_000 },
  { ending: 'exitDuringFlush', end: 4, rows: 1_000 },
  { ending: 'exitInFlush', end: 4, rows: 1_000 },
  { ending: 'exitDuringClose', end: 4, rows: 1_000 },
  { ending: 'exitInClose', end: 4, rows: 1_000 },
  { ending: 'exitAfterClose', end: 4, rows: 1_000 },
  { ending: 'naturalDuringFlush', end: 0, rows: 1_000 },
  { ending: 'naturalDuringClose', end: 0, rows: 1_000 },
  { ending: 'exitInWorker', end: 0, rows: 2_000 },
  { ending: 'uncaughtInWorker', end: 1, rows: 2_000 },
  // An await that never ends, with nothing left to do.
  { ending: 'never', end: 13, rows: 1_000 },
  // Its own thousand, the worker's thousand, and what the worker went on with.
  { ending: 'exitWithBusyWorker', end: 4, rows: [2_000, Infinity] },
]

/** What had been flushed is there, and of the rest what had got into a frame. */
const deaths: EndCase[] = [
  { ending: 'signalInListener', end: 'SIGKILL', rows: [1_000, 2_000] },
  { ending: 'abort', end: 'SIGABRT', rows: [1_000, 2_000] },
  { ending: 'abortOnUncaught', rows: [1_000, 2_000], flags: ['--abort-on-uncaught-exception'] },
  { ending: 'heapExhausted', rows: [1_000, 2_000], flags: ['--max-old-space-size=16'] },
  { ending: 'SIGKILL', end: 'SIGKILL', rows: [1_000, 2_000] },
  { ending: 'SIGKILL.wait', end: 'SIGKILL', rows: 1_000, kill: 'SIGKILL' },
]

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  deaths.push(
    { ending: signal, end: signal, rows: [1_000, 2_000] },
    { ending: `${signal}.wait`, end: signal, rows: 1_000, kill: signal },
    { ending: `${signal}.exit`, end: 3, rows: 2_000 },
    { ending: `${signal}.goOn`, end: 0, rows: 2_000 },
  )
}

export const endCases: readonly EndCase[] = [...orderly, ...deaths]

export function titleOf({ ending, flags = [] }: EndCase): string {
  return [ending, ...flags].join(' ')
}
