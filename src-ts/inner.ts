/** What the code for include lists, which is a file of its own, uses of all other. */

export { checkCaptureOptions } from './capture-options.js'
export { captured, storeFor } from './captured.js'
export { includeList } from './environment.js'
export { tellHook, tellLeftAlone } from './hooks.js'
export { debug } from './log.js'
export { findManifest } from './manifest.js'
export { nameOf } from './members.js'
export { shared } from './shared.js'
export { siteOf } from './sites.js'
export { sourceAt } from './source.js'
export { threadId } from './thread.js'
export { warn, warnAtExit } from './warning.js'
