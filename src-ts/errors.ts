/** Errors of the database: one class, with a code that never changes its meaning. */

import { types } from 'node:util'

/** Every code, and what it says. docs/api.md has the same table. */
export const errorCodes = {
  KRONICLER_IO: 'A file or directory could not be read or written.',
  KRONICLER_NOT_FOUND: 'There is no database in the directory.',
  KRONICLER_NOT_A_DIRECTORY: 'The path is not a directory.',
  KRONICLER_DAMAGED: 'Bytes that were read are not what was written.',
  KRONICLER_NETWORK_FS: 'The directory lies on NFS, where locks and appends cannot be trusted.',
  KRONICLER_LOW_SPACE: 'Too little of the disk is free, and no own rows are left to expire.',
  KRONICLER_NO_FREE_LANE: 'As many processes as a directory can take write to it already.',
  KRONICLER_STORE_FAILED: 'The database cannot write any more.',
  KRONICLER_STALLED: 'The disk did not answer within `exitBudgetMs`.',
  KRONICLER_CLOSED: 'The database has been closed.',
  KRONICLER_OPTIONS_CONFLICT: 'The directory is open in this process with other options.',
  KRONICLER_INVALID_OPTION: 'An option has a value that the engine cannot use.',
  KRONICLER_NO_BINARY: 'The addon for this platform is missing or does not fit.',
  KRONICLER_READ_ONLY: 'A reader was asked to write.',
} as const

/** What a `KroniclerError` can have as its code. */
export type KroniclerErrorCode = keyof typeof errorCodes

/** An error of the database. The message states the fact, then what to do. */
export class KroniclerError extends Error {
  /** Which error it is; see the table in docs/api.md. */
  readonly code: KroniclerErrorCode

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
