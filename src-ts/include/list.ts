/** The include list: of the environment, else of the application's package.json. */

import path from 'node:path'

import { findManifest, includeList, tellHook, warn } from '../inner.js'
import { parsePattern } from './patterns.js'
import type { Pattern } from './patterns.js'

interface Written {
  readonly texts: readonly unknown[]
  readonly base: string
}

const key = 'kronicler.include of package.json'

function ofManifest(): Written | undefined {
  const manifest = findManifest()
  const own = manifest?.content['kronicler']
  if (manifest === undefined || own === undefined) return undefined
  const { include } = (own ?? {}) as { include?: unknown }
  if (include === undefined) return undefined
  if (Array.isArray(include)) return { texts: include, base: manifest.dir }
  warn('KRONICLER_INCLUDE', key, `${key} is ignored: it must be an array of patterns`)
  return undefined
}

function workingDirectory(): string {
  try {
    return process.cwd()
  } catch {
    // There is none any more: packages can be included still.
    return path.resolve('/')
  }
}

function ofEnvironment(): Written | undefined {
  if (includeList === undefined) return undefined
  // A comma between braces belongs to a pattern.
  const texts = includeList.split(/,(?![^{}]*\})/).filter((text) => text.trim() !== '')
  return { texts, base: workingDirectory() }
}

/** All patterns that can be read; one warning for each that cannot. */
export function readPatterns(): Pattern[] {
  const written = ofEnvironment() ?? ofManifest()
  const patterns: Pattern[] = []
  for (const text of written?.texts ?? []) {
    const read =
      typeof text === 'string'
        ? parsePattern(text, written?.base ?? '')
        : { text: String(JSON.stringify(text)), remedy: 'a pattern is a string' }
    if ('member' in read) patterns.push(read)
    else {
      tellHook('pattern', read.text, { remark: read.remedy })
      const shown = JSON.stringify(read.text.slice(0, 100))
      warn('KRONICLER_INCLUDE', read.text, `${shown} of the include list: ${read.remedy}`)
    }
  }
  return patterns
}
