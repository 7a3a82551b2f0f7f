/** Where in the program something was wrapped: one stack read, at wrap time only. */

import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Puts a property of Error back, whether it was there or not. */
function keep(key: 'prepareStackTrace' | 'stackTraceLimit'): () => void {
  const descriptor = Reflect.getOwnPropertyDescriptor(Error, key)
  return () => {
    if (descriptor === undefined) Reflect.deleteProperty(Error, key)
    else Reflect.defineProperty(Error, key, descriptor)
  }
}

function sitesOf(_: Error, sites: NodeJS.CallSite[]): NodeJS.CallSite[] {
  return sites
}

/** The frame that called `below`. Both properties are found as they were afterwards. */
function callerOf(below: (...args: never) => unknown): NodeJS.CallSite | undefined {
  const restore = [keep('prepareStackTrace'), keep('stackTraceLimit')]
  try {
    const holder: { stack?: unknown } = {}
    const options = { configurable: true, writable: true }
    Reflect.defineProperty(Error, 'prepareStackTrace', { value: sitesOf, ...options })
    Reflect.defineProperty(Error, 'stackTraceLimit', { value: 1, ...options })
    Error.captureStackTrace(holder, below)
    // Read while our function is in place: the stack is made at the first look.
    const { stack } = holder
    return Array.isArray(stack) ? (stack[0] as NodeJS.CallSite | undefined) : undefined
  } finally {
    for (const undo of restore) undo()
  }
}

/** Below the working directory without it, elsewhere in full. */
function shorten(file: string): string {
  const full = file.startsWith('file://') ? fileURLToPath(file) : file
  if (!path.isAbsolute(full)) return full
  const relative = path.relative(process.cwd(), full)
  const isBelow = relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative)
  return isBelow ? relative : full
}

/** `file:line` of the code that called `below`; empty where that cannot be told. */
export function sourceOfCaller(below: (...args: never) => unknown): string {
  try {
    const site = callerOf(below)
    const file = site?.getFileName() ?? site?.getScriptNameOrSourceURL?.()
    const line = site?.getLineNumber()
    return file && line ? `${shorten(file)}:${line}` : ''
  } catch {
    return ''
  }
}
