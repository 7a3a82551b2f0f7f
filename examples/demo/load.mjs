// Load for the service: some of everything a shop's visitors do, at steady rates.

import { createRequire } from 'node:module'
import path from 'node:path'
import { serviceFolder } from './prepare.mjs'

const require = createRequire(path.join(serviceFolder, 'package.json'))
const ARTICLE_COUNT = 30_000
const json = { 'content-type': 'application/json' }

// Requests a second, over all connections of the visitors of this kind.
const visitors = [
  { rate: 60, connections: 1, requests: [{ path: '/' }] },
  { rate: 150, connections: 1, requests: many(40, lookup) },
  { rate: 300, connections: 4, requests: many(97, quote) },
  { rate: 60, connections: 1, requests: many(53, order) },
  { rate: 2, connections: 1, requests: many(3, login) },
]

/** Loads the service, calls back after every answer, and returns what was sent and answered. */
export async function load(url, seconds, onAnswer) {
  const autocannon = require('autocannon')
  const runs = visitors.map(({ rate, connections, requests }) => {
    const run = autocannon({ url, duration: seconds, overallRate: rate, connections, requests })
    run.on('response', onAnswer)
    return run
  })
  const results = await Promise.all(runs)
  return {
    answers: sum(results, (result) => result.requests.total),
    refused: sum(results, (result) => result['4xx']),
    failures: sum(results, (result) => result.errors + result.timeouts + result['5xx']),
  }
}

function many(count, make) {
  return Array.from({ length: count }, (_, index) => make(index))
}

/** One in forty asks for an order that nobody has made. */
function lookup(index) {
  return { path: `/orders/${index === 39 ? 1_000_000 : index + 1}` }
}

function quote(index) {
  const sku = 1 + ((index * 1_009) % ARTICLE_COUNT)
  return { path: `/quote/A${sku}?quantity=${1 + ((index * 7) % 600)}` }
}

function order(index) {
  const body = { sku: `A${1 + index * 31}`, quantity: 1 + (index % 5) }
  return { method: 'POST', path: '/orders', headers: json, body: JSON.stringify(body) }
}

/** Every third password is wrong. */
function login(index) {
  const body = { name: 'ada', password: index === 2 ? 'difference engine' : 'analytical engine' }
  return { method: 'POST', path: '/login', headers: json, body: JSON.stringify(body) }
}

function sum(results, number) {
  return results.reduce((total, result) => total + number(result), 0)
}
