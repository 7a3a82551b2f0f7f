// Imports one module as the first thing and says how long that took.

import { report, settings } from '../harness/child.mjs'

const start = process.hrtime.bigint()
await import(settings.module)
report({ milliseconds: Number(process.hrtime.bigint() - start) / 1e6 })
