// Who may log in: names with a salted scrypt hash of their password.

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { capture } from 'kronicler'

const HASH_SIZE = 64

/** Slow on purpose, that is what protects the passwords; it runs on Node's thread pool. */
const hashPassword = capture('hashPassword', promisify(scrypt))

const accounts = new Map()
await addAccount('ada', 'analytical engine')
await addAccount('grace', 'nanoseconds')

async function addAccount(name, password) {
  const salt = randomBytes(16)
  accounts.set(name, { salt, hash: await hashPassword(password, salt, HASH_SIZE) })
}

/** Whether name and password belong together. A name that is unknown takes as long to refuse. */
export const login = capture(async function login(name, password) {
  const account = accounts.get(name)
  const salt = account?.salt ?? Buffer.alloc(16)
  const hash = await hashPassword(password, salt, HASH_SIZE)
  return account !== undefined && timingSafeEqual(hash, account.hash)
})
