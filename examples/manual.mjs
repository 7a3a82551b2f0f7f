// Captures by hand, asks for a row and for the average: the manual example of the Python package.

import { Database } from 'kronicler'

const db = new Database()

// Nanoseconds: since the Unix epoch, or from a clock like process.hrtime.bigint().
db.capture('foo', [], 169, 367)
db.capture('foo', [], 400n, 600n)

console.log(String(db.fetch(0)))
console.log(db.average('foo'))
