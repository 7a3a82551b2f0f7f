// What a captured async function is compared with: the same wrapper that measures less.

const { apply } = Reflect

const elapsed = new Float64Array(1)
const failures = new Int32Array(1)

/** Hands the promise through: what the others cost beyond it is their added cost. */
export function wrapBareAsync(fn) {
  const { wrapper } = {
    wrapper(...args) {
      try {
        return apply(fn, this, args)
      } catch (error) {
        failures[0] += 1
        throw error
      }
    },
  }
  return wrapper
}

function chain(promise, start) {
  return promise.then(
    (value) => {
      elapsed[0] = performance.now() - start
      return value
    },
    (error) => {
      elapsed[0] = performance.now() - start
      throw error
    },
  )
}

/** Two clock reads and one `.then`, as one would write it by hand. */
export function wrapClockAsync(fn) {
  const { wrapper } = {
    wrapper(...args) {
      const start = performance.now()
      let promise
      try {
        promise = apply(fn, this, args)
      } catch (error) {
        elapsed[0] = performance.now() - start
        throw error
      }
      return chain(promise, start)
    },
  }
  return wrapper
}
