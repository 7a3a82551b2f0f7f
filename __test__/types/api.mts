// What is captured keeps its type, for consumers that `import`.

import { Database, capture, configure, database } from 'kronicler'
import type { Capturable, Capture, CaptureDecorator, CaptureOptions, Span } from 'kronicler'

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** Compiles when both types are the same. */
declare function same<A, B>(..._: Equal<A, B> extends true ? [] : [never]): void

// Overloads.
declare function overloaded(value: string): number
declare function overloaded(value: number, more: boolean): string
const capturedOverloads = capture(overloaded)
same<typeof capturedOverloads, typeof overloaded>()
same<ReturnType<() => typeof capturedOverloads>, typeof overloaded>()
const length: number = capturedOverloads('a')
const text: string = capturedOverloads(1, true)
// @ts-expect-error -- no overload takes a number alone
capturedOverloads(1)

// Generics.
const first = capture(<T,>(values: readonly T[]): T | undefined => values[0])
same<typeof first, <T>(values: readonly T[]) => T | undefined>()
const one: number | undefined = first([1, 2])
// @ts-expect-error -- the element is a number
const wrong: string | undefined = first([1, 2])
const bounded = capture('bounded', <K extends string, V>(key: K, value: V): Record<K, V> => {
  return { [key]: value } as Record<K, V>
})
same<ReturnType<typeof bounded<'a', 1>>, Record<'a', 1>>()

// `this`.
function withThis(this: { n: number }, more: number): number {
  return this.n + more
}
const capturedThis = capture(withThis)
same<typeof capturedThis, typeof withThis>()
capturedThis.call({ n: 1 }, 2)
// @ts-expect-error -- there is no `this`
capturedThis(2)

// Async functions, generators, rest and optional parameters.
const later = capture(async (id: number) => ({ id }))
same<typeof later, (id: number) => Promise<{ id: number }>>()
const counting = capture(function* (to: number): Generator<number, string, boolean> {
  const go = yield to
  return String(go)
})
same<ReturnType<typeof counting>, Generator<number, string, boolean>>()
const streaming = capture(async function* () {
  yield 1 as const
})
same<ReturnType<typeof streaming>, AsyncGenerator<1, void, unknown>>()
const rest = capture((a?: string, ...more: [number, ...boolean[]]) => `${a}${more.length}`)
same<Parameters<typeof rest>, [a?: string | undefined, ...more: [number, ...boolean[]]]>()

// Assertions and guards.
function assertString(value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new TypeError('no string')
}
const capturedAssert: typeof assertString = capture(assertString)
const isString = capture((value: unknown): value is string => typeof value === 'string')
export function narrow(value: unknown, other: unknown): string {
  capturedAssert(value)
  return isString(other) ? value + other : value
}

// Classes, abstract and generic ones, with their statics.
class Shop<T> {
  static readonly label: string = 'shop'
  readonly goods: T[]
  private constructor(goods: T[]) {
    this.goods = goods
  }
  static of<T>(goods: T[]): Shop<T> {
    return new Shop(goods)
  }
}
abstract class Shape {
  abstract area(): number
}
const CapturedShape = capture(Shape)
same<typeof CapturedShape, typeof Shape>()
class Square extends CapturedShape {
  area(): number {
    return 1
  }
}
const CapturedSquare = capture('Square', Square)
same<typeof CapturedSquare, typeof Square>()
const area: number = new CapturedSquare().area()
// @ts-expect-error -- an abstract class is not constructed
export const shape = new CapturedShape()
// @ts-expect-error -- nor one whose constructor is private
capture(Shop)

// Properties of functions.
const tagged = capture(Object.assign((n: number) => n, { tag: 'x' as const }))
same<(typeof tagged)['tag'], 'x'>()

// Options, decorators, blocks.
const options: CaptureOptions = { db: new Database({ dir: 'x' }) }
same<ReturnType<typeof factories>, CaptureDecorator[]>()
export function factories() {
  return [capture(), capture('name'), capture('name', options), capture(options)]
}
const curried = capture('curried')(withThis)
same<typeof curried, typeof withThis>()
const block = capture.run('block', () => 1 as const)
same<typeof block, 1>()
const asyncBlock = capture.run('block', async () => 'x')
same<typeof asyncBlock, Promise<string>>()
export function useSpan(): void {
  using span = capture.start('span')
  same<typeof span, Span>()
  span.fail(new Error('x'))
}
export async function useDatabase(): Promise<void> {
  await using db = new Database({ dir: 'x' })
  same<ReturnType<typeof database>, typeof db>()
}
const enabled: boolean = capture.enabled
same<ReturnType<Capture['pause']>, void>()
same<ReturnType<Capture['resume']>, void>()
configure({ service: 'x' })

// Wrong uses.
// @ts-expect-error -- no function
capture(1)
// @ts-expect-error -- no function
capture('name', 1)
// @ts-expect-error -- the name comes first
capture(withThis, 'name')
// @ts-expect-error -- an unknown option
capture(withThis, { dbb: options.db })
// @ts-expect-error -- a context is no option
capture({ kind: 'method', name: 'x' })
// @ts-expect-error -- it can only be read
capture.enabled = false
// @ts-expect-error -- a block takes no arguments
capture.run('block', (n: number) => n)

export type { Capturable }
export { area, asyncBlock, block, enabled, length, one, text, wrong }
