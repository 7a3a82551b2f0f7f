/** Where in a file a function stands: its own text is looked for in that of the file. */

import { readFileSync } from 'node:fs'

import { sourceAt } from '../source.js'
import type { Callable } from '../wrapper.js'

/** The file that was read last: functions of one file are asked for one after the other. */
let last = { file: '', text: '' }

function textOf(file: string): string {
  if (last.file !== file) last = { file, text: readFileSync(file, 'utf8') }
  return last.text
}

function escape(text: string): string {
  return text.replaceAll(/[$]/g, '\\$&')
}

/** Where `part` stands, best behind the name: short functions may be there twice. */
function find(text: string, part: string, name: string): number {
  const named = new RegExp(`(?:^|[^\\w$])${escape(name)}\\s*[=:]\\s*$`)
  const first = text.indexOf(part)
  for (let at = first; at >= 0; at = text.indexOf(part, at + 1)) {
    if (named.test(text.slice(Math.max(0, at - name.length - 20), at))) return at
  }
  return first
}

function offsetOf(text: string, fn: Callable, name: string): number {
  const own = Function.prototype.toString.call(fn)
  const whole = find(text, own, name)
  if (whole >= 0 || name === '') return whole
  // Types were taken out of it, or it was compiled: the first that looks like its beginning.
  const [head = ''] = /^[^(=]*\(/.exec(own) ?? []
  const begun = head.includes(name) ? text.indexOf(head) : -1
  return begun >= 0 ? begun : text.search(new RegExp(`(?<![\\w$.])${escape(name)}\\s*[=:(]`))
}

/** `file:line` of a function of a file; empty where that cannot be told. */
export function placeOf(fn: Callable, name: string, file: string): string {
  try {
    const text = textOf(file)
    const offset = offsetOf(text, fn, name)
    if (offset < 0) return ''
    const before = text.slice(0, offset)
    const line = before.split('\n').length
    return sourceAt(file, line, offset - before.lastIndexOf('\n'))
  } catch {
    // A file that cannot be read a second time.
    return ''
  }
}

/** Lets go what was read. */
export function forget(): void {
  last = { file: '', text: '' }
}
