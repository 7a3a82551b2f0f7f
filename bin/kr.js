#!/usr/bin/env node
// Starts the `kr` executable of this platform and ends the way it ended; `run` starts a program of
// Node instead, captured without edits.

import process from 'node:process'

import { endBy } from './child.js'
import { startKr } from './executable.js'

const args = process.argv.slice(2)
let end
if (args[0] === 'run') {
  const { runCaptured } = await import('./run.js')
  end = await runCaptured(args.slice(1))
} else {
  end = await startKr(args)
}
if (end.signal === null) process.exitCode = end.status
else endBy(end.signal)
