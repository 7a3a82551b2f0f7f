// A captured helper, a captured route, and /logs, which tells every call of theirs.

import process from 'node:process'
import express from 'express'
import { capture, database } from 'kronicler'

const app = express()

/** Heavy work: counts the primes below a number in the simplest way. */
const countPrimes = capture(function countPrimes(end) {
  let count = 0
  for (let number = 2; number < end; number++) {
    let divisor = 2
    while (divisor * divisor <= number && number % divisor !== 0) divisor++
    if (divisor * divisor > number) count++
  }
  return count
})

app.get('/', capture('GET /', (_request, response) => {
  response.json({ hello: 'world', primes: countPrimes(20_000) })
}))

app.get('/logs', async (_request, response) => {
  response.json(await database().logs())
})

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', (error) => {
  if (error) throw error
  process.stdout.write(`listening on http://127.0.0.1:${server.address().port}\n`)
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
