/**
 * What all copies of the package in a thread share: the one for `import`, the one for `require`,
 * and any other. Nothing may be taken away from it in a later version, only added.
 */

import type { Database } from './database.js'

interface Shared {
  /** Wrappers that capture already. */
  captured: WeakSet<object>
  /** When a warning was last given, by its cause. */
  warned: Map<string, number>
  /** Settles when the native work asked for last is over: at most one runs at a time. */
  work: Promise<void>
  /**
   * The default databases, by the scratch of this thread: there is one for each addon. Copies in
   * different folders have different ones, and a number of one means nothing to the other.
   */
  databases: WeakMap<Float64Array, Database>
  /** Whether this thread captures what Node and libraries publish. */
  isRegistered?: boolean
  /** Signals of the runtime that this thread records. */
  signals?: Set<string>
  /** Whether calls know who made them where nothing is said of it. */
  isContextual?: boolean
  /** Once a call has known who made it. */
  contexts?: Contexts
  /** Called at the end of an ES module that something is asked for of. */
  included?: (
    file: string,
    entries: readonly IncludedExport[],
    asked: readonly IncludedBy[],
  ) => void
  /** The same for a CommonJS module, where Node compiles it in a way that cannot be seen. */
  includedModule?: (module: unknown) => void
}

/** Who made a call. */
export interface CallContext {
  /** The number of the call, from 1 on. */
  readonly call: number
  /** That of the call that made it, 0 if nobody did who is known. */
  readonly parent: number
  /** That of the first of the calls that led to it. */
  readonly request: number
}

/** What is needed of Node's `AsyncLocalStorage`: types of the package do without those of Node. */
interface Storage {
  getStore(): CallContext | undefined
  run<T>(context: CallContext, work: () => T): T
  enterWith(context: CallContext): void
}

export interface Contexts {
  readonly storage: Storage
  /** The number that was given out last. */
  last: number
}

/** What is asked for of a module, and the text of the pattern that asks. */
export interface IncludedBy {
  readonly pattern: string
  readonly label: string
  readonly member: readonly string[]
  readonly alias?: string
}

/** An exported name, and how to read and replace what it stands for. */
export type IncludedExport = readonly [
  name: string,
  get: () => unknown,
  set: (value: unknown) => void,
]

const key = Symbol.for('kronicler')

function make(): Shared {
  return {
    captured: new WeakSet(),
    warned: new Map(),
    work: Promise.resolve(),
    databases: new WeakMap(),
  }
}

/** Where globals are frozen, each copy has its own. */
function find(): Shared {
  const present: unknown = Reflect.get(globalThis, key)
  if (typeof present === 'object' && present !== null) return present as Shared
  const made = make()
  Reflect.defineProperty(globalThis, key, { value: made })
  return made
}

export const shared: Shared = find()
