// Size of the addon, without symbols.

import { execFileSync } from 'node:child_process'
import { copyFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { withDirectory } from '../harness/directory.mjs'
import { figure } from '../harness/figure.mjs'

const folder = fileURLToPath(new URL('../../npm/local', import.meta.url))

function findAddon() {
  const name = readdirSync(folder).find((file) => file.endsWith('.node'))
  if (name === undefined) throw new Error('there is no addon: run `npm run build` first')
  return path.join(folder, name)
}

/** Bytes of a stripped copy; as it is where there is no `strip`. */
function strippedSize(file) {
  return withDirectory((dir) => {
    const copy = path.join(dir, 'addon.node')
    copyFileSync(file, copy)
    try {
      execFileSync('strip', [copy], { stdio: 'ignore' })
    } catch {
      // The release profile has stripped it already.
    }
    return statSync(copy).size
  })
}

export async function measureAddonSize() {
  const file = findAddon()
  const size = (await strippedSize(file)) / 1e6
  return {
    figures: [figure('addon, stripped', 'MB', [size], { atMost: 1.5 })],
    raw: { built: statSync(file).size, stripped: size * 1e6 },
  }
}
