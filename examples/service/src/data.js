// Where the shop keeps its files.

import { mkdirSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const folder = process.env.DATA_DIR ?? fileURLToPath(new URL('../data', import.meta.url))

mkdirSync(folder, { recursive: true })

/** The path of one of the shop's files. */
export function dataPath(name) {
  return path.join(folder, name)
}
