/**
 * What belongs to Node and the language. A module may hand it out as its own (`module.exports =
 * process`), but the whole program shares it, so nothing of it is ever replaced.
 */

import nodeModule from 'node:module'

const { getOwnPropertyDescriptor, ownKeys } = Reflect

/** What Node tells of its modules that are loaded. */
interface Loaded {
  readonly moduleLoadList?: readonly string[]
}

const known = new WeakSet<object>([globalThis, process, console, Buffer])
let loadedCount = 0

function note(value: unknown): void {
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') known.add(value)
}

/** Notes what an object holds; getters, which may load something, are not called. */
function noteAll(holder: object): void {
  for (const key of ownKeys(holder)) note(getOwnPropertyDescriptor(holder, key)?.value)
}

// As it is before the program adds to it.
noteAll(globalThis)

/** Notes the modules of Node that were loaded since. */
function noteLoaded(): void {
  const { moduleLoadList: list = [] } = process as Loaded
  for (const entry of list.slice(loadedCount)) {
    const name = entry.replace(/^NativeModule /, '')
    if (name === entry || !nodeModule.isBuiltin(name)) continue
    const module = process.getBuiltinModule(name) as unknown
    if (typeof module !== 'object' && typeof module !== 'function') continue
    note(module)
    noteAll(module ?? {})
  }
  loadedCount = list.length
}

/** Functions of the language have a name in their text, other than bound ones. */
function isNative(value: object): boolean {
  if (typeof value !== 'function') return false
  const text = Function.prototype.toString.call(value)
  return /^function [^\s(]+\(\) \{ \[native code\] \}$/.test(text)
}

/** Whether the whole program shares an object or a function. */
export function isOfRuntime(value: object): boolean {
  noteLoaded()
  return known.has(value) || isNative(value)
}
