//! Walks the rows of a snapshot that a filter wants, block by block.

use std::ops::Range;

use kronicler_format::Row;
use kronicler_store::{Block, BlockReader, LaneView, Snapshot, StoreError};

use crate::filter::Filter;

/// What a scan works on: one lane, and which of its series are wanted.
pub(crate) struct LaneScan<'a> {
    pub index: usize,
    pub view: &'a LaneView,
    filter: &'a Filter,
    wanted: Vec<bool>,
    reader: Option<BlockReader<'a>>,
    rows: Vec<Row>,
    pub is_partial: bool,
}

impl<'a> LaneScan<'a> {
    pub(crate) fn new(index: usize, view: &'a LaneView, filter: &'a Filter) -> Self {
        let wanted = filter.wanted_series(&view.state.names);
        let is_partial = view.state.damage.is_partial();
        Self { index, view, filter, wanted, reader: None, rows: Vec::new(), is_partial }
    }

    /// The lanes of a snapshot that hold a wanted series.
    pub(crate) fn all(snapshot: &'a Snapshot, filter: &'a Filter) -> Vec<Self> {
        let lanes = snapshot.lanes.iter().enumerate();
        lanes.map(|(index, view)| Self::new(index, view, filter)).collect()
    }

    /// The blocks that can hold a wanted row.
    pub(crate) fn blocks(&self) -> impl DoubleEndedIterator<Item = &'a Block> + use<'a> {
        let (view, filter) = (self.view, self.filter);
        let is_any = self.wanted.contains(&true);
        view.state.blocks.iter().filter(move |block| is_any && filter.wants_block(block))
    }

    /// Calls `visit` with sequence and row for every wanted row of a block.
    pub(crate) fn visit_block(
        &mut self,
        block: &Block,
        mut visit: impl FnMut(u64, &Row),
    ) -> Result<(), StoreError> {
        let mut rows = std::mem::take(&mut self.rows);
        let is_whole = self.read(block, &mut rows)?;
        self.is_partial |= !is_whole;
        self.visit_rows(block.first_seq, &rows, &mut visit);
        self.rows = rows;
        Ok(())
    }

    /// Calls `visit` with sequence and row for every wanted row that is not yet in the log.
    pub(crate) fn visit_pending(&self, visit: impl FnMut(u64, &Row)) {
        self.visit_pending_in(0..self.view.pending.len(), visit);
    }

    /// As [`LaneScan::visit_pending`], for some of these rows.
    pub(crate) fn visit_pending_in(&self, range: Range<usize>, mut visit: impl FnMut(u64, &Row)) {
        let first_seq = self.view.state.next_seq + range.start as u64;
        let end = range.end.min(self.view.pending.len());
        self.visit_rows(first_seq, &self.view.pending[range.start..end], &mut visit);
    }

    fn read(&mut self, block: &Block, rows: &mut Vec<Row>) -> Result<bool, StoreError> {
        rows.clear();
        if self.reader.is_none() {
            match self.view.reader() {
                Ok(reader) => self.reader = Some(reader),
                // Cleared or expired since the snapshot was taken: the rest answers.
                Err(StoreError::Io { source, .. })
                    if source.kind() == std::io::ErrorKind::NotFound =>
                {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        self.reader.as_mut().map_or(Ok(false), |reader| reader.read(block, rows))
    }

    #[inline]
    fn visit_rows(&self, first_seq: u64, rows: &[Row], visit: &mut impl FnMut(u64, &Row)) {
        for (seq, row) in (first_seq..).zip(rows) {
            let is_series = self.wanted.get(row.series as usize).copied().unwrap_or(false);
            if is_series && self.filter.wants_row(row) {
                visit(seq, row);
            }
        }
    }
}
