// Writes a package for each platform: npm/<platform>/package.json and README.md.
//
// `napi create-npm-dirs` makes the manifests from package.json. It knows nothing of `kr`, nor of
// what a package manager must unpack, and leaves out whom a release is signed for: added here.

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs'
import { rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { NapiCli } from '@napi-rs/cli'

const root = fileURLToPath(new URL('..', import.meta.url))
const target = path.resolve(process.argv[2] ?? path.join(root, 'npm'))

/** The executable, beside the addon. */
function executableOf(platform) {
  return platform.startsWith('win32') ? 'kr.exe' : 'kr'
}

/** Yarn keeps packages in archives, from which nothing can be started: `preferUnplugged`. */
function finished(manifest, platform, main) {
  const { name, version, description, keywords, author, license, engines, os: systems } = manifest
  const libc = platform.endsWith('gnueabihf') ? ['glibc'] : manifest.libc
  return {
    name,
    version,
    description: `The addon and the program of Kronicler for ${platform}. ${description}`,
    keywords,
    license,
    author,
    ...Object.fromEntries(['repository', 'homepage', 'bugs'].flatMap((key) => entryOf(main, key))),
    engines,
    os: systems,
    cpu: manifest.cpu,
    ...(libc === undefined ? {} : { libc }),
    type: 'commonjs',
    main: manifest.main,
    files: [...manifest.files, executableOf(platform)],
    preferUnplugged: true,
    publishConfig: main.publishConfig,
  }
}

function entryOf(manifest, key) {
  return manifest[key] === undefined ? [] : [[key, manifest[key]]]
}

function readmeOf(manifest, platform) {
  return [
    `# ${manifest.name}`,
    '',
    `What \`kronicler\` needs on ${platform}: its addon, and \`kr\`, its program.`,
    'It is installed with `kronicler`, as an optional dependency, and of no use by itself.',
    '',
  ].join('\n')
}

/** napi looks for package.json upwards, and writes beside it. */
async function generate(folder) {
  copyFileSync(path.join(root, 'package.json'), path.join(folder, 'package.json'))
  await new NapiCli().createNpmDirs({ cwd: folder })
  return path.join(folder, 'npm')
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

function finish(generated, platform, main) {
  const made = readJson(path.join(generated, platform, 'package.json'))
  const manifest = finished(made, platform, main)
  const folder = path.join(target, platform)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  writeFileSync(path.join(folder, 'README.md'), readmeOf(manifest, platform))
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'kronicler-npm-'))
try {
  const main = readJson(path.join(root, 'package.json'))
  const generated = await generate(folder)
  for (const platform of readdirSync(generated)) finish(generated, platform, main)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
