//! The rows that are written, piece by piece.

use std::ops::Range;
use std::sync::Arc;

use kronicler_query::{RowBatch, RowStream};
use kronicler_store::StoreError;

use crate::context::Context;
use crate::progress::Progress;

/// Some rows of a batch.
#[derive(Debug, Clone)]
pub struct Slice {
    /// The batch.
    pub batch: Arc<RowBatch>,
    /// Which of its rows.
    pub rows: Range<usize>,
}

/// The rows that are written, in the order of their ids.
pub struct Rows {
    stream: RowStream,
    /// How many may still come.
    left: usize,
    /// What was read and not yet handed out.
    rest: Option<Slice>,
}

impl Rows {
    /// What was asked for, counted by `progress` as it is read.
    pub fn new(context: &Context, progress: &Progress) -> Self {
        let reader = Arc::clone(&context.database.reader);
        let stream = RowStream::new(context.database.snapshot.clone(), context.filter.clone())
            .with_source(move || reader.snapshot().ok())
            .with_counter(progress.counter())
            .with_details();
        Self { stream, left: context.limit.unwrap_or(usize::MAX), rest: None }
    }

    /// The next rows: `count`, or fewer at the end; none behind it.
    pub fn next_unit(&mut self, count: usize) -> Result<Vec<Slice>, StoreError> {
        let mut unit = Vec::new();
        let mut missing = count;
        while missing > 0 {
            let Some(mut slice) = self.next_slice(missing)? else { break };
            let end = slice.rows.end.min(slice.rows.start.saturating_add(missing));
            if end < slice.rows.end {
                self.rest =
                    Some(Slice { batch: Arc::clone(&slice.batch), rows: end..slice.rows.end });
                slice.rows.end = end;
            }
            missing -= slice.rows.len();
            unit.push(slice);
        }
        Ok(unit)
    }

    fn next_slice(&mut self, count: usize) -> Result<Option<Slice>, StoreError> {
        if let Some(rest) = self.rest.take() {
            return Ok(Some(rest));
        }
        if self.left == 0 {
            return Ok(None);
        }
        let Some(batch) = self.stream.next_batch(count.min(self.left))? else { return Ok(None) };
        let rows = 0..batch.len().min(self.left);
        self.left -= rows.len();
        Ok(Some(Slice { batch: Arc::new(batch), rows }))
    }

    /// Whether stored rows could not be read so far.
    pub const fn is_partial(&self) -> bool {
        self.stream.is_partial()
    }
}
