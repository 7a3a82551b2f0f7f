// Reads all rows of a database by their ids, also while another program writes it.
//
// The example that the Python package has for Rust: `Database::new_reader()`, `fetch(i)`.

import process from 'node:process'
import { Database } from 'kronicler'

const db = Database.reader(process.argv[2] ?? '.kronicler_data')

for (let id = 0; ; id++) {
  const row = db.fetch(id)
  if (row === undefined) break
  console.log(String(row))
}
