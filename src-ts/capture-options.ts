/** Options of a captured function. */

import { checkOptions } from './arguments.js'
import type { Database } from './database.js'

/** How a function is captured. */
export interface CaptureOptions {
  /** The database to capture into. Default: `database()`. */
  db?: Database
}

/** Options after the check; what was not given is absent or has its default. */
export interface CaptureSettings {
  readonly db?: unknown
}

/** Options as they were given; a `TypeError` or `RangeError` names the wrong one. */
export function checkCaptureOptions(value: unknown): CaptureSettings {
  const given = checkOptions("capture's options", value, ['db'])
  return given.has('db') ? { db: given.get('db') } : {}
}
