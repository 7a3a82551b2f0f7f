// The entry for `import`: the very copy that `require` gives, so that a process has one.
//
// Asked for by `require`, because an `import` of CommonJS first looks for its exports with a
// parser that takes Node 20 some 20 ms to start. Bundlers take dist/esm/index.js, by the condition
// `module` in package.json.

import { createRequire } from 'node:module'

export const {
  Database,
  KroniclerError,
  Row,
  RowBatch,
  Stats,
  capture,
  configure,
  database,
  errorCodes,
  kinds,
  outcomes,
} = createRequire(import.meta.url)('./dist/cjs/index.js')
