// Decorators of `experimentalDecorators` on everything they can stand at; prints what was recorded.

// oxlint-disable-next-line import/no-unassigned-import -- it adds to Reflect
import 'reflect-metadata'

import { capture, database } from 'kronicler'

const key = Symbol('key')
const results: unknown[] = []

class Base {
  @capture plain(n: number): number {
    return n + 1
  }
  @capture() called(): string {
    return 'called'
  }
  @capture('chosen') named(): void {}
  @capture('optioned', {}) optioned(): void {}
  @capture({}) configured(): void {}
  @capture static make(): Base {
    return new this()
  }
  @capture async later(): Promise<string> {
    return 'later'
  }
  @capture *count(): Generator<number> {
    yield 1
    yield 2
  }
  @capture [key](): void {}
  @capture 5(): void {}
  @capture get size(): number {
    return 3
  }
  set size(value: number) {
    results.push(value)
  }
  @capture('both') get depth(): number {
    return 8
  }
  set depth(value: number) {
    results.push(value)
  }
  @capture handler = (n: number): number => n * 2
  @capture static run = (): string => 'static field'
  @capture optional?: () => void
  @capture fails(): void {
    throw new Error('failed')
  }
  @capture @capture('twice') twice(): void {}
  @capture overridden(): string {
    return 'base'
  }
}

class Sub extends Base {
  @capture override overridden(): string {
    return `sub of ${super.overridden()}`
  }
}

@capture
class Made {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}
class More extends Made {}

async function main(): Promise<void> {
  const object = new Sub()
  results.push(object.plain(1), object.called(), object.overridden(), Sub.make() instanceof Sub)
  results.push(object.size, object.depth, object.handler(4), Base.run(), object.optional)
  object.size = 5
  object.depth = 9
  object.named()
  object.optioned()
  object.configured()
  object.twice()
  object[key]()
  object[5]()
  try {
    object.fails()
  } catch (error) {
    results.push((error as Error).message)
  }
  new Base().overridden()
  results.push(new Made(1) instanceof Made, new More(2) instanceof Made, Object.keys(object))
  results.push(await object.later(), [...object.count()], object.plain.name)

  const rows = database().fetchAllSync()
  const names = rows.map((row) => `${row.name} ${row.kind} ${row.outcome}`)
  const sources = Object.fromEntries(rows.map((row) => [row.name, row.source]))
  console.log(JSON.stringify({ results, names, sources }))
}

void main()
