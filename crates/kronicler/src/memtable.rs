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
    /// Rows that were here and are in the log, or were forgotten.
    retired: u64,
}

/// Appends rows to the memtable.
pub(crate) struct Appender<'a> {
    rows: &'a mut Vec<Row>,
    moments: &'a mut Vec<Moments>,
}

impl Appender<'_> {
    #[inline]
    pub fn push(&mut self, row: Row) {
        add_moments(self.moments, &row);
        self.rows.push(row);
    }
}

#[inline]
fn add_moments(moments: &mut Vec<Moments>, row: &Row) {
    let series = row.series as usize;
    if moments.len() <= series {
        moments.resize_with(series + 1, Moments::new);
    }
    moments[series].add(row.duration_ns);
}

/// Some of the rows, with their moments by series, so that a mean costs no walk over them.
#[derive(Debug, Default)]
struct Part {
    rows: Arc<Vec<Row>>,
    /// How many of the rows are in the log: they are no longer seen.
    retired: usize,
    moments: Vec<Moments>,
}

impl Part {
    fn live(&self) -> &[Row] {
        &self.rows[self.retired..]
    }

    fn appender(&mut self) -> Appender<'_> {
        Appender { rows: Arc::make_mut(&mut self.rows), moments: &mut self.moments }
    }

    fn recount(&mut self) {
        self.moments.clear();
        for row in &self.rows[self.retired..] {
            add_moments(&mut self.moments, row);
        }
    }

    /// Forgets all rows, and keeps their memory unless somebody still looks at it.
    fn reuse(&mut self) {
        match Arc::get_mut(&mut self.rows) {
            Some(rows) => {
                rows.clear();
                rows.shrink_to(BATCH_ROW_COUNT_MAX);
            }
            None => self.rows = Arc::default(),
        }
        self.retired = 0;
        self.moments.clear();
    }
}

impl Memtable {
    pub fn len(&self) -> usize {
        self.batch.live().len() + self.rest.live().len()
    }

    pub fn room(&self) -> usize {
        MEMTABLE_ROW_COUNT_MAX.saturating_sub(self.len())
    }

    /// Takes rows in, as many as there is room for.
    pub fn appender(&mut self) -> Appender<'_> {
        self.rest.appender()
    }

    /// Rows ever appended.
    pub fn appended(&self) -> u64 {
        self.retired + self.len() as u64
    }

    /// The oldest rows, as a batch for the disk. They stay here until [`Memtable::retire`].
    pub fn take_batch(&mut self) -> Arc<Vec<Row>> {
        if self.batch.live().is_empty() {
            self.batch.reuse();
            std::mem::swap(&mut self.batch, &mut self.rest);
            let later = self.batch.rows.get(BATCH_ROW_COUNT_MAX..).unwrap_or_default();
            if !later.is_empty() {
                let mut rest = self.rest.appender();
                later.iter().for_each(|&row| rest.push(row));
                Arc::make_mut(&mut self.batch.rows).truncate(BATCH_ROW_COUNT_MAX);
                self.batch.recount();
            }
        } else if self.batch.retired > 0 {
            // A part of it reached the disk before that refused.
            self.batch.rows = Arc::new(self.batch.live().to_vec());
            self.batch.retired = 0;
        }
        Arc::clone(&self.batch.rows)
    }

    /// Forgets the first `count` rows of the batch: they are in the log.
    pub fn retire(&mut self, count: usize) {
        let count = count.min(self.batch.live().len());
        self.batch.retired += count;
        self.retired += count as u64;
        self.batch.recount();
    }

    /// All rows, oldest first.
    pub fn rows(&self) -> Arc<[Row]> {
        self.batch.live().iter().chain(self.rest.live()).copied().collect()
    }

    /// Moments of the rows of a series.
    pub fn moments(&self, series: u32) -> impl Iterator<Item = &Moments> {
        let parts = [&self.batch, &self.rest].into_iter();
        parts.filter_map(move |part| part.moments.get(series as usize))
    }

    /// Forgets all rows but those that `keep` returns, changed as it likes; says how many stay.
    pub fn keep(&mut self, mut keep: impl FnMut(&Row) -> Option<Row>) -> u64 {
        let appended = self.appended();
        let mut kept = Part::default();
        let mut appender = kept.appender();
        let rows = self.batch.live().iter().chain(self.rest.live());
        rows.filter_map(&mut keep).for_each(|row| appender.push(row));
        (self.batch, self.rest) = (Part::default(), kept);
        self.retired = appended - self.len() as u64;
        self.len() as u64
    }

    /// Forgets all rows and says how many.
    pub fn clear(&mut self) -> u64 {
        let count = self.len() as u64;
        self.retired += count;
        (self.batch, self.rest) = (Part::default(), Part::default());
        count
    }
}
