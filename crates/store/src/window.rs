//! Unsealed rows that will become a chunk: where they are, and their statistics.
//!
//! Windows cut the rows of a head log where chunks will be cut, so that sealing one takes its
//! statistics along. Where one ends follows from the rows and runs alone: writer and readers agree.

use std::sync::Arc;

use kronicler_format::Row;
use kronicler_format::limits::CHUNK_ROW_COUNT_MAX;

use crate::block::Block;
use crate::totals::Totals;

/// Unsealed rows that will become a chunk.
#[derive(Debug, Clone, Default)]
pub struct Window {
    /// Sequence at which it begins.
    pub first_seq: u64,
    /// Rows in it; damaged ones leave gaps.
    pub row_count: u64,
    /// Where they are, in lane order without overlap.
    pub blocks: Arc<Vec<Block>>,
    /// Statistics by series.
    pub totals: Arc<Totals>,
    /// The earliest time at which a row of it was written to the lane.
    pub first_arrival_ns: i64,
    /// The latest time at which a row of it was written to the lane.
    pub last_arrival_ns: i64,
}

impl Window {
    /// An empty window whose first row will have this sequence.
    pub(crate) fn new(first_seq: u64, arrival_ns: i64) -> Self {
        Self {
            first_seq,
            first_arrival_ns: arrival_ns,
            last_arrival_ns: arrival_ns,
            ..Self::default()
        }
    }

    /// Sequence behind its last row.
    #[must_use]
    pub fn end_seq(&self) -> u64 {
        self.blocks.last().map_or(self.first_seq, Block::end_seq)
    }

    /// Sequence from which on rows belong to the next window.
    #[must_use]
    pub const fn limit_seq(&self) -> u64 {
        self.first_seq + CHUNK_ROW_COUNT_MAX as u64
    }

    /// Whether no further row can come in.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.end_seq() >= self.limit_seq()
    }

    /// Takes over the rows of a block; joins it with the last one when nothing stands between.
    pub(crate) fn add(&mut self, block: Block, rows: &[Row], can_join: bool, arrival_ns: i64) {
        let blocks = Arc::make_mut(&mut self.blocks);
        let joined = blocks.last_mut().filter(|_| can_join);
        match joined.and_then(|last| last.join(&block).map(|joined| (last, joined))) {
            Some((last, joined)) => *last = joined,
            None => blocks.push(block),
        }
        self.row_count += rows.len() as u64;
        // The clock may have been set back.
        self.first_arrival_ns = self.first_arrival_ns.min(arrival_ns);
        self.last_arrival_ns = self.last_arrival_ns.max(arrival_ns);
        let totals = Arc::make_mut(&mut self.totals);
        for (seq, row) in (block.first_seq..).zip(rows) {
            totals.add(seq, row);
        }
    }
}
