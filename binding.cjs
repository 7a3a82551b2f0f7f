// Finds the addon and loads it; whatever goes wrong is told, never thrown.
//
// Looked for, in this order: KRONICLER_BINARY, npm/local (built in a clone), the platform's
// package. Every package is required by its literal name, because bundlers look for literals.
// Both C libraries of Linux are tried: only one of the two packages is installed as a rule, the
// other does not load, and asking Node's report which one is here takes 15 ms (Node 20 and 24).

'use strict'

const path = require('node:path')

const packages = {
  'linux-x64-gnu': () => require('@kronicler/binding-linux-x64-gnu'),
  'linux-x64-musl': () => require('@kronicler/binding-linux-x64-musl'),
  'linux-arm64-gnu': () => require('@kronicler/binding-linux-arm64-gnu'),
  'linux-arm64-musl': () => require('@kronicler/binding-linux-arm64-musl'),
  'linux-arm-gnueabihf': () => require('@kronicler/binding-linux-arm-gnueabihf'),
  'darwin-x64': () => require('@kronicler/binding-darwin-x64'),
  'darwin-arm64': () => require('@kronicler/binding-darwin-arm64'),
  'win32-x64-msvc': () => require('@kronicler/binding-win32-x64-msvc'),
  'win32-arm64-msvc': () => require('@kronicler/binding-win32-arm64-msvc'),
  'freebsd-x64': () => require('@kronicler/binding-freebsd-x64'),
}

/** The names that @napi-rs/cli gives this platform; the last part of its packages' names. */
function platformNames() {
  const { platform, arch } = process
  if (platform === 'win32') return [`win32-${arch}-msvc`]
  if (platform !== 'linux') return [`${platform}-${arch}`]
  return arch === 'arm' ? ['linux-arm-gnueabihf'] : [`linux-${arch}-gnu`, `linux-${arch}-musl`]
}

/** Only for messages, see above. `excludeNetwork`: else the report looks up host names. */
function cLibrary() {
  if (process.platform !== 'linux') return ''
  const { excludeNetwork } = process.report
  try {
    process.report.excludeNetwork = true
    const version = process.report.getReport().header.glibcVersionRuntime
    return version === undefined ? ', musl or another C library' : `, glibc ${version}`
  } catch {
    return ''
  } finally {
    process.report.excludeNetwork = excludeNetwork
  }
}

function isAbsent(error) {
  return error !== null && typeof error === 'object' && error.code === 'MODULE_NOT_FOUND'
}

/** Node was told to load no addon at all: it is not the installation that has to change. */
function isForbidden(error) {
  return error !== null && typeof error === 'object' && error.code === 'ERR_DLOPEN_DISABLED'
}

const forbidden =
  'this process may load no addon: nothing is captured; start Node without --no-addons, or with ' +
  '--allow-addons beside --permission'

/** One line of what an attempt said. */
function reason(error) {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0].slice(0, 300)
}

/** The ways to the addon, each with its name. A local file is required by a path that is not
 * literal on purpose: it must not get into a bundle. */
function attempts() {
  const override = process.env.KRONICLER_BINARY
  if (override) return [[override, () => require(path.resolve(override))]]
  const names = platformNames()
  const local = names.map((name) => {
    const file = path.join(__dirname, 'npm', 'local', `kronicler.${name}.node`)
    return [file, () => require(file)]
  })
  const known = names.filter((name) => Object.hasOwn(packages, name))
  return [...local, ...known.map((name) => [`@kronicler/binding-${name}`, packages[name]])]
}

function explain(failures) {
  const { platform, arch, version } = process
  const place = `${platform} ${arch}${cLibrary()}, Node ${version}`
  const names = platformNames().map((name) => `@kronicler/binding-${name}`)
  const remedy = process.env.KRONICLER_BINARY
    ? 'KRONICLER_BINARY must be the path of an addon of the same version; unset it to use the ' +
      'one that was installed'
    : `install again on this platform, without --omit=optional, so that ${names.join(' or ')} ` +
      'is there, or run `npm run build:native` in a clone'
  const told = failures.length > 0 ? ` (${failures.join('; ')})` : ''
  return `no addon for ${place}${told}: nothing is captured; ${remedy}`
}

/** `{ binding }`, or `{ error }` that says why there is none and what to do. */
function loadBinding() {
  const failures = []
  try {
    const expected = require('./package.json').version
    for (const [name, load] of attempts()) {
      try {
        const binding = load()
        if (binding.VERSION === expected) return { binding }
        failures.push(`${name} has version ${binding.VERSION}, this package ${expected}`)
      } catch (error) {
        if (isForbidden(error)) return { error: forbidden }
        if (!isAbsent(error) || process.env.KRONICLER_BINARY) {
          failures.push(`${name}: ${reason(error)}`)
        }
      }
    }
    return { error: explain(failures) }
  } catch (error) {
    return { error: `no addon: ${reason(error)}` }
  }
}

exports.loadBinding = loadBinding
