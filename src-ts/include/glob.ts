/**
 * Paths with wildcards. A regular expression with several of them can take for ever on a path that
 * does not match; this goes through the path once for each part of the pattern.
 */

/** From where in a path a part of the pattern may begin to where it may end. */
type Step = (path: string, from: ReadonlySet<number>) => Set<number>

const magic = /[*?{]/
// In its order: what may be written in a path.
const globPart = /\*\*\/|\*\*|\*|\?|\{[^{}/]*\}|[^*?{]+|\{/g
const extension = /^(?:\.[cm]?[jt]sx?)?$/

function textStep(texts: readonly string[]): Step {
  return (path, from) => {
    const to = new Set<number>()
    for (const at of from) {
      for (const text of texts) if (path.startsWith(text, at)) to.add(at + text.length)
    }
    return to
  }
}

/** `**` at the end of a pattern, or within a name. */
function allStep(path: string, from: ReadonlySet<number>): Set<number> {
  const to = new Set<number>()
  for (let at = Math.min(...from); at <= path.length; at += 1) to.add(at)
  return to
}

/** Any number of directories. */
function directoriesStep(path: string, from: ReadonlySet<number>): Set<number> {
  const to = new Set<number>()
  for (const start of from) {
    // Where another has been, the rest of the way is known.
    for (let at = start; !to.has(at); ) {
      to.add(at)
      const slash = path.indexOf('/', at)
      if (slash > at) at = slash + 1
    }
  }
  return to
}

/** Any number of characters of a name. */
function nameStep(path: string, from: ReadonlySet<number>): Set<number> {
  const to = new Set<number>()
  for (const start of from) {
    for (let at = start; at <= path.length && !to.has(at); at += 1) {
      to.add(at)
      if (path[at] === '/') break
    }
  }
  return to
}

function characterStep(path: string, from: ReadonlySet<number>): Set<number> {
  const to = new Set<number>()
  for (const at of from) {
    const character = String.fromCodePoint(path.codePointAt(at) ?? 0x2f)
    if (character !== '/') to.add(at + character.length)
  }
  return to
}

function stepOf(part: string): Step {
  if (part === '**/') return directoriesStep
  if (part === '**') return allStep
  if (part === '*') return nameStep
  if (part === '?') return characterStep
  return textStep(/^\{.*\}$/.test(part) ? part.slice(1, -1).split(',') : [part])
}

/** Where in the parts of a path the first wildcard is; negative for none. */
export function wildcardAt(parts: readonly string[]): number {
  return parts.findIndex((part) => magic.test(part))
}

/** What paths of files must be like; the extension may be left out. */
export class Glob {
  readonly #start: string
  readonly #steps: readonly Step[]
  readonly #isInstalledMeant: boolean

  /** `start` is what all paths begin with, as it is, `rest` has wildcards. */
  constructor(start: string, rest: string, isInstalledMeant: boolean) {
    this.#start = start
    this.#steps = (rest.match(globPart) ?? []).map(stepOf)
    this.#isInstalledMeant = isInstalledMeant
  }

  test(path: string): boolean {
    if (!path.startsWith(this.#start)) return false
    if (!this.#isInstalledMeant && path.includes('/node_modules/')) return false
    let ends = new Set([this.#start.length])
    for (const step of this.#steps) {
      ends = step(path, ends)
      if (ends.size === 0) return false
    }
    return [...ends].some((end) => extension.test(path.slice(end)))
  }
}
