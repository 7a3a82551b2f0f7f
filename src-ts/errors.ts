/** Errors of the database: one class, with a code that never changes its meaning. */

import { types } from 'node:util'

/** Every code, and what it says. docs/api.md has the same table. */
export const errorCodes = {
  /** The message names the file, and what the system said. */
  KRONICLER_IO: 'A file or directory could not be read or written.',
  /** Check the path; the directory is made by the first row. */
  KRONICLER_NOT_FOUND: 'There is no database in the directory.',
  /** Choose another `dir`. */
  KRONICLER_NOT_A_DIRECTORY: 'The path is not a directory.',
  /** The message names file and offset; all other rows still answer. */
  KRONICLER_DAMAGED: 'Bytes that were read are not what was written.',
  /** Choose a local `dir`. Reading works. */
  KRONICLER_NETWORK_FS: 'The directory lies on NFS, where locks and appends cannot be trusted.',
  /** Free some space; writing goes on by itself. */
  KRONICLER_LOW_SPACE: 'Too little of the disk is free, and no own rows are left to expire.',
  /** Give some processes another `dir`. */
  KRONICLER_NO_FREE_LANE: 'As many processes as a directory can take write to it already.',
  /** `health().error` says why. */
  KRONICLER_STORE_FAILED: 'The database cannot write any more.',
  /** Try again later, or raise `exitBudgetMs`. */
  KRONICLER_STALLED: 'The disk did not answer within `exitBudgetMs`.',
  /** Open it again. */
  KRONICLER_CLOSED: 'The database has been closed.',
  /** Give the same options everywhere, or call `configure` before the first row. */
  KRONICLER_OPTIONS_CONFLICT: 'The directory is open in this process with other options.',
  /** The message names option and value. */
  KRONICLER_INVALID_OPTION: 'An option has a value that the engine cannot use.',
  /** Install again on this platform, with optional dependencies. */
  KRONICLER_NO_BINARY: 'The addon for this platform is missing or does not fit.',
  /** Open the directory with `new Database({ dir })`. */
  KRONICLER_READ_ONLY: 'A reader was asked to write.',
} as const

/** What a `KroniclerError` can have as its code. */
export type KroniclerErrorCode = keyof typeof errorCodes

/**
 * An error of the database. The message states the fact, then what to do.
 *
 * @example
 * ```ts
 * try {
 *   Database.reader('nowhere')
 * } catch (error) {
 *   if (error instanceof KroniclerError) console.log(error.code) // KRONICLER_NOT_FOUND
 * }
 * ```
 */
export class KroniclerError extends Error {
  /** Which error it is; see the table in docs/api.md. */
  readonly code: KroniclerErrorCode

  /**
   * @param code - which error it is
   * @param message - the fact, then the remedy
   */
  constructor(code: KroniclerErrorCode, message: string) {
    super(message)
    this.code = code
  }

  static {
    Object.defineProperty(this.prototype, 'name', { value: 'KroniclerError', writable: true })
  }
}

/**
 * An error of the addon, `CODE: text`, as one of ours; any other as it is. In a test runner it is
 * of another realm than this file.
 */
export function fromNative(error: unknown): unknown {
  if (!types.isNativeError(error)) return error
  const [, code, text] = /^(KRONICLER_[A-Z_]+): ([^]*)$/.exec(error.message) ?? []
  if (code === undefined || text === undefined || !Object.hasOwn(errorCodes, code)) return error
  return new KroniclerError(code as KroniclerErrorCode, text)
}

/** Asks the addon; its errors become ours. */
export function translated<T>(ask: () => T): T {
  try {
    return ask()
  } catch (error) {
    throw fromNative(error)
  }
}
