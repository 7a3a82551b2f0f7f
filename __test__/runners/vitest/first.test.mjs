// The first of two files: each has a world of its own, in the same process or not.

import { suite } from './suite.mjs'

suite('first')
