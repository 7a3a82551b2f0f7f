// What is captured keeps its type, for consumers that `require`.

import kronicler = require('kronicler')

const { capture, database } = kronicler

const add = capture('add', (a: number, b: number) => a + b)
const sum: number = add(1, 2)
// @ts-expect-error -- numbers only
add('1', 2)

class Shop {
  open(): boolean {
    return true
  }
}
const Captured: typeof Shop = capture(Shop)
const isOpen: boolean = new Captured().open()
const average: number | undefined = database().average('add')
const options: kronicler.CaptureOptions = {}
const stats: kronicler.Stats | undefined = database().stats('add')

export = { average, isOpen, options, stats, sum }
