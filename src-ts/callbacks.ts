/** The option `callback`: a call that ends when it calls back. */

import { lastArgument } from './capture-options.js'
import { kindAsync, outcomeError, outcomeOk } from './record.js'
import type { Call } from './call.js'
import type { Callable } from './constructors.js'

const { apply } = Reflect

/**
 * Puts a function in place of the callback that ends the call and then is the callback in every
 * way: whoever looks at it, or changes it, does so to the callback itself. False if there is none.
 */
export function watchCallback(args: unknown[], index: number, call: Call): boolean {
  const place = index === lastArgument ? args.length - 1 : index
  const callback = args[place]
  if (typeof callback !== 'function') return false
  try {
    args[place] = new Proxy(callback as Callable, {
      // What somebody put on `Object.prototype` is no trap.
      // @ts-expect-error -- a handler has no such property, an object literal does
      __proto__: null,
      apply(target, self, values: unknown[]) {
        try {
          // As `util.promisify` does it, whatever the first argument is.
          const [error] = values
          if (error) call.finish(kindAsync | outcomeError, { error })
          else call.finish(kindAsync | outcomeOk)
        } catch {
          // The stack is full.
        }
        return apply(target, self, values)
      },
    })
    return true
  } catch {
    // A revoked proxy, on Node 20.
    return false
  }
}
