/** Private fields on any object: where nobody sees them, and at a quarter of a WeakMap's cost. */

/** A constructor that returns what it was given, so that a subclass puts its fields there. */
export const Given = function given(target: object): object {
  return target
} as unknown as new (target: object) => object
