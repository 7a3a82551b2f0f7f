/** Where in the program something was wrapped: one stack read, at wrap time only. */

import { findSourceMap } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

type Below = (...args: never) => unknown

/** Behind some frames of compilers stands who uses a decorator, or the constructor of a class. */
const frameCountMax = 8

/** What compilers call the functions that apply decorators, and reflect-metadata its own. */
const helpers = [
  /^__decorate$/,
  /^_*(?:es|ts)_?decorate$/i,
  /^_*decorate(?:Element|Class|Property|Constructor)$/i,
  /^_*(?:apply)?_?(?:member_?)?dec(?:s\w*)?$/i,
  /^_*applyDecoratedDescriptor$/i,
  /^_*run_?initializers$/i,
]

function isHelper(site: NodeJS.CallSite): boolean {
  const name = site.getFunctionName() ?? ''
  const isCompiler = helpers.some((pattern) => pattern.test(name))
  return isCompiler || (name === 'decorate' && /reflect/i.test(site.getFileName() ?? ''))
}

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

/** The frames that called `below`. Both properties are found as they were afterwards. */
function callersOf(below: Below, limit: number): NodeJS.CallSite[] {
  const restore = [keep('prepareStackTrace'), keep('stackTraceLimit')]
  try {
    const holder: { stack?: unknown } = {}
    const options = { configurable: true, writable: true }
    Reflect.defineProperty(Error, 'prepareStackTrace', { value: sitesOf, ...options })
    Reflect.defineProperty(Error, 'stackTraceLimit', { value: limit, ...options })
    Error.captureStackTrace(holder, below)
    // Read while our function is in place: the stack is made at the first look.
    const { stack } = holder
    return Array.isArray(stack) ? (stack as NodeJS.CallSite[]) : []
  } finally {
    for (const undo of restore) undo()
  }
}

interface Place {
  file: string
  line: number
}

/** Where it was before it was compiled, if Node has been told to look for source maps. */
function originOf(file: string, line: number, column: number): Place | undefined {
  if (!process.sourceMapsEnabled) return undefined
  try {
    const entry = findSourceMap(file)?.findEntry(line - 1, column - 1)
    if (entry === undefined || !('originalSource' in entry) || !entry.originalSource) {
      return undefined
    }
    // The nearest mapping before it, however far: that of another line tells nothing of this one.
    if (entry.generatedLine !== line - 1) return undefined
    return { file: entry.originalSource, line: entry.originalLine + 1 }
  } catch {
    // A map that is damaged: the compiled file is the place.
    return undefined
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

/** `file:line` of a place in a file, in its source if it was compiled and has a map. */
export function sourceAt(file: string, line: number, column: number): string {
  const place = originOf(file, line, column) ?? { file, line }
  return `${shorten(place.file)}:${place.line}`
}

function placeOf(site: NodeJS.CallSite | undefined): string {
  const file = site?.getFileName() ?? site?.getScriptNameOrSourceURL?.()
  const line = site?.getLineNumber()
  return file && line ? sourceAt(file, line, site?.getColumnNumber() ?? 1) : ''
}

/** `file:line` of the code that called `below`; empty where that cannot be told. */
export function sourceOfCaller(below: Below): string {
  try {
    const sites = callersOf(below, frameCountMax)
    return placeOf(sites.find((site) => !isHelper(site)) ?? sites[0])
  } catch {
    return ''
  }
}

/** The name of the class whose constructor called `below`, maybe for an object of a subclass. */
export function classInConstruction(below: Below): string | undefined {
  try {
    const sites = callersOf(below, frameCountMax)
    return sites.find((site) => site.isConstructor())?.getFunctionName() ?? undefined
  } catch {
    return undefined
  }
}
