/**
 * The pattern of an Express route, with the prefixes of the routers that it is mounted in.
 *
 * A request knows its route, but the routers above it only by what was cut off its URL, which holds
 * values of parameters. So the route is looked up in the application's tree of layers, once; where
 * a router is mounted twice, the request's path says which way it came.
 */

import { leftOver, patternOfLayer, show, take } from './express-patterns.js'
import type { Layer } from './express-patterns.js'

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

function prefixOf(chain: Chain, path: string): string | undefined {
  let prefix = ''
  let rest = path
  for (const layer of chain) {
    const own = patternOfLayer(layer, rest)
    if (own === undefined) return undefined
    prefix = joined(prefix, own)
    rest = leftOver(rest, take(layer, rest))
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
      const known = mounts.get(below) ?? []
      known.push({ layer, stack })
      mounts.set(below, known)
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
      const chain = this.chainTo(below, leftOver(path, taken), depth + 1)
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
  const { route } = request
  if (typeof route !== 'object' || route === null) return undefined
  const pattern = patterns.get(route)
  if (pattern !== undefined) return pattern
  const own = show(route.path)
  const { app } = request
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
