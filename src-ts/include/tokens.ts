/**
 * Tokens at the top level of an ES module, and those of lists in braces behind `export` and
 * `import`. Bodies, arguments, strings and comments are gone past.
 *
 * Where a slash begins a regular expression is told by what stands before it, which is right but
 * for code that nobody writes.
 */

export interface Token {
  readonly kind: 'word' | 'string' | 'mark' | 'other'
  readonly text: string
  readonly start: number
  readonly end: number
}

const blank = /\s+|\/\/.*|\/\*[^]*?\*\//y
const word = /[#$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}]*/uy
const number = /\.?\d[\w.]*/y
// Loops over single characters, because a text can have millions of them.
const string = /"[^"\\\n]*(?:\\[^][^"\\\n]*)*"|'[^'\\\n]*(?:\\[^][^'\\\n]*)*'/y
const templateText = /[^`\\$]*(?:(?:\\[^]|\$(?!\{))[^`\\$]*)*/y
const expression = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[\w$]*/y
const mark = /=>|\+\+|--|[^]/y

/** Behind these words stands an operand, so a slash begins a regular expression. */
const operatorWords = new Set(
  (
    'return typeof instanceof in of new delete void throw case do else await yield default extends'
  ).split(' '),
)
const headWords = new Set(['if', 'while', 'for', 'with'])
const blockWords = new Set(['else', 'do', 'try', 'finally'])
const blockMarks = new Set([';', '{', '}', ')', '=>'])

/** What is open: what closes it, and whether a slash behind that begins a regular expression. */
interface Open {
  readonly isTemplate: boolean
  readonly isOperandNext: boolean
  readonly isListed: boolean
}

class Scanner {
  readonly #code: string
  readonly #tokens: Token[] = []
  readonly #open: Open[] = []
  /** How many of what is open are not lists of `export` and `import`. */
  #depth = 0
  #at = 0
  #last: Token | undefined
  #beforeLast: Token | undefined
  /** Whether a slash here would begin a regular expression. */
  #isOperandNext = true

  constructor(code: string) {
    this.#code = code
    if (code.startsWith('#!')) this.#at = Math.max(code.indexOf('\n'), 0)
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#code)?.[0]
  }

  #add(kind: Token['kind'], text: string, isOperandNext: boolean): void {
    const start = this.#at
    const token: Token = { kind, text, start, end: start + text.length }
    this.#at = token.end
    this.#beforeLast = this.#last
    this.#last = token
    this.#isOperandNext = isOperandNext
    if (this.#depth === 0) this.#tokens.push(token)
  }

  scan(): Token[] {
    while (this.#at < this.#code.length) {
      const passed = this.#match(blank)?.length
      if (passed === undefined) this.#next()
      else this.#at += passed
    }
    return this.#tokens
  }

  #next(): void {
    const name = this.#match(word)
    if (name !== undefined) {
      const isProperty = this.#last?.text === '.'
      this.#add('word', name, !isProperty && operatorWords.has(name))
      return
    }
    const digits = this.#match(number)
    const text = digits ?? this.#match(string)
    if (text !== undefined) {
      this.#add(digits === undefined ? 'string' : 'other', text, false)
      return
    }
    const regular = this.#isOperandNext ? this.#match(expression) : undefined
    if (regular === undefined) this.#readMark(this.#match(mark) ?? '')
    else this.#add('other', regular, false)
  }

  #readMark(text: string): void {
    if (text === '`') this.#readTemplate('`')
    else if (text === '(' || text === '[' || text === '{') this.#readOpening(text)
    else if (text === ')' || text === ']' || text === '}') this.#readClosing(text)
    else this.#add('mark', text, text !== '++' && text !== '--')
  }

  /** From its beginning, or from behind a value in it, to the next value or its end. */
  #readTemplate(from: string): void {
    const start = this.#at
    this.#at += from.length
    this.#at += this.#match(templateText)?.length ?? 0
    const isOver = this.#code[this.#at] !== '$'
    const end = Math.min(this.#at + (isOver ? 1 : 2), this.#code.length)
    this.#at = start
    this.#add('other', this.#code.slice(start, end), !isOver)
    if (!isOver) this.#push({ isTemplate: true, isOperandNext: false, isListed: false })
  }

  #push(open: Open): void {
    this.#open.push(open)
    if (!open.isListed) this.#depth += 1
  }

  #readOpening(text: string): void {
    const [before, last] = [this.#beforeLast?.text, this.#last]
    const isListed =
      text === '{' &&
      this.#depth === 0 &&
      (last?.text === 'export' ||
        last?.text === 'import' ||
        (last?.text === 'type' && (before === 'export' || before === 'import')) ||
        (last?.text === ',' && this.#isImport()))
    let isOperandNext = false
    if (text === '{') isOperandNext = isListed || this.#isBlock()
    if (text === '(') isOperandNext = last?.kind === 'word' && headWords.has(last.text)
    this.#add('mark', text, true)
    this.#push({ isTemplate: false, isOperandNext, isListed })
  }

  /** Whether the comma before is that of `import name, { ... }`. */
  #isImport(): boolean {
    return this.#tokens.at(-3)?.text === 'import' || this.#tokens.at(-4)?.text === 'import'
  }

  #isBlock(): boolean {
    const last = this.#last
    if (last === undefined || blockMarks.has(last.text)) return true
    if (last.kind !== 'word') return false
    return blockWords.has(last.text) || !operatorWords.has(last.text)
  }

  #readClosing(text: string): void {
    const open = this.#open.pop()
    if (open !== undefined && !open.isListed) this.#depth -= 1
    if (open?.isTemplate === true) this.#readTemplate('}')
    else this.#add('mark', text, open?.isOperandNext ?? false)
  }
}

/** The tokens of a module's text. */
export function tokensOf(code: string): Token[] {
  return new Scanner(code).scan()
}
