/** Tells by its arguments whether `capture` is called as a decorator, and of which kind. */

import * as legacy from './decorate-legacy.js'
import { decorateStandard, isContext } from './decorate-standard.js'
import type { Decoration } from './decoration.js'

type Decorate = (given: Decoration) => unknown

/** What the arguments ask for; undefined when they are not those of a decorator. */
export function decoratorFor(args: readonly unknown[]): Decorate | undefined {
  const [target, key, descriptor] = args
  if (isContext(key)) return (given) => decorateStandard(target, key, given)
  const isObject = typeof target === 'object' && target !== null
  if (!isObject && typeof target !== 'function') return undefined
  if (typeof descriptor === 'number' && (key === undefined || typeof key !== 'object')) {
    return legacy.refuseParameter(target, key as PropertyKey | undefined)
  }
  if (!legacy.isKey(key)) return undefined
  if (legacy.isDescriptor(descriptor)) {
    return (given) => legacy.decorateLegacy(target, key, descriptor, given)
  }
  if (descriptor !== undefined || typeof key === 'number' || !legacy.hasField(target, key)) {
    return undefined
  }
  return (given) => legacy.decorateLegacyField(target, key, given)
}
