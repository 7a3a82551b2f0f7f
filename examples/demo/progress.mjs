// A progress bar on stderr: redrawn on a terminal, a line every few seconds elsewhere.

import process from 'node:process'

const WIDTH = 30

/** Shows how far something of known length is; `tail()` says what has come of it so far. */
export class Progress {
  #startedAt = Date.now()
  #seconds
  #tail
  #timer

  constructor(seconds, tail) {
    this.#seconds = seconds
    this.#tail = tail
    this.#timer = setInterval(() => this.#draw(), process.stderr.isTTY ? 100 : 2_000)
    this.#draw()
  }

  end() {
    clearInterval(this.#timer)
    this.#draw()
    if (process.stderr.isTTY) process.stderr.write('\n')
  }

  #draw() {
    const elapsed = Math.min((Date.now() - this.#startedAt) / 1_000, this.#seconds)
    const full = Math.round((elapsed / this.#seconds) * WIDTH)
    const bar = '#'.repeat(full).padEnd(WIDTH, '.')
    const text = `[${bar}] ${elapsed.toFixed(0).padStart(2)} of ${this.#seconds} s, ${this.#tail()}`
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`)
  }
}
