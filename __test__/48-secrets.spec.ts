/** Arguments in details: what is usually secret is not told, and nothing takes long. */

import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'

import test from 'ava'
import { Database, capture } from 'kronicler'

import { openDatabase, tempDir } from './harness.js'

const mark = 'hunter2'

/** What is told of an argument when the call fails. */
function told(db: Database, argument: unknown): unknown {
  const fail = capture('fail', (...args: unknown[]) => {
    throw new Error(`with ${args.length}`)
  }, { db, args: ['0'] })
  try {
    fail(argument)
  } catch {
    // Failed calls have details.
  }
  const [row] = db.fetchAllSync().slice(-1)
  return db.fetch(row?.id ?? -1)?.detail?.args?.['0']
}

/** All bytes of a closed database. */
function bytesOf(dir: string): string {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
  const texts = files
    .filter((file) => file.isFile())
    .map((file) => readFileSync(path.join(file.parentPath, file.name), 'latin1'))
  return texts.join('')
}

const secretKeys = [
  ...'X-Api-Key api_key authToken passwd PASS pass user_pwd auth x-auth jwt ssn cvv pin'.split(' '),
  ...'otp iban csrf connect.sid salt encryptionKey passphrase creditCard cardNumber'.split(' '),
  'api key',
  'pass\u200Bword',
  'x'.repeat(300),
]

const secrets: Record<string, unknown> = {
  ...Object.fromEntries(secretKeys.map((key) => [key, { user: 'u', [key]: mark }])),
  'a list': { passwords: [mark] },
  'a map': new Map([['password', mark]]),
  headers: ['Authorization', `Bearer ${mark}`, 'Cookie', mark],
  pairs: [['cookie', mark], ['host', 'x']],
  labels: [{ name: 'password', value: mark }, { key: 'token', value: mark }],
  json: JSON.stringify({ user: 'u', password: mark }),
  'json in json': JSON.stringify({ body: JSON.stringify({ token: mark }) }),
  form: `user=a&password=${mark}&x=1`,
  encoded: `next=%2F&q=token%3D${mark}`,
  url: `https://user:${mark}@host/x`,
  query: `/login?access_token=${mark}`,
  bearer: `authorized by bearer ${mark}`,
  basic: `Basic ${mark}`,
  cookie: `session=${mark}; a=b`,
  command: `login --user u --password ${mark}`,
  sql: `ALTER USER a SET password = '${mark}'`,
  webToken: `eyJhbGciOiJIUzI1NiJ9.eyJ${mark}.c2ln`,
  pem: `-----BEGIN PRIVATE KEY-----\n${mark}`,
  'boxed text': new String(`password=${mark}`),
}

test('what is secret is told neither under a key nor within a text', (t) => {
  // Promise: passwords, tokens and the like are not stored, however keys are written, in headers,
  // pairs, JSON, forms, URLs and commands; the files hold none of it.
  const dir = tempDir(t)
  const db = new Database({ dir })
  for (const [name, secret] of Object.entries(secrets)) {
    const text = JSON.stringify(told(db, secret))
    t.is(typeof text, 'string', name)
    t.false(text?.includes(mark), `${name}: ${text}`)
  }
  db.closeSync()
  t.false(bytesOf(dir).includes(mark))
})

test('what only looks like it is told', (t) => {
  // Promise: words that have a secret one in them, and texts that speak of one, are as they were.
  const db = openDatabase(t)
  const plain = {
    author: 'a',
    passenger: 'b',
    compass: 'c',
    spinner: 'd',
    monkey: 'e',
    text: 'the token has expired',
    path: '/users/7/sessions?page=2',
    names: ['id', 'name', 'email'],
    pair: { name: 'color', value: 'red' },
  }
  t.deepEqual(told(db, plain), plain)
})

test('huge numbers are not written out', (t) => {
  // Promise: a call does not wait for millions of digits that nobody reads.
  const db = openDatabase(t)
  t.is(told(db, 10n ** 77n), `${10n ** 77n}n`)
  t.is(told(db, -(2n ** 1_000_000n)), '[BigInt]')
})
