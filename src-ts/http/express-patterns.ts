/**
 * What a layer of Express was mounted at, as a pattern. Layers know it in router 2.3 and later
 * (`rawPath`); Express 4 keeps the regular expression made of it, which is read back; in between,
 * the parameters in the part of the path that a layer takes are replaced by their names, and what
 * else may differ from request to request by a star.
 */

/** A layer of express 4, or of the package router that express 5 uses. */
export interface Layer {
  readonly handle?: { readonly stack?: unknown }
  readonly route?: unknown
  /** What it was mounted at; router 2.3 and later. */
  readonly rawPath?: unknown
  readonly regexp?: RegExp & { fast_slash?: boolean }
  readonly keys?: readonly { readonly name: string | number }[]
  readonly path?: string
  readonly params?: Record<string, string>
  match?(path: string): unknown
}

/** What a layer takes of a path. */
export interface Taken {
  readonly path: string
  readonly params: object
}

const expressionStart = /^\^/
const expressionEnd = /\\\/\?(?:\(\?=\\\/\|\$\)|\$)$/


/** A pattern, or several, as they were written. */
export function show(pattern: unknown): string {
  return Array.isArray(pattern) ? pattern.map(show).join('|') : String(pattern)
}

/** Where the group that opens at `start` closes. */
function groupEnd(source: string, start: number): number {
  let depth = 0
  for (let at = start; at < source.length; at += 1) {
    const char = source[at]
    if (char === '\\') at += 1
    else if (char === '(') depth += 1
    else if (char === ')' && --depth === 0) return at
  }
  return source.length
}

/** The pattern that Express 4 made a regular expression of: groups are its parameters. */
function patternOf(source: string, names: Iterator<string | number>): string {
  const body = source.replace(expressionStart, '').replace(expressionEnd, '')
  let pattern = ''
  for (let at = 0; at < body.length; at += 1) {
    const char = body[at] as string
    if (char === '\\') {
      at += 1
      pattern += body[at] ?? ''
    } else if (char === '(') {
      const delimiter = /^\(\?:(?:\\?([/.]))?/.exec(body.slice(at))?.[1] ?? ''
      const name = names.next().value as string | number | undefined
      pattern += delimiter + (typeof name === 'string' ? `:${name}` : '*')
      at = groupEnd(body, at)
      if (body[at + 1] === '?') at += 1
    } else {
      pattern += char
    }
  }
  return pattern
}

function readBack(layer: Layer): string | undefined {
  const { regexp, keys } = layer
  if (regexp === undefined) return undefined
  if (regexp.fast_slash === true) return ''
  if (!expressionEnd.test(regexp.source)) return String(regexp)
  const names = (keys ?? []).map(({ name }) => name)[Symbol.iterator]()
  return regexp.source.split('|^').map((source) => patternOf(source, names)).join('|')
}

/** The part of a path that a layer takes, and the parameters in it. */
export function take(layer: Layer, path: string): Taken | undefined {
  const match = layer.match?.(path)
  if (match === undefined || match === false) return undefined
  const { path: taken, params } = (match === true ? layer : match) as Layer
  return typeof taken === 'string' ? { path: taken, params: params ?? {} } : undefined
}

/** What is left of a path for the layers below. */
export function leftOver(path: string, taken: Taken | undefined): string {
  return path.slice(taken?.path.replace(/\/$/, '').length ?? 0)
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** A text of the same form, punctuation and all, that says nothing of the one it stands for. */
function standIn(segment: string): string {
  const mask = (letter: string, digit: string): string =>
    segment.replaceAll(/\d/g, digit).replaceAll(/[a-z\P{ASCII}]/giu, letter)
  const masked = mask('a', '0')
  return masked === segment ? mask('b', '1') : masked
}

/** Whether a layer takes a path as well that has another text in place of this segment. */
function isVariable(layer: Layer, segments: readonly string[], index: number): boolean {
  const segment = segments[index] as string
  const other = standIn(segment)
  if (other === segment) return false
  try {
    return take(layer, segments.with(index, other).join('/')) !== undefined
  } catch {
    // No text in the percent-encoding, so not that of the pattern.
    return true
  }
}

/** The part of a path that a layer takes, without what is no text of its pattern. */
function substituted(layer: Layer, path: string, params: object): string {
  const values = Object.entries(params).flatMap(([name, value]) =>
    // A wildcard takes several segments.
    Array.isArray(value) ? value.map((one) => [one, `*${name}`]) : [[value, `:${name}`]],
  )
  const names = new Map(values.map(([value, name]) => [String(value), name as string]))
  const segments = path.split('/')
  const named = segments.map((segment, index) => {
    if (segment === '') return segment
    return names.get(decoded(segment)) ?? (isVariable(layer, segments, index) ? '*' : segment)
  })
  return named.filter((name, index) => !name.startsWith('*') || name !== named[index - 1]).join('/')
}

/** The pattern of a layer that takes this path. */
export function patternOfLayer(layer: Layer, path: string): string | undefined {
  if (layer.rawPath !== undefined) return show(layer.rawPath)
  const known = readBack(layer)
  if (known !== undefined) return known
  const taken = take(layer, path)
  return taken === undefined ? undefined : substituted(layer, taken.path, taken.params)
}
