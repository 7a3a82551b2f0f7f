//! Counts of many calls by duration and time: memory that does not grow with the calls.
//!
//! ```text
//!             time  ---->          at most 32 columns: slots of 2^level ticks with calls
//!  duration   12 0 3 ...           a cell: durations of one octave with the same 7 bits
//!     |        0 7 1 ...           behind their leading one (HdrHistogram's mapping)
//!     v       ...
//! ```
//!
//! When a column more is needed, slots become twice as long, until the columns suffice: where
//! nothing was called there is no column, so long silences cost nothing and hide nothing.

use crate::call::Call;

/// Bits of a duration behind its leading one that choose a cell.
const FRACTION_BITS: u32 = 7;
/// Durations below this have a cell each.
const EXACT_END: u64 = 1 << (FRACTION_BITS + 1);
/// Cells there can be.
const CELL_COUNT: usize = (64 - FRACTION_BITS as usize + 1) << FRACTION_BITS;
/// Columns there can be, and so blocks of time that are resampled.
pub(crate) const COLUMN_COUNT_MAX: usize = 32;
/// Stands for a cell without calls.
const NONE: u16 = u16::MAX;

/// How far a duration in a cell may lie from another one there, relative to it.
pub const RELATIVE_ERROR: f64 = 1.0 / (1 << FRACTION_BITS) as f64;

/// Counts by duration and time.
#[derive(Debug, Clone)]
pub(crate) struct Cells {
    /// A slot is `2^level` ticks long.
    level: u32,
    columns: Vec<Column>,
    /// The row of counts of each cell.
    rows: Vec<u16>,
    /// [`COLUMN_COUNT_MAX`] counts for each row.
    counts: Vec<u64>,
    /// The column of the last call: the next is likely in the same.
    last: usize,
}

/// What was called in a slot of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// Which slot it is.
    pub slot: u32,
    /// Calls.
    pub count: u64,
    /// Calls that did not end well.
    pub errors: u64,
    /// Sum of their durations in nanoseconds.
    pub sum_ns: u128,
}

impl Cells {
    pub(crate) fn new() -> Self {
        let rows = vec![NONE; CELL_COUNT];
        Self { level: 0, columns: Vec::new(), rows, counts: Vec::new(), last: 0 }
    }

    pub(crate) const fn level(&self) -> u32 {
        self.level
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Adds a call.
    pub(crate) fn add(&mut self, call: &Call) {
        let column = self.column(call.time);
        let weight = u64::from(call.weight());
        let of_slot = &mut self.columns[column];
        of_slot.count += weight;
        of_slot.errors += if call.is_error() { weight } else { 0 };
        of_slot.sum_ns += u128::from(call.duration_ns) * u128::from(weight);
        let row = self.row(cell_of(call.duration_ns));
        self.counts[row * COLUMN_COUNT_MAX + column] += weight;
    }

    /// Every cell that holds calls, upwards: its shortest and longest duration, and its counts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64, &[u64])> {
        let with_calls = self.rows.iter().enumerate().filter(|(_, row)| **row != NONE);
        with_calls.map(|(cell, row)| {
            let first = usize::from(*row) * COLUMN_COUNT_MAX;
            let (lower, upper) = bounds_of(cell);
            (lower, upper, &self.counts[first..first + self.columns.len()])
        })
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.rows.capacity() * 2 + self.counts.capacity() * 8
    }

    fn column(&mut self, time: u32) -> usize {
        let slot = time >> self.level;
        if self.columns.get(self.last).is_some_and(|column| column.slot == slot) {
            return self.last;
        }
        if let Some(known) = self.columns.iter().position(|column| column.slot == slot) {
            self.last = known;
            return known;
        }
        if self.columns.len() < COLUMN_COUNT_MAX {
            self.last = self.columns.len();
            self.columns.push(Column { slot, count: 0, errors: 0, sum_ns: 0 });
            return self.last;
        }
        self.widen();
        self.column(time)
    }

