// Medians and spreads of measured values.

/** The median: of an even number of values the mean of the middle two. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** How far values lie apart, as a share of the smallest. */
export function spread(values) {
  return Math.max(...values) / Math.min(...values) - 1
}

/** All orders of a few things: taken in turn, each thing comes after each other as often. */
export function permutations(things) {
  if (things.length < 2) return [things]
  return things.flatMap((first, index) =>
    permutations(things.toSpliced(index, 1)).map((rest) => [first].concat(rest)),
  )
}
