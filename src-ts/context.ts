/**
 * Which call made which. What a call begins, at once or later, runs in its context, which Node
 * hands on through promises, timers and callbacks.
 *
 * Calls have numbers in the order in which they begin, of the thread and not of a database: a call
 * in one may be made by a call in another.
 */

import { AsyncLocalStorage } from 'node:async_hooks'

import { wantsContext } from './environment.js'
import { shared } from './shared.js'
import type { CallContext, Contexts } from './shared.js'

export type { CallContext } from './shared.js'

/** Made when it is first asked for: on Node 20 and 22 its use makes all promises dearer. */
function contexts(): Contexts {
  shared.contexts ??= { storage: new AsyncLocalStorage(), last: 0 }
  return shared.contexts
}

/** Whether calls know who made them where nothing is said of it. */
export function isContextual(): boolean {
  return shared.isContextual ?? wantsContext
}

export function setContextual(is: boolean): void {
  shared.isContextual = is
}

/** The context of a call that begins, made by the one that is under way. */
export function beginContext(): CallContext {
  const found = contexts()
  found.last += 1
  const call = found.last
  const by = found.storage.getStore()
  return { call, parent: by?.call ?? 0, request: by?.request ?? call }
}

/** The context of a request that came from outside: nobody made it. */
export function beginRequest(): CallContext {
  const found = contexts()
  found.last += 1
  return { call: found.last, parent: 0, request: found.last }
}

/** Runs what a call does. */
export function runIn<T>(context: CallContext, run: () => T): T {
  return contexts().storage.run(context, run)
}

/** Lets what follows on the stack, and all that it begins, be done by a call. */
export function stayIn(context: CallContext): void {
  contexts().storage.enterWith(context)
}
