/**
 * The pattern of an Express route, with the prefixes of the routers that it is mounted in.
 *
 * A request knows its route, but the routers above it only by what was cut off its URL, which holds
 * values of parameters. So the route is looked up in the application's tree of layers, once; where
 * a router is mounted twice, the request's path says which way it came. Layers know their pattern
 * in router 2.3 and later (`rawPath`); Express 4 keeps the regular expression made of it, which is
 * read back; in between, the parameters in the part of the path that a layer takes are replaced by
 * their names, and what else may differ from request to request by a star.
 */

/** A layer of express 4, or of the package router that express 5 uses. */
interface Layer {
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

interface App {
  readonly _router?: { readonly stack?: unknown }
  readonly router?: { readonly stack?: unknown }
  readonly mountpath?: string | string[]
  readonly parent?: App
}

interface Route {
  readonly path?: unknown
  readonly stack?: readonly { readonly method?: string; readonly handle?: { name?: unknown } }[]
}

/** What is needed of a request of Express. */
export interface ExpressRequest {
  readonly method?: string
  readonly originalUrl?: string
  readonly url?: string
  readonly route?: Route
  readonly app?: App
}

/** The layers above a route, outermost first. */
type Chain = readonly Layer[]

/** Where a router is mounted. */
interface Mount {
  readonly layer: Layer
  readonly stack: readonly Layer[]
}

const depthMax = 32
/** Layers that are looked at to find the way of one request. */
const layerCountMax = 10_000
const expressionStart = /^\^/
const expressionEnd = /\\\/\?(?:\(\?=\\\/\|\$\)|\$)$/

function show(pattern: unknown): string {
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
function take(layer: Layer, path: string): { path: string; params: object } | undefined {
  const match = layer.match?.(path)
  if (match === undefined || match === false) return undefined
  const { path: taken, params } = (match === true ? layer : match) as Layer
  return typeof taken === 'string' ? { path: taken, params: params ?? {} } : undefined
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

function prefixOf(chain: Chain, path: string): string | undefined {
  let prefix = ''
  let rest = path
  for (const layer of chain) {
    const taken = take(layer, rest)
    const known = layer.rawPath === undefined ? readBack(layer) : show(layer.rawPath)
    const own = known ?? (taken === undefined ? undefined : substituted(layer, taken.path, taken.params))
    if (own === undefined) return undefined
    prefix = joined(prefix, own)
    rest = rest.slice(taken?.path.replace(/\/$/, '').length ?? 0)
  }
  return prefix
}

function joined(prefix: string, own: string): string {
  if (own === '/' || own === '') return prefix
  return prefix.replace(/\/$/, '') + (own.startsWith('/') ? own : `/${own}`)
}

function routesBelow(layer: Layer): readonly Layer[] | undefined {
  const stack = layer.handle?.stack
  return Array.isArray(stack) ? (stack as Layer[]) : undefined
}

/** Where each router below this one is mounted, and which of them have the route. */
function survey(root: readonly Layer[], route: unknown): [Map<unknown, Mount[]>, unknown[]] {
  const mounts = new Map<unknown, Mount[]>()
  const owners: unknown[] = []
  const stacks = new Set([root])
  for (const stack of stacks) {
    for (const layer of stack) {
      if (layer.route === route) owners.push(stack)
      const below = routesBelow(layer)
      if (below === undefined) continue
      stacks.add(below)
      mounts.set(below, [...(mounts.get(below) ?? []), { layer, stack }])
    }
  }
  return [mounts, owners]
}

/**
 * The layers above a route: undefined where it is not found, `several` where a router in between,
 * or above, is mounted more than once, maybe in itself.
 */
function findChain(root: unknown, route: unknown): Chain | 'several' | undefined {
  if (!Array.isArray(root)) return undefined
  const [mounts, [owner, ...others]] = survey(root as Layer[], route)
  if (owner === undefined) return undefined
  if (others.length > 0 || mounts.has(root)) return 'several'
  const chain: Layer[] = []
  for (let stack = owner; stack !== root; ) {
    const [mount, ...more] = mounts.get(stack) ?? []
    if (mount === undefined || more.length > 0) return 'several'
    chain.unshift(mount.layer)
    stack = mount.stack
  }
  return chain
}

/** Goes the way of a request once more, to tell by its path by which layers it came. */
class Walk {
  readonly #route: unknown
  #left = layerCountMax

  constructor(route: unknown) {
    this.#route = route
  }

  chainTo(stack: readonly Layer[], path: string, depth = 0): Layer[] | undefined {
    for (const layer of stack) {
      this.#left -= 1
      if (this.#left < 0 || depth > depthMax) return undefined
      const below = routesBelow(layer)
      if (below === undefined && layer.route !== this.#route) continue
      const taken = take(layer, path || '/')
      if (taken === undefined) continue
      if (below === undefined) return []
      const rest = path.slice(taken.path.replace(/\/$/, '').length)
      const chain = this.chainTo(below, rest, depth + 1)
      if (chain !== undefined) return [layer, ...chain]
    }
    return undefined
  }
}

function stackOf(app: App): unknown {
  // `router` of Express 4 is a getter that throws.
  return (app._router ?? app.router)?.stack
}

/** What an application, itself mounted in another, is mounted at. */
function mountOf(app: App): string {
  let prefix = ''
  let outer: App | undefined = app
  for (let depth = 0; outer?.parent !== undefined && depth < depthMax; depth += 1) {
    prefix = joined(show(outer.mountpath ?? ''), prefix)
    outer = outer.parent
  }
  return prefix
}

/** The layers above routes that were looked up. */
const chains = new WeakMap<object, Chain | 'several'>()
/** Patterns of routes that can be reached in one way only. */
const patterns = new WeakMap<object, string>()

function chainOf(route: Route, app: App): Chain | 'several' | undefined {
  const chain = chains.get(route) ?? findChain(stackOf(app), route)
  // One that is not there may be under an application that is mounted here: it is asked again.
  if (chain !== undefined) chains.set(route, chain)
  return chain
}

/** The pattern of a request's route; `undefined` when none was found for it. */
export function routeOf(request: ExpressRequest): string | undefined {
  const { route, app } = request
  if (typeof route !== 'object' || route === null) return undefined
  const pattern = patterns.get(route)
  if (pattern !== undefined) return pattern
  const own = show(route.path)
  if (app === undefined) return own
  const mount = mountOf(app)
  const [whole = '/'] = (request.originalUrl ?? request.url ?? '/').split('?', 1)
  const path = whole.slice(mount.includes(':') ? 0 : mount.length) || '/'
  const known = chainOf(route, app)
  const isOne = known !== 'several'
  const chain = isOne ? known : new Walk(route).chainTo(stackOf(app) as Layer[], path)
  const prefix = chain === undefined ? undefined : prefixOf(chain, path)
  const found = joined(joined(mount, prefix ?? ''), own) || '/'
  if (isOne && prefix !== undefined) patterns.set(route, found)
  return found
}

/** The name of the function that handles a request: the last of its route. */
export function functionOf(request: ExpressRequest): string | undefined {
  const method = request.method?.toLowerCase()
  const layers = request.route?.stack?.filter((one) => !one.method || one.method === method)
  const name = layers?.at(-1)?.handle?.name
  // Express 4 calls those without a name so.
  return typeof name === 'string' && name !== '<anonymous>' && name !== '' ? name : undefined
}
