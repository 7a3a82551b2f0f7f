/**
 * Patterns of an include list: which functions of which modules are captured when they are loaded.
 *
 * `./src/**` are files, `pg` is what is imported by that name. Behind a colon stands a member of
 * the exports, `Client.prototype.query`, or `*` for all, which is also meant without one.
 */

import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { Glob, wildcardAt } from './glob.js'

/** A pattern, read. */
export interface Pattern {
  /** As it was written. */
  readonly text: string
  /** What a module is imported as; undefined where files are meant. */
  readonly specifier: string | undefined
  /** What paths of files must be like, with `/` between their parts. */
  readonly files: Glob | undefined
  /** What paths of files are shown without. */
  readonly base: string
  /** Where in the exports; the last part may be `*`. */
  readonly member: readonly string[]
}

/** Why a pattern cannot be read. */
export interface Mistake {
  readonly text: string
  readonly remedy: string
}

const memberSyntax =
  /^(?:[$_\p{ID_Start}][$\p{ID_Continue}]*\.)*(?:[$_\p{ID_Start}][$\p{ID_Continue}]*|\*)$/u
const pathStart = /^(?:\.{0,2}[\\/]|\.{1,2}$|[a-z]:[\\/]|file:)/i
const packageSyntax = /^(?:@[\w.~-]+\/)?[\w.~-]+(?:\/[\w.~@-]+)*$/

/** Paths with `/` between their parts, on all systems. */
export function portable(file: string): string {
  return path.sep === '\\' ? file.replaceAll('\\', '/') : file
}

/** What stands before the first part with a wildcard is a path like any other. */
function filesOf(glob: string, base: string): Glob {
  const whole = /[\\/]$/.test(glob) ? `${glob}**` : glob
  const parts = portable(whole.startsWith('file:') ? fileURLToPath(whole) : whole).split('/')
  const at = wildcardAt(parts)
  const plain = at < 0 ? parts : parts.slice(0, at)
  const start = portable(path.resolve(base, plain.join('/') || '/')).replace(/\/$/, '')
  const rest = at < 0 ? '' : `/${parts.slice(at).join('/')}`
  return new Glob(start, rest, glob.includes('node_modules'))
}

/** Reads one; relative paths start at `base`. */
export function parsePattern(written: string, base: string): Pattern | Mistake {
  const text = written.trim()
  const [, module = text, member = '*'] = /^(.*[^:]):([^\\/:]*)$/.exec(text) ?? []
  if (!memberSyntax.test(member)) {
    return { text, remedy: 'behind the colon stands a member (Client.prototype.query), or *' }
  }
  const common = { text, base, member: member.split('.') }
  try {
    if (pathStart.test(module)) {
      return { ...common, specifier: undefined, files: filesOf(module, base) }
    }
  } catch {
    return { text, remedy: 'it is no path' }
  }
  if (text.startsWith('node:')) return { text, remedy: 'modules of Node cannot be included' }
  if (packageSyntax.test(module)) return { ...common, specifier: module, files: undefined }
  return { text, remedy: 'paths begin with ./ and else it is what a module is imported as' }
}
