// Decorators of `experimentalDecorators` keep what they stand at as it is.

import { capture } from 'kronicler'

export class Members<T> {
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
  @capture get size(): number {
    return 1
  }
  set size(value: number) {
    void value
  }
  @capture accessor level = 1
  @capture field = (n: number): number => n
  @capture('name') static field = async (): Promise<void> => {}
  overloaded(value: string): number
  overloaded(value: number): string
  @capture overloaded(value: string | number): number | string {
    return typeof value === 'string' ? value.length : String(value)
  }

  // @ts-expect-error -- an unknown option
  @capture({ dbb: 1 }) misspelt(): void {}
  // @ts-expect-error -- parameters are not captured
  parameter(@capture value: number): void {
    void value
  }
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
export const field: number = new Members<{ a: number }>().generic({ a: 1 }, 'a')
