// Where the `kr` executable of this platform is.
//
// Looked for, in this order: KR_BINARY, npm/local (built in a clone), the platform's package. Of
// two packages for two C libraries the one that starts is taken.

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

import { start } from './child.js'

const require = createRequire(import.meta.url)
const executable = process.platform === 'win32' ? 'kr.exe' : 'kr'

function packagedPath(packageName) {
  try {
    const manifest = require.resolve(`${packageName}/package.json`)
    return manifest.replace(/package\.json$/, executable)
  } catch {
    return undefined
  }
}

/** The executables that are here; where there is none, it is said. */
function find() {
  if (process.env.KR_BINARY) return [process.env.KR_BINARY]
  const local = fileURLToPath(new URL(`../npm/local/${executable}`, import.meta.url))
  if (existsSync(local)) return [local]
  const names = require('../binding.cjs').platformNames()
  const packages = names.map((name) => `@kronicler/binding-${name}`)
  const found = packages.map(packagedPath).filter((path) => path !== undefined && existsSync(path))
  if (found.length === 0) {
    process.stderr.write(
      `kr: no executable for this platform: ${packages.join(' or ')} is not installed; ` +
        'install again without --omit=optional, or run `npm run build` in a clone, ' +
        'or set KR_BINARY to its path\n',
    )
  }
  return found
}

/** 127: not found, 126: found but not startable, as in a shell. */
function explain(path, { code }) {
  const remedy =
    code === 'ERR_ACCESS_DENIED'
      ? 'allow Node to start it (--allow-child-process)'
      : 'check the path and its execute permission'
  process.stderr.write(`kr: ${path} cannot be started (${code}): ${remedy}\n`)
  return code === 'ENOENT' ? 127 : 126
}

/** Starts `kr`; resolves to how it ended, or to an exit code where it could not be started. */
export async function startKr(args, options) {
  let failure
  for (const path of find()) {
    const { error, ...end } = await start(path, args, options)
    if (error === undefined) return end
    failure ??= { path, error }
  }
  const status = failure === undefined ? 127 : explain(failure.path, failure.error)
  return { status, signal: null }
}
