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

/// Which rows of a chunk are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// By dense id.
    pub series: &'a [bool],
    /// Ascending and apart.
    pub rows: &'a [Range<u32>],
    /// What they must lie between.
    pub limits: &'a Limits,
}

/// Calls `visit` with sequence and row for every wanted row. Returns `false` when pages are
/// missing: what could be read without them was visited.
pub(crate) fn visit_rows(
    chunk: &mut ChunkReader<'_>,
    wanted: &Wanted<'_>,
    scratch: &mut Scratch,
    visit: &mut impl FnMut(u64, &Row),
) -> Result<bool, StoreError> {
    if !wanted.series.contains(&true) {
        return Ok(true);
    }
    let mut scan = ChunkScan { wanted, scratch };
    let mut is_whole = true;
    for range in ranges(chunk, wanted) {
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

/// Wanted rows in pages whose ends can be wanted; those that follow each other in one.
fn ranges(chunk: &ChunkReader<'_>, wanted: &Wanted<'_>) -> Vec<Range<u32>> {
    let mut ranges: Vec<Range<u32>> = Vec::new();
    let mut first = 0;
    for page in chunk.directory().end_pages() {
        let of_page = first..first + page.row_count;
        first = of_page.end;
        let (min_end_ns, max_end_ns) = (page.min_end_ns, page.max_end_ns);
        if !wanted.limits.meets(&Bounds { min_end_ns, max_end_ns, max_duration_ns: u64::MAX }) {
            continue;
        }
        for rows in wanted.rows {
            let rows = rows.start.max(of_page.start)..rows.end.min(of_page.end);
            match ranges.last_mut().filter(|last| last.end == rows.start) {
                _ if rows.is_empty() => {}
                Some(last) => last.end = rows.end,
                None => ranges.push(rows),
            }
        }
    }
    ranges
}

struct ChunkScan<'a> {
    wanted: &'a Wanted<'a>,
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
        let Wanted { series, limits, .. } = *self.wanted;
        if limits.min_duration_ns > 0 || series.contains(&false) {
            let rows = &mut self.scratch.selected;
            rows.clear();
            let is_whole = select_rows(chunk, range, series, limits, rows)?;
            rows.iter().for_each(|(row, values)| visit(first_seq + u64::from(*row), values));
            return Ok(is_whole);
        }
        let rows = &mut self.scratch.rows;
        rows.clear();
        let is_whole = chunk.rows(range.clone(), rows)?;
        for (seq, row) in (first_seq + u64::from(range.start)..).zip(rows.iter()) {
            if limits.wants_row(row) {
                visit(seq, row);
            }
        }
        Ok(is_whole)
    }
}
