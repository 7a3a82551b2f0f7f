/**
 * ES modules: their exports cannot be replaced from outside, so a line at the end of the module
 * does it from inside.
 *
 * `const` before an exported name becomes `let`, and `export default name` a list, for an export
 * that is to be replaced must be able to change. The rest of the text stays, byte by byte and line
 * by line. A name that the reader of the text got wrong is not there, or not a function, or cannot
 * be set, when the line asks for it: it is left alone.
 */

import { fileOf } from './rules.js'
import { shapeOf } from './shape.js'
import type { Rule, Rules } from './rules.js'
import type { Passed, Shape, Span } from './shape.js'

interface Edit extends Span {
  readonly text: string
}

const identifier = /^[$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}]*$/u
/** Words that are names in other languages at most: assigning to them would be an error. */
const reserved = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum ' +
    'eval export extends false finally for function if implements import in instanceof ' +
    'interface let new null package private protected public return static super switch this ' +
    'throw true try typeof var void while with yield'
  ).split(' '),
)

function wants(rules: readonly Rule[], name: string): boolean {
  return rules.some(({ member: [first] }) => first === '*' || first === name)
}

/** What a module only passes on is replaced where it is made, if it is of the same package. */
function follow(include: Rules, passed: Passed, url: string, rules: readonly Rule[]): void {
  if (!/^(?:\.|file:|\/)/.test(passed.from)) return
  const file = fileOf(new URL(passed.from, url).href)
  if (file === undefined) return
  for (const rule of rules) {
    const [first = '*', ...rest] = rule.member
    // Files were asked for as they are: what they take from others was not.
    if (rule.pattern.specifier === undefined && first === '*') continue
    if (passed.name === '*') include.add(file, rule)
    else if (first === '*' || first === passed.name) {
      const alias = rule.alias ?? passed.name
      include.add(file, { ...rule, member: [passed.there, ...rest], alias })
    }
  }
}

function editsOf({ constants, namedDefault }: Shape, locals: ReadonlyMap<string, string>): Edit[] {
  const edits: Edit[] = []
  for (const local of new Set(locals.values())) {
    const start = constants.get(local)
    if (start !== undefined) edits.push({ start, end: start + 'const'.length, text: 'let  ' })
  }
  if (namedDefault !== undefined && locals.has('default')) {
    const { start, end, local } = namedDefault
    edits.push({ start, end, text: `export { ${local} as default }` })
  }
  return edits.toSorted((one, other) => other.start - one.start)
}

/** A line that does no harm where a module has a `Symbol`, or a `globalThis`, of its own. */
function calling(call: string): string {
  return `\n;try{globalThis[Symbol.for("kronicler")]?.${call}}catch{}\n`
}

function lineOf(
  file: string,
  locals: ReadonlyMap<string, string>,
  rules: readonly Rule[],
): string {
  const entries = [...locals].map(
    ([name, local]) => `[${JSON.stringify(name)},()=>${local},(v)=>{${local}=v}]`,
  )
  // Who made the line may live in another thread than who gets the call.
  const told = rules.map(({ pattern, ...asked }) => ({ ...asked, pattern: pattern.text }))
  const args = [JSON.stringify(file), `[${entries.join(',')}]`, JSON.stringify(told)]
  return calling(`included?.(${args.join(',')})`)
}

/** A CommonJS module's text that shows it; undefined where it is to stay as it is. */
function transformCommonJs(include: Rules, code: string, url: string): string | undefined {
  const file = fileOf(url)
  if (file === undefined || include.rulesOf(file).length === 0) return undefined
  return code + calling('includedModule?.(module)')
}

/** The text that captures what was asked for; undefined where it is to stay as it is. */
function transformModule(include: Rules, code: string, url: string): string | undefined {
  const file = fileOf(url)
  const rules = file === undefined ? [] : include.rulesOf(file)
  if (file === undefined || rules.length === 0) return undefined
  const shape = shapeOf(code)
  for (const passed of shape.passed) follow(include, passed, url, rules)
  const wanted = [...shape.locals].filter(
    ([name, local]) => wants(rules, name) && identifier.test(local) && !reserved.has(local),
  )
  if (wanted.length === 0) {
    include.missed(rules)
    return undefined
  }
  const locals = new Map(wanted)
  let text = code
  for (const edit of editsOf(shape, locals)) {
    text = text.slice(0, edit.start) + edit.text + text.slice(edit.end)
  }
  return text + lineOf(file, locals, rules)
}

/** How texts are changed; Node 22 compiles imported CommonJS in TypeScript by itself. */
const transforms = new Map<unknown, typeof transformModule>([
  ['module', transformModule],
  ['module-typescript', transformModule],
  ['commonjs-typescript', transformCommonJs],
])

/** What a hook of loading gives. */
export interface LoadedText {
  readonly format?: string | null | undefined
  readonly source?: string | ArrayBuffer | NodeJS.TypedArray | null | undefined
}

/** A module as it is to be loaded: with another text if something is asked for of it. */
export function transformed<T extends LoadedText>(include: Rules, loaded: T, url: string): T {
  const transform = transforms.get(loaded.format)
  const { source: given } = loaded
  if (transform === undefined || given === undefined || given === null) return loaded
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const code = typeof given === 'string' ? given : decoder.decode(given)
  const source = transform(include, code, url)
  return source === undefined ? loaded : { ...loaded, source }
}
