// The addon and the scratch of this thread, as the package uses them.

import binding from '../../binding.cjs'

const { attach, tick, end } = binding.loadBinding().binding
const doubles = attach(new Float64Array(16), 0)
const words = new Int32Array(doubles.buffer, doubles.byteOffset, 2 * doubles.length)

/** `tick()` puts the processor's clock into the first double, as an integer of 64 bits. */
export const scratch = { doubles, words, tick, end }
