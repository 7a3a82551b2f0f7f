/** What was asked for, and which patterns have met something that is loaded. */

import { tellHook } from '../inner.js'
import { wrapMembers } from './members.js'
import { forget } from './places.js'
import { Rules } from './rules.js'
import type { Holder } from './members.js'
import type { Pattern } from './patterns.js'
import type { Rule } from './rules.js'

/** Names of captured functions that are told of one pattern. */
const shownCountMax = 3
/** Names that are counted; one module after the other may be loaded anew without end. */
const nameCountMax = 10_000

function firstOf(names: ReadonlySet<string>): string {
  const shown: string[] = []
  for (const name of names) if (shown.push(name) === shownCountMax) break
  return shown.join(', ')
}

/** Patterns, and what they came to. */
export class Include extends Rules {
  readonly #met = new Map<Pattern, Set<string>>()
  readonly #missed = new Set<Pattern>()
  #isTold = false

  /** Patterns that nothing was captured by. */
  get unmet(): Pattern[] {
    return this.effective.filter((pattern) => !this.#met.has(pattern))
  }

  override rulesOf(file: string): Rule[] {
    const rules = super.rulesOf(file)
    this.tell()
    return rules
  }

  /** Tells which patterns there are, once the application runs here at all. */
  tell(): void {
    if (this.#isTold || this.effective.length === 0) return
    this.#isTold = true
    for (const { text } of this.effective) tellHook('pattern', text)
  }

  override missed(rules: readonly Rule[]): void {
    for (const { pattern, label } of rules) {
      if (this.#met.has(pattern) || this.#missed.has(pattern)) continue
      this.#missed.add(pattern)
      const remark = `${label} exports no such function, or none that can be replaced`
      tellHook('pattern', pattern.text, { remark })
    }
  }

  /** Captures what was asked for of what a file exports. */
  wrap(exported: Holder, file: string, rules: readonly Rule[] = this.rulesOf(file)): void {
    for (const rule of rules) {
      const names = wrapMembers(exported, rule, file)
      if (names.length > 0) this.#found(rule.pattern, names)
      else this.missed([rule])
    }
    if (rules.length > 0) forget()
  }

  #found(pattern: Pattern, names: readonly string[]): void {
    const all = this.#met.get(pattern) ?? new Set()
    this.#met.set(pattern, all)
    const before = all.size
    for (const name of names) if (all.size < nameCountMax) all.add(name)
    if (all.size === before) return
    tellHook('pattern', pattern.text, { functions: all.size, remark: firstOf(all) })
  }
}
