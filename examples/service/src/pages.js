// The shop's pages, rendered from the templates in views/.

import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'
import { capture } from 'kronicler'

const eta = new Eta({ cache: true, views: fileURLToPath(new URL('../views', import.meta.url)) })

/** The HTML of a view with its data. */
export const renderPage = capture(function renderPage(view, data) {
  return eta.render(view, data)
})
