/** Options of a database. */

import path from 'node:path'

import {
  bare,
  checkDir,
  checkOptions,
  checkString,
  rangeError,
  typeError,
} from './arguments.js'
import { checkQuantity, rowAge, rowBytes } from './quantities.js'
import type { NativeOptions } from './native.js'

/** When rows are made to survive a power cut: with each batch, each second, or not at all. */
export type Durability = 'sync' | 'interval' | 'os'

/** What a database can be told before its first row. */
export interface DatabaseOptions {
  /** Directory of the files. Default: `KRONICLER_DIR`, else `.kronicler_data`. */
  dir?: string
  /** Default: `KRONICLER_DURABILITY`, else `interval`. */
  durability?: Durability
  /**
   * What the rows of the directory may take on disk, those of all processes together: bytes, or a
   * text such as `'512 MiB'` or `'2 GB'`, from 4 MiB on. The oldest rows go when there are more;
   * their statistics stay. Default: `KRONICLER_MAX_BYTES`, else 1 GiB.
   */
  maxBytes?: number | string
  /**
   * How long rows are kept after they were written: milliseconds, or a text such as `'14d'` or
   * `'36h'`, from a minute on. Default: `KRONICLER_MAX_AGE`, else 14 days.
   */
  maxAge?: number | string
  /** Name of the service. Default: `KRONICLER_SERVICE`, else what npm or package.json says. */
  service?: string
  /** Version of the service. Default: `KRONICLER_VERSION`, else the commit or version known. */
  version?: string
  /** Which instance of the service this is. Default: `KRONICLER_INSTANCE`, else the host. */
  instance?: string
  /** How long the end of the process or a blocking call waits for the disk. Default: 2,000. */
  exitBudgetMs?: number
}

const durabilities: readonly string[] = ['sync', 'interval', 'os'] satisfies Durability[]
const texts = ['service', 'version', 'instance'] as const
const keys = ['dir', 'durability', 'maxBytes', 'maxAge', ...texts, 'exitBudgetMs'] as const

function checkDurability(value: unknown): Durability {
  const name = 'options.durability'
  const word = checkString(name, value)
  if (!durabilities.includes(word)) throw rangeError(name, "'sync', 'interval' or 'os'", value)
  return word as Durability
}

function checkBudget(value: unknown): number {
  const name = 'options.exitBudgetMs'
  if (typeof value !== 'number') throw typeError(name, 'a number', value)
  // A day is for ever at the end of a process.
  if (!(value >= 0 && value <= 86_400_000)) throw rangeError(name, 'from 0 to 86400000', value)
  return value
}

/** Options that were given, for the addon. */
export function checkDatabaseOptions(value: unknown): NativeOptions {
  const given = checkOptions('options', value, keys)
  const options = bare<NativeOptions>()
  if (given.has('dir')) options.dir = path.resolve(checkDir('options.dir', given.get('dir')))
  if (given.has('durability')) options.durability = checkDurability(given.get('durability'))
  if (given.has('maxBytes')) {
    options.maxBytes = checkQuantity('options.maxBytes', given.get('maxBytes'), rowBytes)
  }
  if (given.has('maxAge')) {
    options.maxAgeMs = checkQuantity('options.maxAge', given.get('maxAge'), rowAge)
  }
  if (given.has('exitBudgetMs')) options.exitBudgetMs = checkBudget(given.get('exitBudgetMs'))
  for (const key of texts) {
    if (given.has(key)) options[key] = checkString(`options.${key}`, given.get(key))
  }
  return options
}
