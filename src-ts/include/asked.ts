/** What was asked for, and which patterns have met something that is loaded. */

import { wrapMembers } from './members.js'
import { forget } from './places.js'
import { Rules } from './rules.js'
import type { Holder } from './members.js'
import type { Pattern } from './patterns.js'
import type { Rule } from './rules.js'

/** Patterns, and what they came to. */
export class Include extends Rules {
  readonly #met = new Set<Pattern>()

  /** Patterns that nothing was captured by. */
  get unmet(): Pattern[] {
    return this.effective.filter((pattern) => !this.#met.has(pattern))
  }

  /** Captures what was asked for of what a file exports. */
  wrap(exported: Holder, file: string, rules: readonly Rule[] = this.rulesOf(file)): void {
    for (const rule of rules) {
      if (wrapMembers(exported, rule, file) > 0) this.#met.add(rule.pattern)
    }
    if (rules.length > 0) forget()
  }
}
