/**
 * Hooks of ES modules where they run in a thread of their own: before Node 22.15. This file is the
 * entry of that thread, a bundle by itself.
 */

import { parsePattern } from './patterns.js'
import { Rules, fileOf } from './rules.js'
import { transformed } from './transform.js'
import type { LoadedText } from './transform.js'

type Next<T> = (subject: string, context: unknown) => Promise<T>

let rules: Rules | undefined

/** Called with the patterns that can be read, before any module is loaded. */
export function initialize(written: readonly { text: string; base: string }[]): void {
  const patterns = written.map(({ text, base }) => parsePattern(text, base))
  rules = new Rules(
    patterns.filter((pattern) => 'member' in pattern),
    '',
  )
}

/** Notes what is asked for by the name that it is imported as. */
export async function resolve(
  specifier: string,
  context: unknown,
  next: Next<{ url: string }>,
): Promise<{ url: string }> {
  const resolved = await next(specifier, context)
  try {
    const file = fileOf(resolved.url)
    if (file !== undefined) rules?.resolved(specifier, file)
  } catch {
    // Hooks of others gave something else than a URL.
  }
  return resolved
}

/** Gives a module with another text if something is asked for of it. */
export async function load(
  url: string,
  context: unknown,
  next: Next<LoadedText>,
): Promise<LoadedText> {
  const loaded = await next(url, context)
  try {
    return rules === undefined ? loaded : transformed(rules, loaded, url)
  } catch {
    return loaded
  }
}
