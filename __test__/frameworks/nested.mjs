// A program that knows nothing of Kronicler: requests on one connection, which ask for more.

import { once } from 'node:events'
import { Agent, request as ask } from 'node:http'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const folder = new URL('../../../__test__/frameworks/package.json', import.meta.url)
const require = createRequire(folder)

async function load(name) {
  return import(pathToFileURL(require.resolve(name)).href)
}

const { default: express } = await load('express')

const app = express()
app.get('/inner', (_, response) => response.send('inner'))
app.get('/users/:id', async (_, response) => {
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/inner`)
  response.send(await answer.text())
})
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
for (const id of [1, 2]) {
  const sent = ask(`http://127.0.0.1:${server.address().port}/users/${id}`, { agent }).end()
  const [answer] = await once(sent, 'response')
  answer.resume()
  await once(answer, 'end')
}
agent.destroy()
server.closeAllConnections()
server.close()
