/** The include list: code that most programs do not need, loaded where there is a list. */

import { includeList } from './environment.js'
import { findManifest } from './manifest.js'

/** Begins, if something is to be included. */
export function captureIncluded(): void {
  if (includeList === undefined && findManifest()?.content['kronicler'] === undefined) return
  const include = require('./include/include.js') as typeof import('./include/include.js')
  include.captureIncluded()
}
