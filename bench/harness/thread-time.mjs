// CPU time of single threads, as Linux counts it; elsewhere nothing is known.

import { readFileSync, readdirSync } from 'node:fs'

function readTask(folder) {
  const name = readFileSync(`${folder}/comm`, 'utf8').trim()
  const nanoseconds = Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0])
  return { name, nanoseconds }
}

/** Nanoseconds of CPU by thread name, of the threads of this process that Kronicler started. */
export function engineThreadTimes() {
  const times = {}
  try {
    for (const task of readdirSync('/proc/self/task')) {
      const { name, nanoseconds } = readTask(`/proc/self/task/${task}`)
      if (name.startsWith('kronicler')) times[name] = (times[name] ?? 0) + nanoseconds
    }
  } catch {
    // Not Linux, or a kernel without these files.
  }
  return times
}
