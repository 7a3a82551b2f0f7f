//! The memtable: rows that are captured but not yet in a frame, in lane order.
//!
//! The drain appends, the disk thread takes the oldest as a batch and keeps them visible until
//! they are in the log. Bounded: while the disk does not answer it fills, then the rings do.

use std::sync::Arc;

use kronicler_format::Row;
use kronicler_stats::Moments;

/// Rows that wait for the disk at most: 6 MiB, which are touched only while it does not answer.
pub(crate) const MEMTABLE_ROW_COUNT_MAX: usize = 262_144;

/// Rows that go to the disk in one batch at most.
const BATCH_ROW_COUNT_MAX: usize = 65_536;

/// Rows that are not yet in a frame.
#[derive(Debug, Default)]
pub(crate) struct Memtable {
    batch: Part,
    rest: Part,
    /// Rows ever appended.
    pub appended: u64,
}

/// Some of the rows, with their moments by series, so that a mean costs no walk over them.
#[derive(Debug, Default)]
struct Part {
    rows: Arc<Vec<Row>>,
    moments: Vec<Moments>,
}

impl Part {
    fn extend(&mut self, rows: &[Row]) {
        Arc::make_mut(&mut self.rows).extend_from_slice(rows);
        for row in rows {
            let series = row.series as usize;
            if self.moments.len() <= series {
                self.moments.resize_with(series + 1, Moments::new);
            }
            self.moments[series].add(row.duration_ns);
        }
    }

    fn from_rows(rows: &[Row]) -> Self {
        let mut part = Self::default();
        part.extend(rows);
        part
    }
}

impl Memtable {
    pub fn len(&self) -> usize {
        self.batch.rows.len() + self.rest.rows.len()
    }

    pub fn room(&self) -> usize {
        MEMTABLE_ROW_COUNT_MAX.saturating_sub(self.len())
    }

    pub fn append(&mut self, rows: &[Row]) {
        self.rest.extend(rows);
        self.appended += rows.len() as u64;
    }

    /// The oldest rows, as a batch for the disk. They stay here until [`Memtable::retire`].
    pub fn take_batch(&mut self) -> Arc<Vec<Row>> {
        if self.batch.rows.is_empty() {
            let later = self.rest.rows.get(BATCH_ROW_COUNT_MAX..).unwrap_or_default();
            if later.is_empty() {
                self.batch = std::mem::take(&mut self.rest);
            } else {
                let later = Part::from_rows(later);
                self.batch = Part::from_rows(&self.rest.rows[..BATCH_ROW_COUNT_MAX]);
                self.rest = later;
            }
        }
        Arc::clone(&self.batch.rows)
    }

    /// Forgets the first `count` rows of the batch: they are in the log.
    pub fn retire(&mut self, count: usize) {
        self.batch = Part::from_rows(self.batch.rows.get(count..).unwrap_or_default());
    }

    /// All rows, oldest first.
    pub fn rows(&self) -> Arc<[Row]> {
        self.batch.rows.iter().chain(&*self.rest.rows).copied().collect()
    }

    /// Moments of the rows of these series.
    pub fn moments(&self, series: &[u32]) -> Moments {
        let parts = [&self.batch, &self.rest].into_iter();
        let of_series = parts
            .flat_map(|part| series.iter().filter_map(|&series| part.moments.get(series as usize)));
        of_series.fold(Moments::new(), |mut sum, moments| {
            sum.merge(moments);
            sum
        })
    }

    /// Forgets all rows and says how many.
    pub fn clear(&mut self) -> u64 {
        let count = self.len() as u64;
        (self.batch, self.rest) = (Part::default(), Part::default());
        count
    }
}
