// Standard decorators on everything they can stand at; prints what was recorded.

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
  @capture get size(): number {
    return 3
  }
  @capture set size(value: number) {
    results.push(value)
  }
  @capture accessor level = 7
  @capture('both') accessor depth = 8
  @capture handler = (n: number): number => n * 2
  @capture static run = (): string => 'static field'
  @capture optional?: () => void
  @capture #hidden(): string {
    return 'hidden'
  }
  @capture static #secret(): string {
    return 'secret'
  }
  @capture fails(): void {
    throw new Error('failed')
  }
  @capture @capture('twice') twice(): void {}
  @capture overridden(): string {
    return 'base'
  }

  reveal(): string[] {
    return [this.#hidden(), Base.#secret()]
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

class Loose {
  @capture detached(): void {}
}

async function main(): Promise<void> {
  // The first object is one of a subclass: names are those of the class that declares them.
  const object = new Sub()
  results.push(object.plain(1), object.called(), object.overridden(), Sub.make() instanceof Sub)
  results.push(await object.later(), [...object.count()], object.size, object.level)
  results.push(object.handler(4), object.depth, Base.run(), object.reveal(), object.optional)
  object.size = 5
  object.level = 9
  object.named()
  object.optioned()
  object.configured()
  object.twice()
  object[key]()
  try {
    object.fails()
  } catch (error) {
    results.push((error as Error).message)
  }
  new Base().overridden()

  results.push(new Made(1) instanceof Made, new More(2) instanceof Made, new More(3).value)
  const { detached } = new Loose()
  detached()
  const { name, length } = object.plain
  results.push(name, length, Object.keys(object))

  const rows = database().fetchAllSync()
  const names = rows.map((row) => `${row.name} ${row.kind} ${row.outcome}`)
  const sources = Object.fromEntries(rows.map((row) => [row.name, row.source]))
  console.log(JSON.stringify({ results, names, sources }))
}

void main()
