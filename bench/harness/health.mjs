// Whether every call that was captured is stored: a run that lost one does not count.

function total(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** Calls that a database did not keep. */
export function countDrops({ dropped, skipped, lost }) {
  return total(dropped) + total(skipped) + total(lost)
}

/** Throws unless exactly `expected` calls were seen and all of them are stored. */
export function checkComplete(health, expected) {
  const { seen, stored, live, pending } = health
  const drops = countDrops(health)
  if (drops === 0 && pending === 0 && [seen, stored, live].every((count) => count === expected)) {
    return
  }
  const { dropped, lost, state, error } = health
  const found = JSON.stringify({ seen, stored, live, pending, dropped, lost, state, error })
  throw new Error(`the run is invalid: ${expected} calls were captured, health() says ${found}`)
}
