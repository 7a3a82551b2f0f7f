// With KRONICLER_ENABLED=0 a captured function must be the very function that was given.

import { capture } from 'kronicler'
import { report } from '../../harness/child.mjs'

function plain() {}
async function later() {}

report({ isBare: capture(plain) === plain && capture('name', later) === later })
