// Other tools that look at modules when they are loaded, as their makers say they are to be used.

import nodeModule, { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const folder = new URL('../../../__test__/frameworks/package.json', import.meta.url)
const require = createRequire(folder)

function urlOf(name) {
  return pathToFileURL(require.resolve(name)).href
}

const { Hook } = require('require-in-the-middle')
const sync = await import(urlOf('import-in-the-middle/register-hooks.mjs'))
if (sync.supportsSyncHooks()) sync.register()
else nodeModule.register(urlOf('import-in-the-middle/hook.mjs'))
const { Hook: ImportHook } = require('import-in-the-middle')

export const hooks = [
  new Hook(null, { internals: true }, (exports) => exports),
  new ImportHook((exports) => exports),
]
