/** What decorators of the standard and older ones share. */

import { show } from './arguments.js'
import { siteOf } from './sites.js'
import type { CaptureSettings } from './capture-options.js'
import type { Member } from './members.js'
import type { NativeStore } from './native.js'
import type { Site } from './record.js'
import type { Callable } from './wrapper.js'

/** What a decorator has been told, and where it stands. */
export interface Decoration {
  /** A name that the user has chosen, or ''. */
  readonly name: string
  readonly settings: CaptureSettings
  /** `file:line`. */
  readonly source: string
}

/** Getter and setter of an `accessor`, or of a descriptor. */
export interface Accessor {
  get?: unknown
  set?: unknown
}

/** Puts a function that records itself in place of a member's. */
export type WrapMember = (fn: Callable, member: Member) => Callable

export function checkFunction(value: unknown, what: string): Callable {
  if (typeof value === 'function') return value as Callable
  throw new TypeError(`@capture decorates functions; ${what} is ${show(value)}`)
}

/** As far as they are there: an accessor may lack one of them. */
export function wrapBoth({ get, set }: Accessor, member: Member, wrap: WrapMember): Accessor {
  const both: Accessor = {}
  if (typeof get === 'function') both.get = wrap(get as Callable, { ...member, prefix: 'get ' })
  if (typeof set === 'function') both.set = wrap(set as Callable, { ...member, prefix: 'set ' })
  return both
}

/** The site of a function whose own name is `own`, under the chosen name if there is one. */
export function siteOfDecorated(store: NativeStore, decoration: Decoration, own: string): Site {
  const { name, settings, source } = decoration
  const isChosen = name !== ''
  const { every, slowMs } = settings
  return siteOf(store, isChosen ? name : own, source, isChosen, every, 0, slowMs)
}

/** A decoration of a getter and a setter at once: each has a name. */
export function withPrefix(decoration: Decoration, { prefix }: Member): Decoration {
  const { name } = decoration
  return name === '' ? decoration : { ...decoration, name: prefix + name }
}
