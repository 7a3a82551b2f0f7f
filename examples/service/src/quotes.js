// What an article costs. Prices come from a list that is worked out again when it is too old.
//
// Here is the mistake that `kr outliers` finds. The list is rebuilt inside the request that
// happens to come first after it expired, synchronously: that caller waits for all articles, and
// as nothing else runs meanwhile, so does everybody else. Rebuild it on a timer in a worker
// thread, or keep the old list until the new one is there, and the outliers are gone.

import { performance } from 'node:perf_hooks'
import { capture } from 'kronicler'
import { readCatalogue } from './catalogue.js'

const LIST_AGE_MAX_MS = 1_000

// From this quantity on, this part of the price is taken off.
const DISCOUNTS = [
  [500, 0.2],
  [100, 0.12],
  [10, 0.05],
]
const DUTIES = { BR: 0.11, JP: 0.03, KE: 0.08, US: 0.04 }
const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' })

let list = new Map()
let builtAt = Number.NEGATIVE_INFINITY

/** The price of one piece in cents, with freight and duty. Called for every article. */
const priceOf = capture(function priceOf({ cost, weight, country }) {
  const duty = cost * (DUTIES[country] ?? 0)
  const freight = 150 + weight * 0.4
  return Math.ceil((cost + duty) * 1.35 + freight)
})

const rebuildPriceList = capture(function rebuildPriceList() {
  const entries = readCatalogue().map((article) => {
    const price = priceOf(article)
    return [article.sku, { price, label: money.format(price / 100) }]
  })
  return new Map(entries)
})

/** The prices of all articles. */
const priceList = capture(function priceList() {
  if (performance.now() - builtAt > LIST_AGE_MAX_MS) {
    list = rebuildPriceList()
    builtAt = performance.now()
  }
  return list
})

/** The price of so many pieces of an article. An unknown article is an error that says 404. */
export const quote = capture(function quote(sku, quantity) {
  const entry = priceList().get(sku)
  if (entry === undefined) {
    throw Object.assign(new Error(`there is no article ${sku}`), { statusCode: 404 })
  }
  const discount = DISCOUNTS.find(([from]) => quantity >= from)?.[1] ?? 0
  const total = money.format((entry.price * quantity * (1 - discount)) / 100)
  return { sku, quantity, price: entry.label, discount, total }
})
