/** Durations and times as people read them. */

const units: readonly (readonly [name: string, scale: number])[] = [
  ['ns', 1],
  ['us', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
]

// From here on three digits would round up to a thousand, which the next unit says better.
const unitEnd = 999.5

/** A duration with three significant digits, as `kr` writes it. */
export function formatDuration(ns: number): string {
  const [unit, scale] = units.find(([, size]) => ns / size < unitEnd) ?? ['s', 1e9]
  const value = ns / scale
  if (unit === 'ns' && Number.isInteger(value)) return `${value} ns`
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
  return `${value.toFixed(digits)} ${unit}`
}

/** Nanoseconds since the Unix epoch as ISO 8601 with nine digits of a second. */
export function formatTime(ns: bigint): string {
  const belowSecond = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const seconds = new Date(Number((ns - belowSecond) / 1_000_000n)).toISOString().slice(0, 19)
  return `${seconds}.${belowSecond.toString().padStart(9, '0')}Z`
}
