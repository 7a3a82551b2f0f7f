// Standard decorators keep what they stand at as it is, and refuse what they cannot capture.

import { capture } from 'kronicler'

export class Members<T> {
  overloaded(value: string): number
  overloaded(value: number): string
  @capture overloaded(value: string | number): number | string {
    return typeof value === 'string' ? value.length : String(value)
  }
  @capture generic<K extends keyof T>(self: T, key: K): T[K] {
    return self[key]
  }
  @capture() withThis(this: Members<number>): void {}
  @capture('name') async later(): Promise<void> {}
  @capture('name', {}) *generator(): Generator<number> {
    yield 1
  }
  @capture({}) async *stream(): AsyncGenerator<number> {
    yield 1
  }
  @capture static create<U>(): Members<U> {
    return new Members<U>()
  }
  @capture #hidden(n: number): number {
    return n
  }
  @capture static #secret(): void {}
  @capture get size(): number {
    return 1
  }
  @capture set size(value: number) {
    this.#hidden(value)
  }
  @capture() static get label(): string {
    Members.#secret()
    return 'x'
  }
  @capture accessor level = 1
  @capture('level') static accessor depth: string | undefined
  @capture field = (n: number): number => n
  @capture() optional?: (n: number) => void
  @capture('name') static field = async (): Promise<void> => {}

  // @ts-expect-error -- a field that holds no function
  @capture count = 1
  // @ts-expect-error -- nor here
  @capture('name') static text = 'x'
  // @ts-expect-error -- an unknown option
  @capture({ dbb: 1 }) misspelt(): void {}
  // @ts-expect-error -- a name is a string
  @capture(5) numbered(): void {}
}

@capture
export class Plain {
  constructor(readonly value: number) {}
}
@capture('Named')
export abstract class Named {
  abstract go(): void
}
export const value: number = new Plain(1).value
export const answer: number = new Members<{ a: number }>().overloaded('x')
export const field: number = new Members<{ a: number }>().generic({ a: 1 }, 'a')
