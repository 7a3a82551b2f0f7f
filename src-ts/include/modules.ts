/** ES modules: hooks of Node (22.15 and later) that see each before it runs. */

import nodeModule from 'node:module'

import { debug } from '../log.js'
import { shared } from '../shared.js'
import { fileOf } from './asked.js'
import { lookAtModule } from './commonjs.js'
import { transform, transformCommonJs } from './transform.js'
import type { IncludedExport } from '../shared.js'
import type { Include } from './asked.js'
import type { Holder } from './members.js'

interface Resolved {
  readonly url: string
}

interface Loaded {
  readonly format?: string | null | undefined
  readonly source?: string | ArrayBuffer | NodeJS.TypedArray | undefined
}

/** What Node 20, and the types of it, know nothing of. */
interface Hooks {
  resolve?: (
    specifier: string,
    context: unknown,
    next: (specifier: string, context: unknown) => Resolved,
  ) => Resolved
  load?: (
    url: string,
    context: unknown,
    next: (url: string, context: unknown) => Loaded,
  ) => Loaded
}

type RegisterHooks = (hooks: Hooks) => unknown

const { registerHooks } = nodeModule as unknown as { registerHooks?: RegisterHooks }

/** Whether this Node lets ES modules be captured. */
export const hasModuleHooks: boolean = typeof registerHooks === 'function'

/** How texts are changed; Node 22 compiles imported CommonJS in TypeScript by itself. */
const transforms = new Map<unknown, typeof transform>([
  ['module', transform],
  ['module-typescript', transform],
  ['commonjs-typescript', transformCommonJs],
])

function textOf(source: Loaded['source']): string | undefined {
  if (typeof source === 'string' || source === undefined) return source
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(source)
}

function exportsOf(entries: readonly IncludedExport[]): Holder {
  const found = new Map(entries.map(([name, get, set]) => [name, { get, set }]))
  const get = (key: string): unknown => {
    try {
      return found.get(key)?.get()
    } catch {
      // A type, or what the reader of the text took for a name.
      return undefined
    }
  }
  return {
    keys: () => [...found.keys()].filter((key) => typeof get(key) === 'function'),
    get,
    set(key, value) {
      found.get(key)?.set(value)
      return true
    },
  }
}

function load(include: Include): NonNullable<Hooks['load']> {
  return (url, context, next) => {
    const loaded = next(url, context)
    try {
      const change = transforms.get(loaded.format)
      const code = change === undefined ? undefined : textOf(loaded.source)
      const source = code === undefined ? undefined : change?.(include, code, url)
      return source === undefined ? loaded : { ...loaded, source }
    } catch (error) {
      debug(`${url} is left alone: ${String(error)}`)
      return loaded
    }
  }
}

function resolve(include: Include): NonNullable<Hooks['resolve']> {
  return (specifier, context, next) => {
    const resolved = next(specifier, context)
    try {
      const file = fileOf(resolved.url)
      if (file !== undefined) include.resolved(specifier, file)
    } catch {
      // Hooks of others gave something else than a URL.
    }
    return resolved
  }
}

/** Captures what was asked for of each ES module that is loaded from now on. */
export function hookModules(include: Include): void {
  shared.included = (file, entries) => {
    try {
      include.wrap(exportsOf(entries), file)
    } catch (error) {
      debug(`${file} is left alone: ${String(error)}`)
    }
  }
  shared.includedModule = (module) => lookAtModule(include, module)
  registerHooks?.({
    load: load(include),
    ...(include.hasSpecifiers ? { resolve: resolve(include) } : {}),
  })
}
