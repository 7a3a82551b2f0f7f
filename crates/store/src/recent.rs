//! The last rows that were written, so that sealing need not read them back and decode them.

use kronicler_format::Row;
use kronicler_format::limits::CHUNK_ROW_COUNT_MAX;

use crate::window::Window;

/// Rows that are held: two windows, 3 MiB. Behind a disk that does not keep up rows are read back.
const ROW_COUNT_MAX: usize = 2 * CHUNK_ROW_COUNT_MAX;

/// Rows without a gap.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    first_seq: u64,
    rows: Vec<Row>,
}

impl Recent {
    fn end_seq(&self) -> u64 {
        self.first_seq + self.rows.len() as u64
    }

    /// Adds rows, of which the first has `first_seq`.
    pub fn add(&mut self, first_seq: u64, rows: &[Row]) {
        if self.end_seq() != first_seq || self.rows.len() + rows.len() > ROW_COUNT_MAX {
            self.clear();
            self.first_seq = first_seq;
        }
        if rows.len() <= ROW_COUNT_MAX {
            self.rows.extend_from_slice(rows);
        }
    }

    /// The rows of a window, if all of them are here.
    pub fn of(&self, window: &Window) -> Option<&[Row]> {
        let begin = usize::try_from(window.first_seq.checked_sub(self.first_seq)?).ok()?;
        let count = usize::try_from(window.row_count).ok()?;
        // One with gaps has fewer rows than sequences.
        let is_whole = window.end_seq() - window.first_seq == window.row_count;
        self.rows.get(begin..begin.checked_add(count)?).filter(|_| is_whole)
    }

    /// Forgets rows below `seq`: they are sealed.
    pub fn forget_below(&mut self, seq: u64) {
        let sealed = usize::try_from(seq.saturating_sub(self.first_seq)).unwrap_or(usize::MAX);
        let sealed = sealed.min(self.rows.len());
        self.rows.drain(..sealed);
        self.first_seq += sealed as u64;
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.rows.clear();
    }
}
