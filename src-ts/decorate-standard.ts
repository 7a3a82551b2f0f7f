/**
 * `capture` as a decorator of the standard: https://github.com/tc39/proposal-decorators
 *
 * It is handed a value and a context, before the class has a name. So a member is named by its
 * first call, which may be on an object of a subclass.
 */

import { show } from './arguments.js'
import { captured, storeFor } from './captured.js'
import { checkFunction, siteOfDecorated, withPrefix, wrapBoth } from './decoration.js'
import { classNameOf, holderOf, memberName, nameOf } from './members.js'
import { LateSite } from './sites.js'
import { classInConstruction } from './source.js'
import type { Decoration, WrapMember } from './decoration.js'
import type { Member } from './members.js'
import type { NativeStore } from './native.js'
import type { Site } from './record.js'
import type { Callable } from './wrapper.js'

/** The second argument of a decorator. */
export interface Context {
  readonly kind: string
  readonly name: PropertyKey | undefined
  readonly static?: boolean
  readonly private?: boolean
  addInitializer(initializer: (this: unknown) => void): void
}

/** Options are none: they have no `kind`, and what a prototype has does not count. */
export function isContext(value: unknown): value is Context {
  try {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'kind')) return false
    const { kind, addInitializer } = value as Record<string, unknown>
    // Fields of older compilers (Babel's 2022-03) have none.
    return kind === 'field' || (typeof kind === 'string' && typeof addInitializer === 'function')
  } catch {
    // Options that cannot be read: they will be told about.
    return false
  }
}

/**
 * Finds the name of the class where that is not left to the first call. Static members: the class
 * itself runs the initializer. Private ones, which can be looked up in no object: constructions do.
 */
function classFinder(context: Context): () => string | undefined {
  let find: (() => string) | undefined
  if (context.static === true) {
    context.addInitializer(function initializer() {
      // Asked at the first call, because compilers may name the class after this.
      find ??= () => classNameOf(this, true)
    })
  } else if (context.private === true) {
    context.addInitializer(function initializer() {
      if (find !== undefined) return
      const found = classInConstruction(initializer) ?? classNameOf(this, false)
      find = () => found
    })
  }
  return () => find?.()
}

/** Wraps members of a class that has no name yet. */
function wrapLate(store: NativeStore, decoration: Decoration, context: Context): WrapMember {
  const find = classFinder(context)
  const nameBy = (self: unknown, member: Member, wrapper: Callable): Site => {
    const className =
      find() ?? classNameOf(holderOf(self, member.key, wrapper), context.static === true)
    return siteOfDecorated(store, decoration, memberName(className, member))
  }
  return (fn, member) => {
    const makeSite = (): Site => new LateSite(store, (self) => nameBy(self, member, wrapper))
    const wrapper = captured(fn, makeSite, decoration.settings)
    return wrapper
  }
}

/** A field: each object gets a wrapper of its own, all of them one site. */
function fieldInitializer(store: NativeStore, decoration: Decoration, member: Member): Callable {
  let site: Site | undefined
  return function initializer(this: unknown, initial: unknown): unknown {
    if (initial === undefined || initial === null) return initial
    const fn = checkFunction(initial, `field ${memberName('', member)}`)
    const findClass = (): string =>
      (member.isStatic ? undefined : classInConstruction(initializer)) ??
      classNameOf(this, member.isStatic)
    const makeSite = (): Site =>
      (site ??= siteOfDecorated(store, decoration, memberName(findClass(), member)))
    return captured(fn, makeSite, decoration.settings)
  }
}

function decorateAccessor(value: object, member: Member, context: Context, given: Decoration) {
  const store = storeFor(given.settings)
  if (store === undefined) return undefined
  if (given.name === '') return wrapBoth(value, member, wrapLate(store, given, context))
  return wrapBoth(value, member, (fn, part) =>
    captured(fn, () => siteOfDecorated(store, withPrefix(given, part), ''), given.settings),
  )
}

/** What is to stand in place of a method, getter, setter or class. */
function decorateFunction(fn: Callable, member: Member, context: Context, given: Decoration) {
  const store = storeFor(given.settings)
  if (store === undefined) return undefined
  if (context.kind !== 'class' && given.name === '') {
    return wrapLate(store, given, context)(fn, member)
  }
  const own = nameOf(fn)
  return captured(fn, () => siteOfDecorated(store, given, own), given.settings)
}

const prefixes: Partial<Record<string, Member['prefix']>> = { getter: 'get ', setter: 'set ' }

/** What is to stand in place of the value; undefined: the value itself. */
export function decorateStandard(value: unknown, context: Context, given: Decoration): unknown {
  const { kind, name: key = '', static: isStatic = false } = context
  const member: Member = { key, isStatic, prefix: prefixes[kind] ?? '' }
  const what = `${kind} ${memberName('', { ...member, prefix: '' })}`
  if (kind === 'field') {
    const store = storeFor(given.settings)
    return store && fieldInitializer(store, given, member)
  }
  if (kind !== 'accessor') {
    return decorateFunction(checkFunction(value, what), member, context, given)
  }
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`@capture needs get and set of ${what}, not ${show(value)}`)
  }
  return decorateAccessor(value, member, context, given)
}
