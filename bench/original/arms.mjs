// The arms of the original's first experiment: one function, captured in each way.

import { capture, database } from 'kronicler'
import { compileSmall } from './small-function.mjs'
import { SqliteLog, captureInto } from './sqlite-log.mjs'

const noEffect = () => {}

const makers = {
  bare: () => ({ fn: compileSmall('bare'), settle: noEffect, end: noEffect }),
  sqlite: (dir) => {
    const log = new SqliteLog(dir)
    const insert = (name, start, end) => log.insert(name, start, end)
    const fn = captureInto(insert, 'small', compileSmall('sqlite'))
    return { fn, settle: noEffect, end: () => log.close() }
  },
  batch: (dir) => {
    const log = new SqliteLog(dir)
    const insert = (name, start, end) => log.insertBatched(name, start, end)
    const fn = captureInto(insert, 'small', compileSmall('batch'))
    return { fn, settle: () => log.commit(), end: () => log.close() }
  },
  kronicler: () => ({
    fn: capture('small', compileSmall('kronicler')),
    // What waits for the disk is written outside the clock, as SQLite's pages are, too.
    settle: () => database().flushSync(),
    end: noEffect,
  }),
}

export const armNames = Object.keys(makers)

/** `settle` ends a repeat, outside the clock; `end` lets everything go; `times` is to be filled. */
export function makeArm(name, dir) {
  return { name, times: [], ...makers[name](dir) }
}
