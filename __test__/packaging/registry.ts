/** A package registry on loopback that has what `npm run pack` made, and nothing else. */

import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const packages = fileURLToPath(new URL('../../packages', import.meta.url))

interface Manifest {
  name: string
  version: string
}

export interface Packed {
  manifest: Manifest
  /** The archive. */
  file: string
  /** What was packed. */
  folder: string
}

/** The packages, as npm names their archives. */
export function packed(): Packed[] {
  const folders = readdirSync(packages, { withFileTypes: true }).filter((it) => it.isDirectory())
  return folders.map(({ name }) => {
    const folder = path.join(packages, name)
    const text = readFileSync(path.join(folder, 'package.json'), 'utf8')
    const manifest = JSON.parse(text) as Manifest
    const stem = manifest.name.replace('@', '').replace('/', '-')
    return { manifest, folder, file: path.join(packages, `${stem}-${manifest.version}.tgz`) }
  })
}

/** Where an archive is: Yarn knows no other place. */
function placeOf({ name, version }: Manifest): string {
  return `${name}/-/${name.slice(name.indexOf('/') + 1)}-${version}.tgz`
}

/** What a registry says of a package. It is old: managers wait before they take a new one. */
function document({ manifest, file }: Packed, base: string): string {
  const { name, version } = manifest
  const bytes = readFileSync(file)
  const dist = {
    integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    shasum: createHash('sha1').update(bytes).digest('hex'),
    tarball: `${base}/${placeOf(manifest)}`,
  }
  const day = '2020-01-01T00:00:00.000Z'
  return JSON.stringify({
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, dist } },
    time: { created: day, modified: day, [version]: day },
  })
}

export interface Registry {
  url: string
  /** How many questions it was asked. */
  count: () => number
  stop: () => void
}

/** Runs until it is stopped, and keeps no process alive. */
export async function startRegistry(): Promise<Registry> {
  let count = 0
  const all = packed()
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    count += 1
    const wanted = decodeURIComponent((request.url ?? '/').slice(1))
    const archive = all.find(({ manifest }) => placeOf(manifest) === wanted)
    const known = all.find(({ manifest }) => manifest.name === wanted)
    if (archive !== undefined) {
      response.setHeader('content-type', 'application/octet-stream')
      response.end(readFileSync(archive.file))
    } else if (known !== undefined) {
      response.setHeader('content-type', 'application/json')
      response.end(document(known, url))
    } else {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
    }
  }
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { url, count: () => count, stop }
}
