//! The slowest or newest rows, without looking at blocks that cannot hold one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use kronicler_format::Row;
use kronicler_store::{Block, Snapshot, StoreError};

use crate::answer::Answer;
use crate::batch::RowBatch;
use crate::filter::Filter;
use crate::name_table::NameTable;
use crate::scan::LaneScan;

/// By what rows are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rank {
    Duration,
    End,
}

/// A candidate: rank first, then the earlier row, so that ties are the same everywhere.
type Candidate = (i128, Reverse<usize>, Reverse<u64>);

impl Rank {
    fn of_row(self, row: &Row) -> i128 {
        match self {
            Rank::Duration => i128::from(row.duration_ns),
            Rank::End => i128::from(row.end_ns),
        }
    }

    fn of_block(self, block: &Block) -> i128 {
        match self {
            Rank::Duration => i128::from(block.max_duration_ns),
            Rank::End => i128::from(block.max_end_ns),
        }
    }
}

/// The `limit` slowest wanted rows, slowest first; among equals the earlier row.
///
/// # Errors
/// When a log cannot be read.
pub fn slowest(
    snapshot: &Snapshot,
    filter: &Filter,
    limit: usize,
) -> Result<Answer<RowBatch>, StoreError> {
    top(snapshot, filter, limit, Rank::Duration)
}

/// The `limit` wanted rows that ended last, newest first.
///
/// # Errors
/// When a log cannot be read.
pub fn newest(
    snapshot: &Snapshot,
    filter: &Filter,
    limit: usize,
) -> Result<Answer<RowBatch>, StoreError> {
    top(snapshot, filter, limit, Rank::End)
}

/// The best rows seen so far, at most `limit`; the worst of them on top of the heap.
struct Best {
    limit: usize,
    heap: BinaryHeap<(Reverse<Candidate>, Kept)>,
}

/// A row in a heap: ordered by its candidate alone.
struct Kept(Row);

impl PartialEq for Kept {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Kept {}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kept {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl Best {
    fn offer(&mut self, candidate: Candidate, row: &Row) {
        if self.heap.len() == self.limit {
            if self.worst().is_some_and(|worst| candidate <= worst) {
                return;
            }
            self.heap.pop();
        }
        self.heap.push((Reverse(candidate), Kept(*row)));
    }

    fn worst(&self) -> Option<Candidate> {
        self.heap.peek().map(|(Reverse(worst), _)| *worst)
    }

    /// Whether no row of a block with this rank can come in any more.
    fn is_beyond(&self, rank: i128) -> bool {
        self.heap.len() == self.limit && self.worst().is_some_and(|(worst, ..)| rank < worst)
    }
}

fn top(
    snapshot: &Snapshot,
    filter: &Filter,
    limit: usize,
    rank: Rank,
) -> Result<Answer<RowBatch>, StoreError> {
    let mut batch = RowBatch::new(Arc::new(NameTable::new(snapshot)));
    let mut is_partial = snapshot.is_partial();
    if limit == 0 {
        return Ok(Answer { value: batch, is_partial });
    }
    let mut best = Best { limit, heap: BinaryHeap::new() };
    for mut lane in LaneScan::all(snapshot, filter) {
        let index = lane.index;
        let mut offer = |seq, row: &Row| {
            best.offer((rank.of_row(row), Reverse(index), Reverse(seq)), row);
        };
        lane.visit_pending(&mut offer);
        let mut blocks: Vec<&Block> = lane.blocks().collect();
        blocks.sort_by_key(|block| Reverse(rank.of_block(block)));
        for block in blocks {
            if best.is_beyond(rank.of_block(block)) {
                break;
            }
            lane.visit_block(block, |seq, row| {
                best.offer((rank.of_row(row), Reverse(index), Reverse(seq)), row);
            })?;
        }
        is_partial |= lane.is_partial;
    }
    // Sorted by the reversed candidate: the best come first.
    for (Reverse((_, Reverse(index), Reverse(seq))), Kept(row)) in best.heap.into_sorted_vec() {
        batch.push(snapshot, index, seq, &row);
    }
    Ok(Answer { value: batch, is_partial })
}
