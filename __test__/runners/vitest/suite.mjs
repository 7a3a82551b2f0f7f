// What both suites check: captured functions, and a package that is loaded again.

import { Database, KroniclerError, capture, database } from 'kronicler'
import { expect, test, vi } from 'vitest'

export function suite(name) {
  const add = capture(name, (left, right) => left + right)

  test('captured functions are those that they were', () => {
    const mock = vi.fn(() => 'mocked')
    const captured = capture(`${name}.mock`, mock)
    expect(captured()).toBe('mocked')
    expect(mock).toHaveBeenCalledTimes(1)
    for (let i = 0; i < 99; i++) expect(add(i, 1)).toBe(i + 1)
    expect(database().stats(name).count).toBe(99)
  })

  test('values and errors are of the realm of the test', async () => {
    const wait = capture(`${name}.wait`, async (value) => value)
    const promise = wait([1])
    expect(promise).toBeInstanceOf(Promise)
    expect(await promise).toEqual([1])
    const error = new RangeError('thrown')
    const fail = capture(`${name}.fail`, () => {
      throw error
    })
    expect(fail).toThrow(error)
    expect(() => capture(1)).toThrow('must be a function')
    expect(() => Database.reader('nowhere')).toThrow(KroniclerError)
    expect(await database().fetchAll({ name: `${name}.fail` })).toMatchObject([
      { outcome: 'error', kind: 'sync' },
    ])
  })

  test('a package that is loaded again is the same database', async () => {
    vi.resetModules()
    const again = await import('kronicler')
    expect(again.database()).toBe(database())
    expect(again.capture(add)).toBe(add)
    expect(add(1, 2)).toBe(3)
    again.capture(`${name}.again`, () => {})()
    expect(again.database().stats(name).count).toBe(100)
    const { dropped, lost } = again.database().health()
    expect([dropped.ring, lost.clock]).toEqual([0, 0])
  })

  test('fake timers stop nothing', async () => {
    vi.useFakeTimers()
    try {
      capture(`${name}.fake`, () => Date.now())()
      await database().flush()
    } finally {
      vi.useRealTimers()
    }
    const [row] = await database().fetchAll({ name: `${name}.fake` })
    expect(Math.abs(Number(row.startDate) - Date.now())).toBeLessThan(60_000)
  })
}
