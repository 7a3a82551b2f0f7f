// Directories for databases: under bench/out, on the disk that is measured, gone afterwards.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const outFolder = fileURLToPath(new URL('../out', import.meta.url))

/** Calls with a fresh directory, and removes it when the call is over. */
export async function withDirectory(act) {
  mkdirSync(outFolder, { recursive: true })
  const dir = mkdtempSync(path.join(outFolder, 'data-'))
  try {
    return await act(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
