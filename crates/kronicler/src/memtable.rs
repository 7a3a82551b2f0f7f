//! The memtable: rows that are captured but not yet in a frame, in lane order.
//!
//! The drain appends, the disk thread takes the oldest as a batch and keeps them visible until
//! they are in the log. Bounded: while the disk does not answer it fills, then the rings do.

use std::sync::Arc;

use kronicler_format::Row;

/// Rows that wait for the disk at most: 6 MiB, which are touched only while it does not answer.
pub(crate) const MEMTABLE_ROW_COUNT_MAX: usize = 262_144;

/// Rows that go to the disk in one batch at most.
const BATCH_ROW_COUNT_MAX: usize = 65_536;

/// Rows that are not yet in a frame.
#[derive(Debug, Default)]
pub(crate) struct Memtable {
    batch: Arc<Vec<Row>>,
    rows: Vec<Row>,
    /// Rows ever appended.
    pub appended: u64,
}

impl Memtable {
    pub fn len(&self) -> usize {
        self.batch.len() + self.rows.len()
    }

    pub fn room(&self) -> usize {
        MEMTABLE_ROW_COUNT_MAX.saturating_sub(self.len())
    }

    pub fn append(&mut self, rows: &[Row]) {
        self.rows.extend_from_slice(rows);
        self.appended += rows.len() as u64;
    }

    /// The oldest rows, as a batch for the disk. They stay here until [`Memtable::retire`].
    pub fn take_batch(&mut self) -> Arc<Vec<Row>> {
        if self.batch.is_empty() {
            let rest = self.rows.split_off(self.rows.len().min(BATCH_ROW_COUNT_MAX));
            self.batch = Arc::new(std::mem::replace(&mut self.rows, rest));
        }
        Arc::clone(&self.batch)
    }

    /// Forgets the first `count` rows of the batch: they are in the log.
    pub fn retire(&mut self, count: usize) {
        let left = self.batch.get(count..).unwrap_or_default().to_vec();
        self.batch = Arc::new(left);
    }

    /// All rows, oldest first.
    pub fn rows(&self) -> Arc<[Row]> {
        self.batch.iter().chain(&self.rows).copied().collect()
    }

    /// Forgets all rows and says how many.
    pub fn clear(&mut self) -> u64 {
        let count = self.len() as u64;
        (self.batch, self.rows) = (Arc::default(), Vec::new());
        count
    }
}
