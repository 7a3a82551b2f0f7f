//! Rows in the order of their ids, batch by batch, and single rows.

use std::sync::Arc;

use kronicler_store::{RowId, Snapshot, StoreError};

use crate::answer::Answer;
use crate::batch::{RowBatch, StoredRow};
use crate::filter::Filter;
use crate::name_table::NameTable;
use crate::scan::LaneScan;

/// Rows not yet in the log are handed out in steps as large as a block.
const PENDING_STEP: usize = 8_192;

/// Streams wanted rows in the order of their ids; holds a snapshot, but no descriptor.
#[derive(Debug)]
pub struct RowStream {
    snapshot: Snapshot,
    filter: Filter,
    names: Arc<NameTable>,
    lane_index: usize,
    block_index: usize,
    pending_index: usize,
    is_partial: bool,
}

impl RowStream {
    /// A stream over what `filter` wants of `snapshot`.
    #[must_use]
    pub fn new(snapshot: Snapshot, filter: Filter) -> Self {
        let names = Arc::new(NameTable::new(&snapshot));
        let is_partial = snapshot.is_partial();
        Self {
            snapshot,
            filter,
            names,
            lane_index: 0,
            block_index: 0,
            pending_index: 0,
            is_partial,
        }
    }

    /// Whether stored rows could not be read so far.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// The next rows: at least one, and about `count` (whole steps of up to 8,192 rows);
    /// `None` at the end.
    ///
    /// # Errors
    /// When a log cannot be read.
    pub fn next_batch(&mut self, count: usize) -> Result<Option<RowBatch>, StoreError> {
        let mut batch = RowBatch::new(Arc::clone(&self.names));
        while let Some(view) = self.snapshot.lanes.get(self.lane_index) {
            let index = self.lane_index;
            let mut lane = LaneScan::new(index, view, &self.filter);
            let blocks: Vec<_> = lane.blocks().skip(self.block_index).collect();
            for block in blocks {
                if batch.len() >= count.max(1) {
                    return Ok(Some(batch));
                }
                lane.visit_block(block, |seq, row| batch.push(&self.snapshot, index, seq, row))?;
                self.is_partial |= lane.is_partial;
                self.block_index += 1;
            }
            while self.pending_index < view.pending.len() {
                if batch.len() >= count.max(1) {
                    return Ok(Some(batch));
                }
                let step = self.pending_index..self.pending_index + PENDING_STEP;
                lane.visit_pending_in(step, |seq, row| {
                    batch.push(&self.snapshot, index, seq, row);
                });
                self.pending_index += PENDING_STEP;
            }
            self.lane_index += 1;
            (self.block_index, self.pending_index) = (0, 0);
        }
        Ok(if batch.is_empty() { None } else { Some(batch) })
    }
}

/// The row with this id, or `None` when there is none.
///
/// # Errors
/// When a log cannot be read.
pub fn fetch(snapshot: &Snapshot, id: RowId) -> Result<Option<StoredRow>, StoreError> {
    Ok(fetch_batch(snapshot, id)?.value.get(0))
}

/// The row with this id as a batch of one, or an empty one when there is none.
///
/// # Errors
/// When a log cannot be read.
pub fn fetch_batch(snapshot: &Snapshot, id: RowId) -> Result<Answer<RowBatch>, StoreError> {
    let mut batch = RowBatch::new(Arc::new(NameTable::new(snapshot)));
    let index = snapshot.lanes.iter().position(|view| u64::from(view.lane()) == id.lane());
    let Some(index) = index else {
        return Ok(Answer { value: batch, is_partial: snapshot.is_partial() });
    };
    let filter = Filter::default();
    let mut lane = LaneScan::new(index, &snapshot.lanes[index], &filter);
    let mut take = |seq, row: &kronicler_format::Row| {
        if seq == id.seq() {
            batch.push(snapshot, index, seq, row);
        }
    };
    let blocks = &lane.view.state.blocks;
    let at = blocks.partition_point(|block| block.end_seq() <= id.seq());
    match blocks.get(at) {
        Some(block) => lane.visit_block(block, &mut take)?,
        None => lane.visit_pending(&mut take),
    }
    let is_partial = snapshot.is_partial() || lane.is_partial;
    Ok(Answer { value: batch, is_partial })
}
