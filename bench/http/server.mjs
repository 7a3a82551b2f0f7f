// The server of one arm: answers requests, and says how much CPU the process has used.

import http from 'node:http'
import { capture, database } from 'kronicler'
import { settings } from '../harness/child.mjs'
import { engineThreadTimes } from '../harness/thread-time.mjs'
import { wrapBare, wrapClock } from '../capture/wrappers.mjs'
import { makeWork } from './work.mjs'

const isCapturing = settings.arm === 'kronicler'
const wrap = {
  bare: wrapBare,
  clock: wrapClock,
  kronicler: (fn) => capture(fn.name, fn),
}
const work = makeWork(wrap[settings.arm])

const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const { total, kept } = work(request.url)
  const body = JSON.stringify({ total, kept }).padEnd(40)
  response.setHeader('content-type', 'application/json')
  response.setHeader('content-length', body.length)
  response.end(body)
})

/** CPU time of all threads in microseconds; what was captured is stored by then. */
async function usage() {
  if (isCapturing) await database().flush()
  const { user, system } = process.cpuUsage()
  const health = isCapturing ? database().health() : undefined
  process.send({ cpuMicroseconds: user + system, threads: engineThreadTimes(), health })
}

server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('message', usage)
process.on('disconnect', () => process.exit())
