// The shop's articles: a file with one line of JSON for each, made up at the first start.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dataPath } from './data.js'

const ARTICLE_COUNT = 30_000

/** All articles: their sku, cost in cents, weight in grams, and the country they come from. */
export function readCatalogue() {
  const path = dataPath('catalogue.jsonl')
  if (!existsSync(path)) writeFileSync(path, makeCatalogue())
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line))
}

function makeCatalogue() {
  const countries = ['DE', 'FR', 'JP', 'US', 'BR', 'KE']
  const lines = Array.from({ length: ARTICLE_COUNT }, (_, index) => {
    const cost = 100 + ((index * 7_919) % 25_000)
    const weight = 20 + ((index * 104_729) % 9_000)
    const country = countries[index % countries.length]
    return `${JSON.stringify({ sku: `A${index + 1}`, cost, weight, country })}\n`
  })
  return lines.join('')
}
