// Captures a little, then does nothing until it is told to end.

import { capture, database } from 'kronicler'
import { checkComplete } from '../harness/health.mjs'

const CALL_COUNT = 1_000
const fn = capture('idle', (value) => value)
for (let call = 0; call < CALL_COUNT; call++) fn(call)

process.on('message', () => {
  checkComplete(database().health(), CALL_COUNT)
  process.disconnect()
})
process.send('idle')
