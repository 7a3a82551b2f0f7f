/** Streams of rows: while one batch is in hand, the addon reads the next. */

import { translated } from './errors.js'
import { warnOfGaps } from './gaps.js'
import { RowBatch } from './row-batch.js'
import { enqueue } from './work.js'
import type { NativeRowStream, NativeRows } from './native.js'

/**
 * A batch has at least so many rows, unless they are the last, and whole chunks of the files: up
 * to 65,536 more. At 33 bytes a row that are 2.4 MB.
 */
const batchCount = 8_192

/** Whoever takes the next batch hears of it; nobody else has to. */
function ignore(): void {}

function read(stream: NativeRowStream): Promise<NativeRows | null> {
  const reading = enqueue(() => stream.next(batchCount))
  reading.catch(ignore)
  return reading
}

/**
 * At most `limit` of the rows that are there when the first batch is asked for. `check` throws
 * when the database must not be asked any more, and gives its directory.
 */
export async function* batches(
  open: () => NativeRowStream,
  limit: number,
  check: () => string,
): AsyncIterableIterator<RowBatch> {
  const stream = translated(open)
  let left = limit
  let reading = read(stream)
  while (left > 0) {
    const dir = check()
    const rows = await reading
    if (stream.isPartial) warnOfGaps(dir)
    if (rows === null) return
    const batch = new RowBatch(rows, left)
    left -= batch.length
    if (left > 0) reading = read(stream)
    if (batch.length > 0) yield batch
  }
}

/** As `batches`, blocking. */
export function* batchesSync(
  stream: NativeRowStream,
  limit: number,
  dir: string,
): IterableIterator<RowBatch> {
  let left = limit
  while (left > 0) {
    const rows = stream.nextSync(batchCount)
    if (stream.isPartial) warnOfGaps(dir)
    if (rows === null) return
    const batch = new RowBatch(rows, left)
    left -= batch.length
    yield batch
  }
}
