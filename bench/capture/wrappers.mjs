// What Kronicler's wrapper is compared with: wrappers of the same shape that measure less.
//
// `bare` measures nothing; what the others cost beyond it is their added cost. `clock` reads
// performance.now() twice and keeps the difference.

const { apply, construct } = Reflect

// As typed arrays: a number in a variable of a module is an allocation for each call.
const elapsed = new Float64Array(1)
const failures = new Int32Array(1)

/** Guarded as Kronicler's own: getters and proxies may throw. */
function thenOf(value) {
  try {
    const { then } = value
    return typeof then === 'function' ? then : undefined
  } catch {
    return undefined
  }
}

function settleLater() {
  throw new Error('functions measured here return no promises')
}

export function wrapBare(fn) {
  return function wrapper(...args) {
    let result
    try {
      result = new.target === undefined
        ? apply(fn, this, args)
        : construct(fn, args, new.target === wrapper ? fn : new.target)
    } catch (error) {
      failures[0] += 1
      throw error
    }
    if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
      const then = new.target === undefined ? thenOf(result) : undefined
      if (then !== undefined) return settleLater(result, then)
    }
    return result
  }
}

export function wrapClock(fn) {
  return function wrapper(...args) {
    const start = performance.now()
    let result
    try {
      result = new.target === undefined
        ? apply(fn, this, args)
        : construct(fn, args, new.target === wrapper ? fn : new.target)
    } catch (error) {
      elapsed[0] = performance.now() - start
      throw error
    }
    if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
      const then = new.target === undefined ? thenOf(result) : undefined
      if (then !== undefined) return settleLater(result, then)
    }
    elapsed[0] = performance.now() - start
    return result
  }
}

/** Kronicler's wrapper without its try and catch: what guarding against errors costs. */
export function wrapUntried(fn, { tick, end, doubles, words }, site) {
  const { database } = site
  return function wrapper(...args) {
    const { tag } = site
    // Paused, or not named yet.
    if (words[8] !== 0 || tag < 0) return apply(fn, this, args)
    tick()
    const start = doubles[0]
    const result = new.target === undefined
      ? apply(fn, this, args)
      : construct(fn, args, new.target === wrapper ? fn : new.target)
    if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
      const then = new.target === undefined ? thenOf(result) : undefined
      if (then !== undefined) return settleLater(result, then)
    }
    doubles[0] = start
    words[2] = tag
    words[3] = database
    end()
    return result
  }
}
