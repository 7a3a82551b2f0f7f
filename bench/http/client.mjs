// The load: connections that are kept alive, and requests at a steady rate.
//
// Steady, because a client that asks as fast as it can takes the processor from the server's
// threads, and then what is measured is the scheduler.

import net from 'node:net'

const CONNECTION_COUNT = 8
const TICK_MS = 2

const request = Buffer.from('GET /orders/17 HTTP/1.1\r\nhost: localhost\r\n\r\n')

/** The length of a response, once its head is there. */
function lengthOf(text) {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return Infinity
  const found = /\r\ncontent-length: (\d+)/i.exec(text)
  if (!text.startsWith('HTTP/1.1 200 ') || found === null) {
    throw new Error(`unexpected answer: ${text.slice(0, 200)}`)
  }
  return head + 4 + Number(found[1])
}

/** A connection; `onAnswer(socket)` is called when it is free again. */
function connect(port, onAnswer) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(socket))
    let text = ''
    socket.setNoDelay(true).setEncoding('latin1').on('error', reject)
    socket.on('data', (chunk) => {
      text += chunk
      if (text.length < lengthOf(text)) return
      text = ''
      onAnswer(socket)
    })
  })
}

/** Sends `count` requests, `rate` a second as far as the server keeps up. */
async function load({ port, count, rate }) {
  let [sent, answered] = [0, 0]
  let finish
  const isOver = new Promise((resolve) => (finish = resolve))
  const free = []
  const begin = performance.now()
  const send = () => {
    const due = Math.min(count, Math.ceil(((performance.now() - begin) / 1_000) * rate))
    for (; sent < due && free.length > 0; sent++) free.pop().write(request)
  }
  const onAnswer = (socket) => {
    free.push(socket)
    answered += 1
    if (answered === count) finish()
    else send()
  }
  const connections = Array.from({ length: CONNECTION_COUNT }, () => connect(port, onAnswer))
  const sockets = await Promise.all(connections)
  free.push(...sockets)
  const timer = setInterval(send, TICK_MS)
  await isOver
  clearInterval(timer)
  for (const socket of sockets) socket.destroy()
  return { seconds: (performance.now() - begin) / 1_000 }
}

process.on('message', async (wanted) => process.send(await load(wanted)))
