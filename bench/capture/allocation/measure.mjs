// Whether a captured call allocates: a million calls after warm-up, against the bare wrapper.
//
// The median burst counts: now and then V8 compiles something meanwhile, in any arm, and takes
// some kilobytes for it. What a call allocates is in each burst.

import { runChild } from '../../harness/child.mjs'
import { withDirectory } from '../../harness/directory.mjs'
import { figure } from '../../harness/figure.mjs'
import { median } from '../../harness/median.mjs'
import { repeatWhileInvalid } from '../../harness/repeat.mjs'

const processScript = new URL('process.mjs', import.meta.url)

// The nursery in MiB: a burst of small objects fits several times. A burst is half the ring.
const execArgv = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64']
const BURST = 32_768
// The smallest thing on the heap, a number, has 12 bytes; less than 0.01 is one in 1,000 calls.
const BYTES_MAX = 0.01

function runProcess(node, { isShort }) {
  return withDirectory((dir) => {
    const settings = { burst: BURST, warmUpBursts: 10, bursts: isShort ? 4 : 32 }
    const env = { KRONICLER_DIR: dir }
    return runChild(processScript, settings, { node: node.executable, env, execArgv })
  })
}

/** Bytes a call beyond what looking takes. */
function bytesOf(result, arm, kind) {
  return median(result[arm][kind]) - median(result.nothing[kind])
}

/** The measure must see an object a call. */
function checkMeasure(result) {
  const bytes = bytesOf(result, 'heldAgainst', 'heap')
  if (bytes < 12) throw new Error(`an object of 12 bytes or more measures ${bytes} bytes`)
}

async function runProcesses(node, options) {
  const results = []
  const count = options.isShort ? 1 : 3
  while (results.length < count) {
    const result = await runProcess(node, options)
    checkMeasure(result)
    results.push(result)
  }
  return results
}

export async function measureAllocation(node, options) {
  const what = `allocation, Node ${node.major}`
  const run = () => runProcesses(node, options)
  const { result: results, remarks } = await repeatWhileInvalid(what, run)
  const bytes = (arm, goal) => {
    const values = results.map((one) => bytesOf(one, arm, 'heap'))
    return figure(`heap by ${arm} calls, Node ${node.major}`, 'bytes a call', values, goal)
  }
  const outside = results.map((one) =>
    bytesOf(one, 'captured', 'malloced') + bytesOf(one, 'captured', 'external'),
  )
  const collections = results.map(({ captured }) => captured.collections)
  const figures = [
    bytes('bare'),
    bytes('captured', { atMost: BYTES_MAX }),
    figure(`outside the heap, Node ${node.major}`, 'bytes a call', outside, { atMost: BYTES_MAX }),
    figure(`collections in captured calls, Node ${node.major}`, '', collections, { atMost: 0 }),
  ]
  for (const shown of figures) options.say(shown)
  const raw = { what, node: node.version, results }
  return { figures, remarks, clocks: results.map(({ clock }) => clock), raw }
}
