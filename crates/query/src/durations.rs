//! Walks the durations of wanted rows, by series where columns allow it: in no particular order.

use std::ops::Range;

use kronicler_format::{Narrow, PageValues, SegmentEntry};
use kronicler_store::{ChunkReader, StoreError};

use crate::scan::LaneScan;

/// Durations of one series.
pub(crate) enum Durations<'a> {
    /// Some values of a page.
    Page(&'a PageValues, Range<usize>),
    /// One.
    One(u64),
}

/// Values whose width is known.
pub(crate) trait Take {
    /// Takes values that each stand for themselves plus `base`.
    fn take<T: Copy + Into<u64>>(&mut self, base: u64, values: &[T]);
}

impl Durations<'_> {
    /// Hands the durations over in the width they have.
    pub(crate) fn give_to(&self, taker: &mut impl Take) {
        match self {
            Self::One(duration_ns) => taker.take(0, &[*duration_ns]),
            Self::Page(page, range) => {
                let range = range.start.min(page.len())..range.end.min(page.len());
                match &page.values {
                    Narrow::U8(values) => taker.take(page.base, &values[range]),
                    Narrow::U16(values) => taker.take(page.base, &values[range]),
                    Narrow::U32(values) => taker.take(page.base, &values[range]),
                    Narrow::U64(values) => taker.take(page.base, &values[range]),
                }
            }
        }
    }

    /// Calls `visit` with each.
    pub(crate) fn for_each(&self, visit: impl FnMut(u64)) {
        struct Each<F>(F);
        impl<F: FnMut(u64)> Take for Each<F> {
            fn take<T: Copy + Into<u64>>(&mut self, base: u64, values: &[T]) {
                values.iter().for_each(|&value| (self.0)(base.wrapping_add(value.into())));
            }
        }
        self.give_to(&mut Each(visit));
    }
}

/// Calls `visit` with series and durations for all wanted rows of a lane.
pub(crate) fn visit_durations(
    scan: &mut LaneScan<'_>,
    mut visit: impl FnMut(u32, Durations<'_>),
) -> Result<(), StoreError> {
    for entry in scan.segments() {
        for (index, chunk) in scan.chunks(entry)? {
            if scan.holds_chunk(&chunk) {
                visit_columns(scan, entry, index, &mut visit)?;
            } else {
                scan.visit_chunk(entry, index, |_, row| {
                    visit(row.series, Durations::One(row.duration_ns));
                })?;
            }
        }
    }
    for block in scan.blocks() {
        scan.visit_block(block, |_, row| visit(row.series, Durations::One(row.duration_ns)))?;
    }
    scan.visit_pending(|_, row| visit(row.series, Durations::One(row.duration_ns)));
    Ok(())
}

fn visit_columns(
    scan: &mut LaneScan<'_>,
    entry: &SegmentEntry,
    index: usize,
    visit: &mut impl FnMut(u32, Durations<'_>),
) -> Result<(), StoreError> {
    scan.with_chunk(entry, index, |scan, chunk| {
        let directory = chunk.directory().clone();
        let mut spans = Vec::new();
        for (dense, series) in (0..).zip(directory.series()) {
            if scan.wants_series(series.series) {
                let of_series = directory.duration_pages(dense);
                spans.extend(of_series.map(|span| (span.page, series.series, span.range)));
            }
        }
        // Several series may share a page: each is read once.
        spans.sort_by_key(|(page, series, _)| (*page, *series));
        visit_spans(&mut scan.scanned(chunk), &spans, visit)
    })
}

fn visit_spans(
    chunk: &mut ChunkReader<'_>,
    spans: &[(u32, u32, Range<u32>)],
    visit: &mut impl FnMut(u32, Durations<'_>),
) -> Result<bool, StoreError> {
    let mut is_whole = true;
    for of_page in spans.chunk_by(|left, right| left.0 == right.0) {
        let Some(page) = chunk.page(of_page[0].0)? else {
            is_whole = false;
            continue;
        };
        for (_, series, range) in of_page {
            visit(*series, Durations::Page(&page, range.start as usize..range.end as usize));
        }
    }
    Ok(is_whole)
}
