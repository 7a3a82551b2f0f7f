/** The finder of the addon, seen from dist/esm and dist/cjs, where it lies two folders up. */

declare module '*/binding.cjs' {
  export function loadBinding(): {
    readonly binding?: import('./native.js').Binding
    readonly error?: string
  }
}
