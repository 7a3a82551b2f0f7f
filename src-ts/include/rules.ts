/** What was asked for: which files, by which patterns. It knows nothing of what is loaded. */

import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { portable } from './patterns.js'
import type { Asked } from './members.js'
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

/** Patterns, and the files that they mean. */
export class Rules {
  readonly #patterns: readonly Pattern[]
  /** Files that are known by more than their path: entries of packages, what they pass on. */
  readonly #rules = new Map<string, Rule[]>()
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

  /** All patterns. */
  get written(): readonly Pattern[] {
    return this.#patterns
  }

  /** All patterns, once the application runs here at all. */
  get effective(): readonly Pattern[] {
    return this.#isApplication ? this.#patterns : []
  }

  /** What a line in a module tells of a rule, as that rule. */
  ruleOf({ pattern: text, ...asked }: Asked & { readonly pattern: string }): Rule {
    const pattern = this.#patterns.find((one) => one.text === text)
    if (pattern === undefined) throw new Error(`${text} is not in the list`)
    return { ...asked, pattern }
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

  /** A file was loaded that has nothing of what these ask for. */
  missed(_rules: readonly Rule[]): void {}

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
}
