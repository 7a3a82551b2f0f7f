// Checks all ends so many times each, with the Node that runs this: `node main.js 20 [only]`.

import { checkEnd } from './check.js'
import { endCases, titleOf } from './cases.js'

const [count = '5', only] = process.argv.slice(2)
const waiting = endCases.filter((one) => only === undefined || titleOf(one) === only)
let failedCount = 0

async function work(): Promise<void> {
  for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
    const problems = await checkEnd(one, Number(count))
    if (problems.length > 0) failedCount += 1
    for (const problem of problems) console.log(`${process.version} ${titleOf(one)}: ${problem}`)
  }
}

const caseCount = waiting.length
await Promise.all([work(), work()])
console.log(`${process.version}: ${caseCount} ends, ${count} runs each, ${failedCount} failed`)
process.exitCode = failedCount > 0 || caseCount === 0 ? 1 : 0
