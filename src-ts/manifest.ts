/** The application's package.json, as far as it tells what to capture and what it is called. */

import { readFileSync } from 'node:fs'
import path from 'node:path'

/** What was found, and where. */
export interface Manifest {
  /** The directory that it lies in. */
  readonly dir: string
  /** What it says, unchecked. */
  readonly content: Readonly<Record<string, unknown>>
}

// A path cannot have more parts on any system; links may make it seem so.
const depthMax = 256

function readManifest(dir: string): Manifest | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(path.join(dir, 'package.json'), 'utf8'))
    const isObject = typeof content === 'object' && content !== null
    return isObject ? { dir, content: content as Manifest['content'] } : undefined
  } catch {
    // None here, none that may be read, or one that is damaged: npm says so, not we.
    return undefined
  }
}

function searchUp(from: string): Manifest | undefined {
  let dir = from
  for (let depth = 0; depth < depthMax; depth += 1) {
    const manifest = readManifest(dir)
    if (manifest !== undefined) return manifest
    const above = path.dirname(dir)
    if (above === dir) return undefined
    dir = above
  }
  return undefined
}

/** The nearest to the working directory, else to the program, unless that was installed. */
function search(): Manifest | undefined {
  try {
    const found = searchUp(process.cwd())
    if (found !== undefined) return found
  } catch {
    // There is no working directory any more.
  }
  const [, program] = process.argv
  if (program === undefined || /[\\/]node_modules[\\/]/.test(program)) return undefined
  return searchUp(path.dirname(path.resolve('/', program)))
}

let found: { manifest: Manifest | undefined } | undefined

/** The application's package.json, looked for once. */
export function findManifest(): Manifest | undefined {
  found ??= { manifest: search() }
  return found.manifest
}
