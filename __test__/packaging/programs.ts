/** Programs that capture five calls, in the ways that a package is loaded. */

const body = (name: string): string => `
const add = capture('${name}', (a, b) => a + b)
let sum = 0
for (let i = 0; i < 5; i += 1) sum += add(i, 1)
console.log(sum)
if (process.versions.bun) database().flushSync()
`

const typed = (name: string): string => `
declare const process: { versions: Record<string, string> }
declare const console: { log(text: number): void }
const add = capture('${name}', (a: number, b: number): number => a + b)
let sum: number = 0
for (let i = 0; i < 5; i += 1) sum += add(i, 1)
console.log(sum)
// @ts-expect-error A captured function takes what the function takes.
export const wrong = (): number => add('1', 2)
if (process.versions['bun']) database().flushSync()
`

const imported = `import { capture, database } from 'kronicler'\n`
const required = `const { capture, database } = require('kronicler')\n`

/** A file of each module system. */
export const scripts = {
  'esm.mjs': imported + body('esm'),
  'cjs.cjs': required + body('cjs'),
}

/** The same in TypeScript; declarations of the package are checked, too. */
export const sources = {
  'typed-esm.mts': imported + typed('typed-esm'),
  'typed-cjs.cts': imported + typed('typed-cjs'),
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      types: [],
      strict: true,
    },
    files: ['typed-esm.mts', 'typed-cjs.cts'],
  }),
}

/** What a program is told that has no addon, as JSON. */
export const telling = `
const fn = (a, b) => a + b
const add = capture('add', fn)
const other = capture('other', () => 1)
const { state, error } = database().health()
const told = { sum: add(1, 2) + other(), enabled: capture.enabled, state, error }
console.log(JSON.stringify({ ...told, isBare: add === fn }))
`

export const tellingScripts = {
  'esm.mjs': imported + telling,
  'cjs.cjs': required + telling,
}

/** The text after which the program has told. */
export interface Told {
  sum: number
  isBare: boolean
  enabled: boolean
  state: string
  error?: string
}
