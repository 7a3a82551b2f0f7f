//! Single rows by their id.

use std::sync::Arc;

use kronicler_format::Row;
use kronicler_store::{LaneView, RowId, Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::batch::{RowBatch, StoredRow};
use crate::details::add_details;
use crate::filter::Filter;
use crate::name_table::NameTable;
use crate::scan::LaneScan;

/// A row that was asked for by its id, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched<T> {
    /// The row.
    Found(T),
    /// No row has had this id so far.
    Unknown,
    /// The row has expired.
    Expired,
    /// The row was stored, but cannot be read.
    Damaged,
}

impl<T> Fetched<T> {
    /// The row, if there is one.
    #[must_use]
    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(row) => Some(row),
            Self::Unknown | Self::Expired | Self::Damaged => None,
        }
    }

    /// The same with another row.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Fetched<U> {
        match self {
            Self::Found(row) => Fetched::Found(change(row)),
            Self::Unknown => Fetched::Unknown,
            Self::Expired => Fetched::Expired,
            Self::Damaged => Fetched::Damaged,
        }
    }
}

/// The row with this id.
///
/// # Errors
/// When a file cannot be read.
pub fn fetch(snapshot: &Snapshot, id: RowId) -> Result<Answer<Fetched<StoredRow>>, StoreError> {
    let answer = fetch_batch(snapshot, id)?;
    Ok(answer.map(|fetched| match fetched.map(|batch| batch.get(0)) {
        Fetched::Found(None) => Fetched::Damaged,
        Fetched::Found(Some(row)) => Fetched::Found(row),
        Fetched::Unknown => Fetched::Unknown,
        Fetched::Expired => Fetched::Expired,
        Fetched::Damaged => Fetched::Damaged,
    }))
}

/// The row with this id as a batch of one, with its detail.
///
/// # Errors
/// When a file cannot be read.
pub fn fetch_batch(
    snapshot: &Snapshot,
    id: RowId,
) -> Result<Answer<Fetched<RowBatch>>, StoreError> {
    let index = snapshot.lanes.iter().position(|view| u64::from(view.lane()) == id.lane());
    let view = index.map(|index| (index, &snapshot.lanes[index]));
    let Some((index, view)) = view.filter(|(_, view)| id.seq() < view.end_seq()) else {
        return Ok(Gaps::of(snapshot).answer(Fetched::Unknown));
    };
    if id.seq() < view.state.floor_seq {
        return Ok(Gaps::default().answer(Fetched::Expired));
    }
    let (row, mut gaps) = read_row(index, view, id.seq())?;
    let Some(row) = row else {
        gaps.is_partial = true;
        return Ok(gaps.answer(Fetched::Damaged));
    };
    let mut batch = RowBatch::new(Arc::new(NameTable::new(snapshot)));
    batch.push(snapshot, index, id.seq(), &row);
    let gaps = add_details(snapshot, &mut batch)?;
    Ok(gaps.answer(Fetched::Found(batch)))
}

/// Reads a row by as few pages as it takes.
pub(crate) fn read_row(
    index: usize,
    view: &LaneView,
    seq: u64,
) -> Result<(Option<Row>, Gaps), StoreError> {
    let mut found = None;
    let state = &view.state;
    let everything = Filter::default();
    let mut scan = LaneScan::new(index, view, &everything).stops_early();
    scan.gaps = Gaps::default();
    let mut take = |at, row: &Row| {
        if at == seq {
            found = Some(*row);
        }
    };
    if let Some(pending) = seq.checked_sub(state.next_seq) {
        let at = usize::try_from(pending).unwrap_or(usize::MAX - 1);
        scan.visit_pending_in(at..at + 1, take);
    } else if seq < state.sealed_seq {
        let at = state.segments.partition_point(|entry| entry.end_seq <= seq);
        if let Some(entry) = state.segments.get(at) {
            let chunks = scan.chunks(entry)?;
            let at = chunks.partition_point(|(_, chunk)| chunk.first_seq <= seq);
            if let Some((index, chunk)) = at.checked_sub(1).map(|at| chunks[at]) {
                scan.with_chunk(entry, index, |_, mut reader| {
                    let Ok(row) = u32::try_from(seq - chunk.first_seq) else { return Ok(true) };
                    let mut rows = Vec::new();
                    let is_whole = reader.rows(row..row.saturating_add(1), &mut rows)?;
                    found = rows.first().copied();
                    Ok(is_whole)
                })?;
            }
        }
    } else {
        let mut blocks = state.blocks();
        if let Some(block) = blocks.find(|block| block.end_seq() > seq) {
            scan.visit_block(block, &mut take)?;
        }
    }
    Ok((found, scan.gaps))
}
