// Finds the addon and loads it; whatever goes wrong is told, never thrown.
//
// Looked for, in this order: KRONICLER_BINARY, npm/local (built in a clone), the platform's
// package, and that package as the installed `kronicler` sees it, for a bundle that lies elsewhere.
// Both C libraries of Linux are tried: only one of the two packages is installed as a rule, the
// other does not load, and asking Node's report which one is here takes 15 ms (Node 20 and 24).
//
// Node's own modules are not asked for by `require`, which a bundle of ES modules does not have.

'use strict'

const { createRequire } = process.getBuiltinModule('node:module')
const path = process.getBuiltinModule('node:path')

/** Literal names in a `try`: bundlers look for such, and forgive those that are not installed. */
function requirePackage(platform) {
  try {
    switch (platform) {
      case 'linux-x64-gnu':
        return { binding: require('@kronicler/binding-linux-x64-gnu') }
      case 'linux-x64-musl':
        return { binding: require('@kronicler/binding-linux-x64-musl') }
      case 'linux-arm64-gnu':
        return { binding: require('@kronicler/binding-linux-arm64-gnu') }
      case 'linux-arm64-musl':
        return { binding: require('@kronicler/binding-linux-arm64-musl') }
      case 'linux-arm-gnueabihf':
        return { binding: require('@kronicler/binding-linux-arm-gnueabihf') }
      case 'darwin-x64':
        return { binding: require('@kronicler/binding-darwin-x64') }
      case 'darwin-arm64':
        return { binding: require('@kronicler/binding-darwin-arm64') }
      case 'win32-x64-msvc':
        return { binding: require('@kronicler/binding-win32-x64-msvc') }
      case 'win32-arm64-msvc':
        return { binding: require('@kronicler/binding-win32-arm64-msvc') }
      case 'freebsd-x64':
        return { binding: require('@kronicler/binding-freebsd-x64') }
      default:
        return {}
    }
  } catch (error) {
    return { error }
  }
}

/** The names that @napi-rs/cli gives this platform; the last part of its packages' names. */
function platformNames() {
  const { platform, arch } = process
  if (platform === 'win32') return [`win32-${arch}-msvc`]
  if (platform !== 'linux') return [`${platform}-${arch}`]
  return arch === 'arm' ? ['linux-arm-gnueabihf'] : [`linux-${arch}-gnu`, `linux-${arch}-musl`]
}

function packageName(platform) {
  return `@kronicler/binding-${platform}`
}

/** A path that no bundler sees: what it names must not get into a bundle. */
function requireFile(file) {
  try {
    return { binding: createRequire(file)(file) }
  } catch (error) {
    return { error }
  }
}

/** As `kronicler` would, if the program had not been bundled with it. */
function requireBesideProgram(platform) {
  try {
    const program = createRequire(path.resolve(process.argv[1] ?? '', 'x'))
    const installed = createRequire(program.resolve('kronicler/package.json'))
    return { binding: installed(packageName(platform)) }
  } catch (error) {
    return { error }
  }
}

/** Whether this file has become part of another one. */
function isBundled() {
  return typeof __filename !== 'string' || path.basename(__filename) !== 'binding.cjs'
}

/** The ways to the addon, each with its name. */
function attempts() {
  const override = process.env.KRONICLER_BINARY
  if (override) return [[override, () => requireFile(path.resolve(override))]]
  const names = platformNames()
  const packaged = names.map((name) => [packageName(name), () => requirePackage(name)])
  if (isBundled()) {
    return [...packaged, ...names.map((name) => [name, () => requireBesideProgram(name)])]
  }
  const local = names.map((name) => {
    const file = path.join(__dirname, 'npm', 'local', `kronicler.${name}.node`)
    return [file, () => requireFile(file)]
  })
  return [...local, ...packaged]
}

/** Only for messages, see above. `excludeNetwork`: else the report looks up host names. */
function cLibrary() {
  if (process.platform !== 'linux') return ''
  const { report } = process
  const excludeNetwork = report?.excludeNetwork
  try {
    report.excludeNetwork = true
    const version = report.getReport().header.glibcVersionRuntime
    return version === undefined ? ', musl or another C library' : `, glibc ${version}`
  } catch {
    return ''
  } finally {
    if (report) report.excludeNetwork = excludeNetwork
  }
}

/** One line of what an attempt said. */
function reason(error) {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0].slice(0, 300)
}

function codeOf(error) {
  return error !== null && typeof error === 'object' ? error.code : undefined
}

function remedy(codes) {
  if (process.env.KRONICLER_BINARY) {
    return (
      'KRONICLER_BINARY must be the path of an addon of the same version; unset it to use the ' +
      'one that was installed'
    )
  }
  if (codes.includes('ERR_DLOPEN_DISABLED')) {
    return 'start Node without --no-addons, or under its permission model with --allow-addons'
  }
  if (codes.includes('ERR_ACCESS_DENIED')) {
    return 'let --allow-fs-read include node_modules'
  }
  const names = platformNames().map(packageName).join(' or ')
  if (isBundled()) {
    return (
      'leave kronicler out of the bundle (esbuild: --external:kronicler) and install it where ' +
      `the program runs, with ${names}`
    )
  }
  return (
    `install again on this platform, without --omit=optional, so that ${names} is there ` +
    '(if it does not come: without node_modules and the lock file), or run ' +
    '`npm run build:native` in a clone'
  )
}

function explain(failures) {
  const { platform, arch, version } = process
  const place = `${platform} ${arch}${cLibrary()}, Node ${version}`
  const told = failures.map(({ name, error }) => `${name}: ${reason(error)}`).join('; ')
  const codes = failures.map(({ error }) => codeOf(error))
  const what = told === '' ? '' : ` (${told})`
  return `no addon for ${place}${what}: nothing is captured; ${remedy(codes)}`
}

/** Whether it failed in a way that is worth telling: a package that is not installed is not. */
function isTelling(error) {
  return Boolean(process.env.KRONICLER_BINARY) || codeOf(error) !== 'MODULE_NOT_FOUND'
}

/** `{ binding }`, or `{ error }` that says why there is none and what to do. */
function loadBinding() {
  const failures = []
  try {
    const expected = require('./package.json').version
    for (const [name, load] of attempts()) {
      const { binding, error } = load()
      if (binding?.VERSION === expected) return { binding }
      if (binding !== undefined) {
        const message = `version ${binding.VERSION}, but this package is ${expected}`
        failures.push({ name, error: new Error(message) })
      } else if (error !== undefined && isTelling(error)) {
        failures.push({ name, error })
      }
    }
    return { error: explain(failures) }
  } catch (error) {
    return { error: `no addon: ${reason(error)}` }
  }
}

exports.loadBinding = loadBinding
exports.platformNames = platformNames
