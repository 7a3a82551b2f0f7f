/** `kronicler/register`: captures what Node and libraries publish, without edits to a program. */

import { isEnabled } from '../environment.js'
import { tellLeftAlone } from '../hooks.js'
import { captureIncluded } from '../included.js'
import { shared } from '../shared.js'
import { watchSignalsOfEnvironment } from '../signals/signals.js'
import { captureClients } from './clients.js'
import { captureServers } from './servers.js'
import { captureTraced } from './traced.js'

const parts: readonly (readonly [what: string, begin: () => void])[] = [
  ['requests to servers', captureServers],
  ['requests of clients', captureClients],
  ['calls that libraries publish', captureTraced],
  ['the include list', captureIncluded],
  ['signals', watchSignalsOfEnvironment],
]

/** Begins, once in each thread, however often and from how many copies it is asked for. */
export function register(): void {
  if (!isEnabled || shared.isRegistered === true) return
  shared.isRegistered = true
  for (const [what, begin] of parts) {
    try {
      begin()
    } catch (error) {
      // No working directory, a runtime that lacks something: the program starts without this part.
      tellLeftAlone(what, String(error))
    }
  }
}
