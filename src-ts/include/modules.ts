/**
 * ES modules: hooks that see each before it runs. They run in this thread where Node lets them
 * (22.15 and later), else in one of their own, of which this one knows by lines in modules only.
 */

import { existsSync } from 'node:fs'
import nodeModule from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

import { shared, tellLeftAlone } from '../inner.js'
import { lookAtModule } from './commonjs.js'
import { fileOf } from './rules.js'
import { transformed } from './transform.js'
import type { IncludedExport } from '../shared.js'
import type { Include } from './asked.js'
import type { Holder } from './members.js'
import type { LoadedText } from './transform.js'

interface Resolved {
  readonly url: string
}

/** What the types of Node 20 know nothing of. */
interface Hooks {
  resolve?: (
    specifier: string,
    context: unknown,
    next: (specifier: string, context: unknown) => Resolved,
  ) => Resolved
  load?: (
    url: string,
    context: unknown,
    next: (url: string, context: unknown) => LoadedText,
  ) => LoadedText
}

type RegisterHooks = (hooks: Hooks) => unknown

const { registerHooks } = nodeModule as unknown as { registerHooks?: RegisterHooks }

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
      return transformed(include, loaded, url)
    } catch (error) {
      tellLeftAlone(url, String(error))
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

/** In a thread of their own, which is told the patterns. */
function registerLoader(include: Include): void {
  // It throws when there is no working directory, where Node would wait for that thread for ever.
  process.cwd()
  // Not this file, which loads all of us: the loader loads little.
  const loader = path.join(__dirname, '../../esm/loader.js')
  if (!existsSync(loader)) {
    const reason = 'this Node needs loader.js of the package, which is bundled'
    tellLeftAlone('all that ES modules export', reason)
    return
  }
  const data = include.written.map(({ text, base }) => ({ text, base }))
  nodeModule.register(pathToFileURL(loader).href, { data })
}

/** Captures what was asked for of each ES module that is loaded from now on. */
export function hookModules(include: Include): void {
  shared.included = (file, entries, asked) => {
    try {
      const rules = asked.map((one) => include.ruleOf(one))
      include.wrap(exportsOf(entries), file, rules)
    } catch (error) {
      tellLeftAlone(file, String(error))
    }
  }
  shared.includedModule = (module) => lookAtModule(include, module)
  if (registerHooks === undefined) {
    registerLoader(include)
    return
  }
  registerHooks({
    load: load(include),
    ...(include.hasSpecifiers ? { resolve: resolve(include) } : {}),
  })
}
