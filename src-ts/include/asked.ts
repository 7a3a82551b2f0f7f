/** What was asked for: which files, by which patterns, and which patterns have met nothing yet. */

import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { forget } from './places.js'
import { wrapMembers } from './members.js'
import { portable } from './patterns.js'
import type { Asked, Holder } from './members.js'
import type { Pattern } from './patterns.js'

/** That a pattern wants something of a file. */
export interface Rule extends Asked {
  readonly pattern: Pattern
}

const extension = /\.[cm]?[jt]sx?$/

/** The file of a URL; undefined for what is none. */
export function fileOf(url: string): string | undefined {
  try {
    return url.startsWith('file:') ? fileURLToPath(url) : undefined
  } catch {
    return undefined
  }
}

/** Patterns, and what they came to. */
export class Include {
  readonly #patterns: readonly Pattern[]
  /** Files that are known by more than their path: entries of packages, what they pass on. */
  readonly #rules = new Map<string, Rule[]>()
  readonly #met = new Set<Pattern>()
  #isApplication: boolean

  /** `program` is the file that was started. */
  constructor(patterns: readonly Pattern[], program: string) {
    this.#patterns = patterns
    this.#isApplication = this.#isOwn(portable(program))
  }

  /** Whether a file is of the application: npm, say, runs with the same variables. */
  #isOwn(shown: string): boolean {
    if (shown.includes('/node_modules/')) return false
    return this.#patterns.some(({ base }) => shown.startsWith(`${portable(base)}/`))
  }

  /** Whether something is asked for by the name that it is imported as. */
  get hasSpecifiers(): boolean {
    return this.#patterns.some(({ specifier }) => specifier !== undefined)
  }

  /** Patterns for files that nothing was captured by, once the application runs here at all. */
  get unmet(): Pattern[] {
    if (!this.#isApplication) return []
    return this.#patterns.filter((pattern) => !this.#met.has(pattern))
  }

  /** A specifier leads to this file. Whether that is new, and something is asked for of it. */
  resolved(specifier: string, file: string): boolean {
    let isNew = false
    for (const pattern of this.#patterns) {
      if (pattern.specifier !== specifier) continue
      const rule = { pattern, label: specifier, member: pattern.member }
      isNew = this.add(file, rule) || isNew
    }
    return isNew
  }

  /** Asks for something of a file; whether it was not asked for already. */
  add(file: string, rule: Rule): boolean {
    const present = this.#rules.get(file) ?? []
    const isSame = ({ label, member }: Rule): boolean =>
      label === rule.label && member.join('.') === rule.member.join('.')
    if (present.some(isSame)) return false
    this.#rules.set(file, [...present, rule])
    return true
  }

  /** What is asked for of a file that is loaded. */
  rulesOf(file: string): Rule[] {
    const shown = portable(file)
    this.#isApplication ||= this.#isOwn(shown)
    const rules = [...(this.#rules.get(file) ?? [])]
    for (const pattern of this.#patterns) {
      if (pattern.files?.test(shown) !== true) continue
      const label = portable(path.relative(pattern.base, file)).replace(extension, '')
      rules.push({ pattern, label, member: pattern.member })
    }
    return rules
  }

  /** Captures what was asked for of what a file exports. */
  wrap(exported: Holder, file: string, rules: readonly Rule[] = this.rulesOf(file)): void {
    for (const rule of rules) {
      if (wrapMembers(exported, rule, file) > 0) this.#met.add(rule.pattern)
    }
    if (rules.length > 0) forget()
  }
}
