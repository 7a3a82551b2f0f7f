/** `kronicler/register`: captures what Node and libraries publish, without edits to a program. */

import { isEnabled } from '../environment.js'
import { captureIncluded } from '../include/include.js'
import { shared } from '../shared.js'
import { watchSignalsOfEnvironment } from '../signals/signals.js'
import { captureClients } from './clients.js'
import { captureServers } from './servers.js'
import { captureTraced } from './traced.js'

const parts = [
  captureServers,
  captureClients,
  captureTraced,
  captureIncluded,
  watchSignalsOfEnvironment,
]

/** Begins, once in each thread, however often and from how many copies it is asked for. */
export function register(): void {
  if (!isEnabled || shared.isRegistered === true) return
  shared.isRegistered = true
  for (const part of parts) {
    try {
      part()
    } catch {
      // No working directory, a runtime that lacks something: the program starts without this part.
    }
  }
}
