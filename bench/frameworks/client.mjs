// The load: autocannon, in a process of its own.

import autocannon from 'autocannon'

async function load({ port, amount, connections }) {
  const url = `http://127.0.0.1:${port}/hello/you`
  const begin = performance.now()
  let count = 0
  let end
  // It ends at a beat of its own.
  const run = autocannon({ url, amount, connections, sampleInt: 50 })
  run.on('response', () => {
    count += 1
    if (count === amount) end = performance.now()
  })
  const { errors, timeouts, non2xx } = await run
  if (errors + timeouts + non2xx > 0 || end === undefined) {
    throw new Error(`${amount} requests: ${errors} failed, ${timeouts} too late, ${non2xx} refused`)
  }
  return { requestsPerSecond: amount / ((end - begin) / 1_000) }
}

process.on('message', async (wanted) => process.send(await load(wanted)))