    /// Makes slots twice as long.
    fn widen(&mut self) {
        self.level += 1;
        let mut wider: Vec<Column> = Vec::with_capacity(COLUMN_COUNT_MAX);
        let mut place = [0; COLUMN_COUNT_MAX];
        for (from, column) in self.columns.iter().enumerate() {
            let slot = column.slot >> 1;
            let known = wider.iter().position(|wide| wide.slot == slot);
            place[from] = known.unwrap_or(wider.len());
            match known {
                Some(known) => wider[known].join(column),
                None => wider.push(Column { slot, ..*column }),
            }
        }
        self.columns = wider;
        for counts in self.counts.chunks_exact_mut(COLUMN_COUNT_MAX) {
            let mut joined = [0; COLUMN_COUNT_MAX];
            for (from, count) in counts.iter().enumerate() {
                joined[place[from]] += count;
            }
            counts.copy_from_slice(&joined);
        }
    }

    fn row(&mut self, cell: usize) -> usize {
        if self.rows[cell] == NONE {
            let next = self.counts.len() / COLUMN_COUNT_MAX;
            self.rows[cell] = u16::try_from(next).unwrap_or(NONE - 1);
            self.counts.resize(self.counts.len() + COLUMN_COUNT_MAX, 0);
        }
        usize::from(self.rows[cell])
    }
}

impl Column {
    /// Adds what was called in another slot.
    pub(crate) const fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.errors += other.errors;
        self.sum_ns += other.sum_ns;
    }
}

const _: () = assert!(CELL_COUNT < NONE as usize, "every cell has a row number");

/// The cell of a duration, below [`CELL_COUNT`].
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "below CELL_COUNT")]
pub(crate) const fn cell_of(duration_ns: u64) -> usize {
    if duration_ns < EXACT_END {
        return duration_ns as usize;
    }
    let octave = 63 - duration_ns.leading_zeros();
    let shift = octave - FRACTION_BITS;
    (((shift + 1) << FRACTION_BITS) as u64 + (duration_ns >> shift) - (1 << FRACTION_BITS)) as usize
}

/// The shortest and the longest duration of a cell.
pub(crate) const fn bounds_of(cell: usize) -> (u64, u64) {
    let cell = cell as u64;
    if cell < EXACT_END {
        return (cell, cell);
    }
    let shift = (cell >> FRACTION_BITS) - 1;
    let fraction = (cell & ((1 << FRACTION_BITS) - 1)) + (1 << FRACTION_BITS);
    let lower = fraction << shift;
    (lower, lower + ((1 << shift) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cover_all_durations_in_order_and_are_narrow() {
        // Promise: no duration is without a cell, and two in one cell differ by 1 in 128 at most.
        let mut next = 0_u64;
        for cell in 0..CELL_COUNT {
            let (lower, upper) = bounds_of(cell);
            assert_eq!(lower, next, "cell {cell}");
            assert_eq!((cell_of(lower), cell_of(upper)), (cell, cell));
            assert!((upper - lower) as f64 <= lower as f64 * RELATIVE_ERROR, "cell {cell}");
            next = upper.wrapping_add(1);
        }
        assert_eq!(next, 0, "the last cell ends with the greatest duration");
    }

    #[test]
    fn columns_widen_and_lose_nothing() {
        // Promise: however long the time, there are at most 32 columns, and every call is in one.
        let mut cells = Cells::new();
        for time in 0..100_000_u32 {
            let is_error = time % 10 == 0;
            cells.add(&Call::new(time * 7, u64::from(time), 3, is_error));
        }
        let columns = cells.columns();
        assert!((17..=32).contains(&columns.len()), "{}", columns.len());
        assert_eq!(columns.iter().map(|column| column.count).sum::<u64>(), 300_000);
        assert_eq!(columns.iter().map(|column| column.errors).sum::<u64>(), 30_000);
        assert!(columns.windows(2).all(|pair| pair[0].slot + 1 == pair[1].slot));
        let counted: u64 = cells.iter().flat_map(|(_, _, counts)| counts).sum();
        assert_eq!(counted, 300_000);
        for (index, column) in columns.iter().enumerate() {
            let of_column: u64 = cells.iter().map(|(_, _, counts)| counts[index]).sum();
            assert_eq!(of_column, column.count);
        }
    }

    #[test]
    fn silence_takes_no_columns() {
        // Promise: two bursts at both ends of a long time are each cut as finely as one would be.
        let mut cells = Cells::new();
        for tick in 0..1_000_u32 {
            cells.add(&Call::new(tick, 5, 1, false));
            cells.add(&Call::new(u32::MAX - tick, 5, 1, false));
        }
        let early = cells.columns().iter().filter(|column| column.slot << cells.level() < 1_000);
        assert!(early.count() >= 8);
        assert!(cells.columns().len() >= 17);
    }
}
