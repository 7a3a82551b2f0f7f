/** Where in a file a function stands: its own text is looked for in that of the file. */

import { readFileSync } from 'node:fs'

import { sourceAt } from '../inner.js'
import type { Callable } from '../wrapper.js'

interface Read {
  readonly file: string
  readonly text: string
  /** Where its lines begin. */
  readonly lines: readonly number[]
  /** Where the last function, or class, was found: most are asked for in their order. */
  at: number
  /** The class that was found there. */
  holder: Callable | undefined
}

const nothing: Read = { file: '', text: '', lines: [], at: 0, holder: undefined }

/** The file that was read last: functions of one file are asked for one after the other. */
let last = nothing

function read(file: string): Read {
  if (last.file === file) return last
  const text = readFileSync(file, 'utf8')
  const lines = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.push(at + 1)
  last = { ...nothing, file, text, lines }
  return last
}

/** The number of the line, from 1 on, that an offset is in. */
function lineAt(lines: readonly number[], offset: number): number {
  let [low, high] = [0, lines.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((lines[middle] as number) <= offset) low = middle
    else high = middle
  }
  return low + 1
}

function escape(text: string): string {
  return text.replaceAll(/[$]/g, '\\$&')
}

/** Where `part` stands, best behind the name: short functions may be there twice. */
function find({ text, at: from }: Read, part: string, name: string): number {
  const next = text.indexOf(part, from)
  const first = next < 0 ? text.indexOf(part) : next
  // Its own text begins with the name.
  if (/^[^(=]*\(/.exec(part)?.[0].includes(name) === true) return first
  const named = new RegExp(`(?:^|[^\\w$])${escape(name)}\\s*[=:]\\s*$`)
  for (let at = first; at >= 0; at = text.indexOf(part, at + 1)) {
    if (named.test(text.slice(Math.max(0, at - name.length - 20), at))) return at
  }
  return first
}

/** Methods are looked for from the beginning of their class: others may have the same text. */
function enter(file: Read, holder: Callable): void {
  if (file.holder === holder) return
  file.holder = holder
  file.at = Math.max(0, find(file, Function.prototype.toString.call(holder), ''))
}

function offsetOf(file: Read, fn: Callable, name: string): number {
  const { text } = file
  const own = Function.prototype.toString.call(fn)
  const whole = find(file, own, name)
  if (whole >= 0 || name === '') return whole
  // Types were taken out of it, or it was compiled: the first that looks like its beginning.
  const [head = ''] = /^[^(=]*\(/.exec(own) ?? []
  const begun = head.includes(name) ? text.indexOf(head) : -1
  return begun >= 0 ? begun : text.search(new RegExp(`(?<![\\w$.])${escape(name)}\\s*[=:(]`))
}

/** `file:line` of a function of a file, in a class if it is of one; empty if it cannot be told. */
export function placeOf(fn: Callable, name: string, file: string, holder?: Callable): string {
  try {
    const known = read(file)
    if (holder !== undefined) enter(known, holder)
    const offset = offsetOf(known, fn, name)
    if (offset < 0) return ''
    if (holder === undefined) Object.assign(known, { at: offset, holder })
    const line = lineAt(known.lines, offset)
    return sourceAt(file, line, offset - (known.lines[line - 1] as number) + 1)
  } catch {
    // A file that cannot be read a second time.
    return ''
  }
}

/** Lets go what was read. */
export function forget(): void {
  last = nothing
}
