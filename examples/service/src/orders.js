// Orders, one line of JSON each in a file that only grows; in memory is only where each line is.

import { constants } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { capture } from 'kronicler'
import { dataPath } from './data.js'

const LATEST_COUNT = 10

const path = dataPath('orders.jsonl')
const file = await open(path, constants.O_RDWR | constants.O_CREAT)

// By id, offset and size of every line that is written completely.
const places = new Map()
// Newest first.
const latest = []
let nextId = 1
let endOffset = 0

for (const line of (await readFile(path, 'utf8')).split('\n')) {
  if (line === '') continue
  places.set(nextId++, reserve(Buffer.byteLength(line) + 1))
  remember(JSON.parse(line))
}

/** Gives the order its id, writes it, and returns it. */
export const appendOrder = capture(async function appendOrder(order) {
  const id = nextId++
  const stored = { id, ...order, at: new Date().toISOString() }
  const line = Buffer.from(`${JSON.stringify(stored)}\n`)
  const place = reserve(line.length)
  await file.write(line, 0, line.length, place.offset)
  places.set(id, place)
  remember(stored)
  return stored
})

/** The order with this id, read from the file. An unknown id is an error that says 404. */
export const findOrder = capture(async function findOrder(id) {
  const place = places.get(id)
  if (place === undefined) {
    throw Object.assign(new Error(`there is no order ${id}`), { statusCode: 404 })
  }
  const { buffer } = await file.read(Buffer.alloc(place.size), 0, place.size, place.offset)
  return JSON.parse(buffer.toString())
})

/** The newest orders, newest first. */
export function latestOrders() {
  return latest
}

export function closeOrders() {
  return file.close()
}

function reserve(size) {
  const offset = endOffset
  endOffset += size
  return { offset, size }
}

function remember(order) {
  latest.unshift(order)
  if (latest.length > LATEST_COUNT) latest.pop()
}
