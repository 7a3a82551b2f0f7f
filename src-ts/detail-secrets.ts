/** What is usually secret among arguments: what stands under some keys, and texts of some forms. */

/** What is told in its place. */
export const redacted = '[redacted]'

const keyLengthMax = 256

/** Anywhere in a key; where `_` stands there may be something between the words, or nothing. */
const parts = [
  'passw',
  'pass_phrase',
  'pass_code',
  'pwd',
  'secret',
  'token',
  'authori[sz]ation',
  'cookie',
  'session',
  'credential',
  'private',
  'signature',
  'mnemonic',
  'jwt',
  'bearer',
  '[cx]srf',
  '(?:api|access|auth|account|client|shared|master|signing|encryption|ssh|license)_key',
  '(?:credit|debit)_card',
  'card_n(?:o|umber)',
].map((part) => part.replaceAll('_', '[^a-z\\d]*'))

/** Only as a word of a key. */
const words = ['pass', 'auth', 'otp', 'pin', 'sid', 'ssn', 'cvv', 'cvc', 'iban', 'salt']

const either = [...parts, `(?<![a-z])(?:${words.join('|')})(?![a-z])`].join('|')
const secretKey = new RegExp(either)

/** Texts with a secret in them. */
const secretTexts = [
  // A key with its value, in JSON, in a form or query, in a header, as an option of a command.
  `(?:${either})[\\w\\]-]*(?:\\\\*["'])?\\s*(?:[=:]|%3[ad])`,
  `(?<![\\w-])--?[\\w-]*(?:${either})[\\w-]*\\s`,
  'bearer\\s+[\\w.~+/=-]',
  '^\\s*(?:basic|digest|negotiate)\\s',
  // User and password in a URL.
  '//[^/\\s:@]*:[^/\\s@]+@',
  // A JSON Web Token, a key in PEM, and what makers of tokens put before theirs.
  '\\beyj[\\w-]+\\.[\\w-]+\\.',
  'private key-----',
  '\\b(?:gh[opsur]_|github_pat_|glpat-|npm_|sk[-_]|xox[abprs]-|akia|asia|aiza)[\\w-]{12}',
]
const secretText = new RegExp(secretTexts.join('|'), 'i')

/** Whether a value under this key is usually not to be told. */
export function isSecret(key: string): boolean {
  // Longer ones say nothing to anybody.
  if (key.length > keyLengthMax) return true
  const visible = key.normalize('NFKC').replaceAll(/\p{Cf}/gu, '')
  return secretKey.test(visible.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase())
}

/** Whether a value is the name of one that is secret, as in `['cookie', '...']`. */
export function namesSecret(value: unknown): boolean {
  return typeof value === 'string' && /^[\w. -]{1,64}$/.test(value) && isSecret(value)
}

/** Whether a text has a secret in it. */
export function hasSecret(text: string): boolean {
  return secretText.test(text)
}
