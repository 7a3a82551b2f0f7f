// Is compiled with a source map; prints where its functions were captured.

import { capture, database } from 'kronicler'

interface Counted {
  readonly count: number
}

function passed(counted: Counted): number {
  return counted.count
}

export class Members {
  @capture method(): void {}

  @capture('chosen') named(): void {}
}

const wrapped = capture(passed)
const members = new Members()
members.method()
members.named()
wrapped({ count: 1 })
capture.run('block', () => 1)

const rows = database().fetchAllSync()
console.log(JSON.stringify(Object.fromEntries(rows.map(({ name, source }) => [name, source]))))
