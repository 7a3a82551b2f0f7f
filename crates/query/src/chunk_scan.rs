//! Walks the rows of a chunk that are wanted, in their order.

use std::ops::Range;

use kronicler_format::Row;
use kronicler_format::limits::PAGE_VALUE_COUNT_MAX;
use kronicler_store::{ChunkReader, StoreError};

use crate::filter::{Bounds, Limits};
use crate::selection::select_rows;

/// Rows of a page.
const PAGE_ROW_COUNT: u32 = 8_192;
const _: () = assert!(PAGE_ROW_COUNT as usize == PAGE_VALUE_COUNT_MAX);

/// Only memory to decode into.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    rows: Vec<Row>,
    selected: Vec<(u32, Row)>,
}

/// Calls `visit` with sequence and row for every wanted row; `wanted` is by dense id. Returns
/// `false` when pages are missing: what could be read without them was visited.
pub(crate) fn visit_rows(
    chunk: &mut ChunkReader<'_>,
    wanted: &[bool],
    limits: &Limits,
    scratch: &mut Scratch,
    visit: &mut impl FnMut(u64, &Row),
) -> Result<bool, StoreError> {
    if !wanted.contains(&true) {
        return Ok(true);
    }
    let mut scan = ChunkScan { wanted, limits, scratch };
    let mut is_whole = true;
    for range in ranges(chunk, limits) {
        if scan.visit(chunk, range.clone(), visit)? {
            continue;
        }
        is_whole = false;
        if chunk.is_gone() {
            break;
        }
        // One of the pages is damaged: the rows of the others are still there.
        for first in range.clone().step_by(PAGE_VALUE_COUNT_MAX) {
            let end = range.end.min(first.saturating_add(PAGE_ROW_COUNT));
            scan.visit(chunk, first..end, visit)?;
        }
    }
    Ok(is_whole)
}

/// Rows whose ends can be wanted: whole pages, those that follow each other in one.
fn ranges(chunk: &ChunkReader<'_>, limits: &Limits) -> Vec<Range<u32>> {
    let mut ranges: Vec<Range<u32>> = Vec::new();
    let mut first = 0;
    for page in chunk.directory().end_pages() {
        let rows = first..first + page.row_count;
        first = rows.end;
        let (min_end_ns, max_end_ns) = (page.min_end_ns, page.max_end_ns);
        if !limits.meets(&Bounds { min_end_ns, max_end_ns, max_duration_ns: u64::MAX }) {
            continue;
        }
        match ranges.last_mut().filter(|last| last.end == rows.start) {
            Some(last) => last.end = rows.end,
            None => ranges.push(rows),
        }
    }
    ranges
}

struct ChunkScan<'a> {
    wanted: &'a [bool],
    limits: &'a Limits,
    scratch: &'a mut Scratch,
}

impl ChunkScan<'_> {
    /// Visits all wanted rows of a range, or none and returns `false` when a page is missing.
    fn visit(
        &mut self,
        chunk: &mut ChunkReader<'_>,
        range: Range<u32>,
        visit: &mut impl FnMut(u64, &Row),
    ) -> Result<bool, StoreError> {
        let first_seq = chunk.directory().first_seq();
        if self.limits.min_duration_ns > 0 || self.wanted.contains(&false) {
            let rows = &mut self.scratch.selected;
            rows.clear();
            let is_whole = select_rows(chunk, range, self.wanted, self.limits, rows)?;
            rows.iter().for_each(|(row, values)| visit(first_seq + u64::from(*row), values));
            return Ok(is_whole);
        }
        let rows = &mut self.scratch.rows;
        rows.clear();
        let is_whole = chunk.rows(range.clone(), rows)?;
        for (seq, row) in (first_seq + u64::from(range.start)..).zip(rows.iter()) {
            if self.limits.wants_row(row) {
                visit(seq, row);
            }
        }
        Ok(is_whole)
    }
}
