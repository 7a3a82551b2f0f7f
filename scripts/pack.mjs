// Packs what would be published into dist/packages: `kronicler` and a package of each platform
// whose binaries are here (in npm/<platform>, or built in this clone: npm/local).
//
// Only these become optional dependencies. Fails when a package carries what does not belong into
// it, lacks something, or is too large; builds what is missing first.

import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const output = path.join(root, 'dist/packages')
const local = path.join(root, 'npm/local')

/** What may be in a package, and how large its archive may be. */
const rules = {
  main: {
    bytesMax: 300_000,
    files: [
      /^(LICENSE|README\.md|CHANGELOG\.md|package\.json|binding\.cjs)$/,
      /^bin\/[a-z]+\.js$/,
      /^dist\/cjs\/(bundle\.js|package\.json)$/,
      // Loaded where there is an include list.
      /^dist\/cjs\/(inner|include\/include)\.js$/,
      // Hooks of ES modules run in a thread of their own before Node 22.15.
      /^dist\/esm\/loader\.js$/,
      new RegExp(`^dist/(cjs|esm)/(${entries().join('|')})\\.js$`),
      /^dist\/(cjs|esm)\/([a-z]+\/)?[a-z-]+\.d\.ts$/,
    ],
    required: [
      'LICENSE',
      'README.md',
      'binding.cjs',
      'bin/kr.js',
      'dist/cjs/bundle.js',
      'dist/cjs/include/include.js',
    ],
  },
  platform: {
    bytesMax: 5_000_000,
    files: [/^(LICENSE|README\.md|package\.json|kr|kr\.exe|kronicler\.[\w-]+\.node)$/],
    required: ['LICENSE', 'README.md'],
  },
}

/** What `kronicler` and `kronicler/<entry>` stand for. */
function entries() {
  return Object.keys(readJson(root, 'package.json').exports)
    .filter((name) => name !== './package.json')
    .map((name) => (name === '.' ? 'index' : name.slice(2)))
}

function readJson(...parts) {
  return JSON.parse(readFileSync(path.join(...parts), 'utf8'))
}

function localAddon() {
  const names = existsSync(local) ? readdirSync(local) : []
  return names.find((name) => name.endsWith('.node'))
}

/** Nothing is built again that is there: a test packs what was tested. */
function buildMissing() {
  const executable = process.platform === 'win32' ? 'kr.exe' : 'kr'
  const present = {
    'build:native': localAddon() !== undefined,
    'build:kr': existsSync(path.join(local, executable)),
    'build:ts': existsSync(path.join(root, 'dist/cjs/index.js')),
  }
  for (const script of Object.keys(present).filter((name) => !present[name])) {
    const { status } = spawnSync('npm', ['run', script], { cwd: root, stdio: 'inherit' })
    if (status !== 0) process.exit(status ?? 1)
  }
}

/** Where the binaries of a platform are, or undefined. */
function binariesOf(platform, manifest) {
  const addon = manifest.files.find((name) => name.endsWith('.node'))
  const folders = addon === localAddon() ? [local] : [path.join(root, 'npm', platform)]
  const isThere = (folder) => manifest.files.every((name) => existsSync(path.join(folder, name)))
  return folders.find(isThere)
}

/** Manifest, binaries and license of each platform that can be packed. */
function platforms() {
  const names = readdirSync(path.join(root, 'npm')).filter((name) => name !== 'local')
  return names.flatMap((name) => {
    const manifest = readJson(root, 'npm', name, 'package.json')
    const folder = binariesOf(name, manifest)
    return folder === undefined ? [] : [{ name, manifest, folder }]
  })
}

function stage(name, manifest, copies) {
  const folder = path.join(output, name)
  for (const [from, file] of [...copies, [root, 'LICENSE']]) {
    cpSync(path.join(from, file), path.join(folder, file), { recursive: true })
  }
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  return folder
}

/** What is for working on the package only is left out of what is published. */
const forWork = new Set(['scripts', 'devDependencies', 'ava', 'napi'])

function mainManifest(main, found) {
  const published = Object.entries(main).filter(([key]) => !forWork.has(key))
  const optional = found.map(({ manifest }) => [manifest.name, main.version])
  return { ...Object.fromEntries(published), optionalDependencies: Object.fromEntries(optional) }
}

function check(packed, rule, required) {
  const files = packed.files.map((file) => file.path)
  const wrong = [
    ...files.filter((file) => !rule.files.some((pattern) => pattern.test(file))).map(unwanted),
    ...required.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
  ]
  const { filename, size, unpackedSize } = packed
  if (size > rule.bytesMax) wrong.push(`${size} bytes are more than ${rule.bytesMax}`)
  process.stdout.write(`${filename}  ${size} bytes, ${unpackedSize} unpacked, ${files.length}\n`)
  for (const text of wrong) process.stderr.write(`${filename}: ${text}\n`)
  return wrong.length === 0
}

function unwanted(file) {
  return `${file} does not belong into it`
}

function pack(folder) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', output]
  const text = execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const parsed = JSON.parse(text.toString())
  return Array.isArray(parsed) ? parsed[0] : Object.values(parsed)[0]
}

function packPlatform(version, { name, manifest, folder }) {
  if (manifest.version !== version) {
    process.stderr.write(`npm/${name} has version ${manifest.version}: cargo xtask version\n`)
    return false
  }
  const copies = manifest.files.map((file) => [folder, file])
  const staged = stage(name, manifest, [...copies, [path.join(root, 'npm', name), 'README.md']])
  const { required } = rules.platform
  return check(pack(staged), rules.platform, [...required, ...manifest.files])
}

function packMain(main, found) {
  const copies = [...main.files, 'README.md'].map((file) => [root, file])
  const staged = stage('kronicler', mainManifest(main, found), copies)
  return check(pack(staged), rules.main, [...rules.main.required, main.main.slice(2)])
}

buildMissing()
rmSync(output, { recursive: true, force: true })
mkdirSync(output, { recursive: true })
const main = readJson(root, 'package.json')
const found = platforms()
if (!found.some(({ folder }) => folder === local)) {
  process.stderr.write(`npm has no package for ${localAddon()}: npm run npm-dirs\n`)
  process.exitCode = 1
}
// All are packed, so that all mistakes are told.
const fits = found.map((platform) => packPlatform(main.version, platform))
fits.push(packMain(main, found))
if (fits.includes(false)) process.exitCode = 1
