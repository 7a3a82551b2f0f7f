/**
 * What the text of an ES module says about its exports: what they are called inside, what is passed
 * on from other modules, which of them are constants.
 *
 * It is no parser: it looks at declarations at the top level and goes past all else. What is built
 * upon it is safe where it errs.
 */

import { tokensOf } from './tokens.js'
import type { Token } from './tokens.js'

/** An export that comes from another module. */
export interface Passed {
  /** `*`: all that the other one has. */
  readonly name: string
  readonly from: string
  /** What it is called there. */
  readonly there: string
}

export interface Span {
  readonly start: number
  readonly end: number
}

/** The exports of a module. */
export interface Shape {
  /** Names inside, by exported name. */
  readonly locals: ReadonlyMap<string, string>
  readonly passed: readonly Passed[]
  /** Where `const` stands before a name. */
  readonly constants: ReadonlyMap<string, number>
  /** `export default name`, where that is declared here and never another. */
  readonly namedDefault: (Span & { readonly local: string }) | undefined
}

const operators = new Set(['in', 'instanceof', 'as', 'satisfies'])
const statementStarts = new Set<string | undefined>([undefined, ';', '}', 'export', 'default'])

class Reader {
  readonly locals = new Map<string, string>()
  readonly passed: Passed[] = []
  readonly constants = new Map<string, number>()
  readonly #declared = new Set<string>()
  readonly #imported = new Map<string, { from: string; there: string }>()
  readonly #tokens: readonly Token[]
  readonly #code: string
  #default: (Span & { local: string }) | undefined
  #at = 0

  constructor(code: string) {
    this.#code = code
    this.#tokens = tokensOf(code)
  }

  get #text(): string | undefined {
    return this.#tokens[this.#at]?.text
  }

  /** Takes a token if it is this one. */
  #take(text: string): boolean {
    if (this.#text !== text) return false
    this.#at += 1
    return true
  }

  #takeName(): string | undefined {
    const token = this.#tokens[this.#at]
    if (token?.kind !== 'word') return undefined
    this.#at += 1
    return token.text
  }

  #takeString(): string | undefined {
    const token = this.#tokens[this.#at]
    // One with escapes is passed over: nobody names a file or an export so.
    if (token?.kind !== 'string' || token.text.includes('\\')) return undefined
    this.#at += 1
    return token.text.slice(1, -1)
  }

  read(): Shape {
    while (this.#at < this.#tokens.length) {
      const before = this.#tokens[this.#at - 1]?.text
      const token = this.#tokens[this.#at] as Token
      this.#at += 1
      if (before === '.' || token.kind !== 'word') continue
      if (token.text === 'export') this.#readExport(token)
      else if (token.text === 'import') this.#readImport()
      else this.#readDeclaration(token, before)
    }
    return this.#shape()
  }

  #shape(): Shape {
    for (const [name, local] of this.locals) {
      const imported = this.#imported.get(local)
      if (imported === undefined) continue
      this.locals.delete(name)
      this.passed.push({ name, ...imported })
    }
    const found = this.#default
    const isDeclared = found !== undefined && this.#declared.has(found.local)
    if (isDeclared) this.locals.set('default', found.local)
    const { locals, passed, constants } = this
    return { locals, passed, constants, namedDefault: isDeclared ? found : undefined }
  }

  /** `token` has been taken; gives the declared name. */
  #readDeclaration({ text, start }: Token, before: string | undefined): string | undefined {
    if (text === 'const' || text === 'let' || text === 'var') {
      const name = this.#text === 'enum' ? undefined : this.#takeName()
      if (name === undefined || text !== 'const') return name
      this.#declared.add(name)
      this.constants.set(name, start)
      return name
    }
    if (text === 'async' || text === 'abstract') {
      const next = this.#tokens[this.#at]
      if (next?.text !== 'function' && next?.text !== 'class') return undefined
      this.#at += 1
      return this.#readDeclaration(next, before)
    }
    // Elsewhere it is an expression, whose name is known in itself only.
    if ((text !== 'function' && text !== 'class') || !statementStarts.has(before)) return undefined
    this.#take('*')
    const name = this.#text === 'extends' ? undefined : this.#takeName()
    if (name !== undefined) this.#declared.add(name)
    return name
  }

  #readExport({ start }: Token): void {
    if (this.#take('{')) {
      this.#readList()
      return
    }
    if (this.#take('*')) {
      const isNamespace = this.#take('as')
      if (isNamespace && this.#takeName() === undefined) this.#takeString()
      const from = this.#take('from') ? this.#takeString() : undefined
      if (from !== undefined && !isNamespace) this.passed.push({ name: '*', from, there: '*' })
      return
    }
    const isDefault = this.#take('default')
    const token = this.#tokens[this.#at]
    if (token?.kind !== 'word') return
    this.#at += 1
    const name = this.#readDeclaration(token, 'export')
    if (name !== undefined) this.locals.set(isDefault ? 'default' : name, name)
    else if (isDefault && this.#isStatementEnd(token)) {
      this.#default = { start, end: token.end, local: token.text }
    }
  }

  /** Whether the expression is this one name. */
  #isStatementEnd({ end }: Token): boolean {
    const next = this.#tokens[this.#at]
    if (next === undefined || next.text === ';') return true
    const isNewLine = this.#code.slice(end, next.start).includes('\n')
    return isNewLine && next.kind === 'word' && !operators.has(next.text)
  }

  #readList(): void {
    const listed: [inside: string, outside: string][] = []
    while (this.#text !== '}' && this.#text !== undefined) {
      const inside = this.#takeName() ?? this.#takeString()
      const outside = this.#take('as') ? (this.#takeName() ?? this.#takeString()) : inside
      if (inside !== undefined && outside !== undefined) listed.push([inside, outside])
      // A type, or what is not understood: up to the next.
      while (this.#text !== ',' && this.#text !== '}' && this.#text !== undefined) this.#at += 1
      this.#take(',')
    }
    this.#take('}')
    const from = this.#take('from') ? this.#takeString() : undefined
    for (const [inside, outside] of listed) {
      if (from === undefined) this.locals.set(outside, inside)
      else this.passed.push({ name: outside, from, there: inside })
    }
  }

  #readImport(): void {
    const imported: [local: string, there: string][] = []
    const isCall = this.#text === '(' || this.#text === '.'
    if (isCall) return
    const own = this.#takeName()
    if (own !== undefined) imported.push([own, 'default'])
    this.#take(',')
    if (this.#take('{')) {
      while (this.#text !== '}' && this.#text !== undefined) {
        const there = this.#takeName() ?? this.#takeString()
        const local = this.#take('as') ? this.#takeName() : there
        if (there !== undefined && local !== undefined) imported.push([local, there])
        while (this.#text !== ',' && this.#text !== '}' && this.#text !== undefined) this.#at += 1
        this.#take(',')
      }
      this.#take('}')
    } else if (this.#take('*')) {
      this.#at += 2
    }
    const from = this.#take('from') ? this.#takeString() : undefined
    if (from === undefined) return
    for (const [local, there] of imported) this.#imported.set(local, { from, there })
  }
}

/** Reads the text of a module. */
export function shapeOf(code: string): Shape {
  return new Reader(code).read()
}
