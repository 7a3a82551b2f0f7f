/** Guides: what they tell is done, and has the result that they promise. */

import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { Database } from 'kronicler'

import { blocksOf, playGuide, readPage } from './guides.js'
import { testWith } from './tools.js'

const require = createRequire(new URL('../../__test__/guides/package.json', import.meta.url))
const guides = fileURLToPath(new URL('../../docs/guides', import.meta.url))

/** The names that are captured when a page has been played, and where. */
const played: Record<string, { names: string[]; dir?: string }> = {
  'guides/express.md': { names: ['(no route)', 'GET /api/items/:id', 'GET /broken'] },
  'guides/fastify.md': { names: ['GET /users/:id', 'POST /orders'] },
  'guides/hono.md': { names: ['GET /users/:id'] },
  'guides/http.md': { names: ['GET /users/:id'] },
  'guides/koa.md': { names: ['(no route)', 'GET /api/users/:id'] },
  'guides/nest.md': { names: ['GET /users/:id'] },
  'guides/nextjs.md': { names: ['GET /api/orders/:id', 'findOrder'] },
  'guides/prom-client.md': { names: ['quote book'] },
  'guides/python.md': { names: ['add'] },
  'guides/serverless.md': { names: ['findOrder', 'handler'], dir: 'calls' },
  'security.md': { names: ['work'] },
}

/** Pages whose files are only parsed, and that say so. */
const parsed = ['guides/docker.md', 'guides/electron.md', 'guides/kubernetes.md']

testWith('__test__/frameworks')
const withTools = testWith('__test__/guides')

for (const [page, { names, dir = '.kronicler_data' }] of Object.entries(played)) {
  withTools(`${page} can be followed`, async (t) => {
    // Promise: who does what a guide tells has what it promises.
    t.timeout(300_000)
    const cwd = await playGuide(t, page)
    t.deepEqual(Database.reader(path.join(cwd, dir)).functionNames(), names)
  })
}

interface Dockerfile {
  getInstructions(): { getKeyword(): string }[]
}

interface YamlDocument {
  readonly errors: readonly Error[]
  readonly warnings: readonly Error[]
}

const keywords = /^(FROM|WORKDIR|COPY|RUN|USER|ENV|VOLUME|CMD)$/

withTools('container files and manifests of guides are well-formed', (t) => {
  // Promise: what is not run can at least be read, and pages with it say that it was not run.
  const { DockerfileParser } = require('dockerfile-ast') as {
    DockerfileParser: { parse(text: string): Dockerfile }
  }
  const { parseAllDocuments } = require('yaml') as {
    parseAllDocuments(text: string): YamlDocument[]
  }
  for (const page of parsed) {
    t.regex(readPage(page), /^> This page was not run/m, page)
    for (const { language, text } of blocksOf(page)) {
      if (language === 'dockerfile') {
        const found = DockerfileParser.parse(text).getInstructions()
        t.true(found.length > 5, text)
        for (const instruction of found) t.regex(instruction.getKeyword(), keywords)
      } else if (language === 'yaml') {
        for (const { errors, warnings } of parseAllDocuments(text)) {
          t.deepEqual([errors, warnings], [[], []], text)
        }
      } else {
        t.is(language, 'console', `${page} has a sample that no test runs`)
      }
    }
  }
})

withTools('every guide is played or parsed', (t) => {
  // Promise: no page escapes.
  const pages = readdirSync(guides).map((name) => `guides/${name}`)
  const known = [...Object.keys(played), ...parsed].filter((page) => page.startsWith('guides/'))
  t.deepEqual(pages.toSorted(), known.toSorted())
})
