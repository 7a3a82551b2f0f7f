//! Rows of few series out of a chunk, without decoding what belongs to the others.
//!
//! The series column tells which rows are wanted and the how-manieth of their series each is;
//! then the durations of these series are read, and ends only where a row is still wanted.

use std::ops::Range;

use kronicler_format::limits::PAGE_VALUE_COUNT_MAX;
use kronicler_format::{ChunkDirectory, Row};
use kronicler_store::{ChunkReader, StoreError};

use crate::filter::Limits;

/// A wanted row, before its values are known.
#[derive(Debug, Clone, Copy)]
struct Place {
    row: u32,
    dense: u32,
}

/// Rows of wanted series in a range of a chunk.
struct Selection {
    places: Vec<Place>,
    /// By dense id: rows of the series before the range, and within it.
    before: Vec<u32>,
    within: Vec<u32>,
}

/// Appends the wanted rows in `range`, each with its index in the chunk, in their order. `wanted`
/// is by dense id. Returns `false`, and appends none, when a page that is needed is missing.
pub(crate) fn select_rows(
    chunk: &mut ChunkReader<'_>,
    range: Range<u32>,
    wanted: &[bool],
    limits: &Limits,
    rows: &mut Vec<(u32, Row)>,
) -> Result<bool, StoreError> {
    let Some(selection) = Selection::read(chunk, range, wanted)? else { return Ok(false) };
    let Some(durations) = read_durations(chunk, &selection)? else { return Ok(false) };
    let before = rows.len();
    let is_whole = put_rows(chunk, &selection, &durations, limits, rows)?;
    if !is_whole {
        rows.truncate(before);
    }
    Ok(is_whole)
}

impl Selection {
    fn read(
        chunk: &mut ChunkReader<'_>,
        range: Range<u32>,
        wanted: &[bool],
    ) -> Result<Option<Self>, StoreError> {
        let zeros = vec![0; wanted.len()];
        let mut selection = Self { places: Vec::new(), before: zeros.clone(), within: zeros };
        let directory = chunk.directory().clone();
        let mut values = Vec::new();
        for first in pages(0..range.end) {
            let Some(page) = chunk.page(directory.series_page(first).0)? else { return Ok(None) };
            values.clear();
            page.extend_into(&mut values);
            for (row, &dense) in (first..range.end).zip(&values) {
                let Some(dense) = u32::try_from(dense).ok().filter(|&id| is_in(wanted, id)) else {
                    continue;
                };
                if row < range.start {
                    selection.before[dense as usize] += 1;
                } else {
                    selection.within[dense as usize] += 1;
                    selection.places.push(Place { row, dense });
                }
            }
        }
        Ok(Some(selection))
    }
}

fn is_in(wanted: &[bool], dense: u32) -> bool {
    wanted.get(dense as usize).copied().unwrap_or(false)
}

/// First rows of the pages that a range touches.
fn pages(range: Range<u32>) -> impl Iterator<Item = u32> {
    let size = u32::try_from(PAGE_VALUE_COUNT_MAX).unwrap_or(u32::MAX);
    (range.start / size * size..range.end).step_by(PAGE_VALUE_COUNT_MAX)
}

/// Durations of the selected rows by dense id, in their order.
struct Durations {
    values: Vec<u64>,
    /// By dense id: where its next duration stands.
    next: Vec<usize>,
}

fn read_durations(
    chunk: &mut ChunkReader<'_>,
    selection: &Selection,
) -> Result<Option<Durations>, StoreError> {
    let directory = chunk.directory().clone();
    let mut spans = Vec::new();
    for (dense, &count) in (0..).zip(&selection.within) {
        if count > 0 {
            let before = selection.before[dense as usize];
            let of_series = directory.duration_spans(dense, before..before + count);
            spans.extend(of_series.map(|span| (span.page, dense, span.range)));
        }
    }
    // Several series may share a page: each is read once.
    spans.sort_by_key(|(page, dense, _)| (*page, *dense));
    let mut durations = Durations {
        values: Vec::with_capacity(selection.places.len()),
        next: vec![usize::MAX; selection.within.len()],
    };
    for of_page in spans.chunk_by(|left, right| left.0 == right.0) {
        let Some(page) = chunk.page(of_page[0].0)? else { return Ok(None) };
        for (_, dense, range) in of_page {
            let next = &mut durations.next[*dense as usize];
            *next = (*next).min(durations.values.len());
            let range = range.start as usize..range.end as usize;
            page.extend_range_into(range, &mut durations.values);
        }
    }
    // What the series column counts and what the directory says must agree.
    Ok((durations.values.len() == selection.places.len()).then_some(durations))
}

fn put_rows(
    chunk: &mut ChunkReader<'_>,
    selection: &Selection,
    durations: &Durations,
    limits: &Limits,
    rows: &mut Vec<(u32, Row)>,
) -> Result<bool, StoreError> {
    let directory = chunk.directory().clone();
    let mut next = durations.next.clone();
    let mut threads = Threads::new(&directory);
    let mut slow_enough: Vec<(Place, u64)> = Vec::new();
    let is_same_page = |left: &Place, right: &Place| {
        directory.end_page(left.row).0 == directory.end_page(right.row).0
    };
    for places in selection.places.chunk_by(is_same_page) {
        slow_enough.clear();
        for place in places {
            let at = &mut next[place.dense as usize];
            let Some(&duration_ns) = durations.values.get(*at) else { return Ok(false) };
            *at += 1;
            if limits.wants_duration(duration_ns) {
                slow_enough.push((*place, duration_ns));
            }
        }
        let Some((first, _)) = slow_enough.first() else { continue };
        let Some(page) = chunk.page(directory.end_page(first.row).0)? else { return Ok(false) };
        for &(Place { row, dense }, duration_ns) in &slow_enough {
            let end_ns = page.get(directory.end_page(row).1 as usize);
            let Some(end_ns) = end_ns.map(u64::cast_signed) else { return Ok(false) };
            let thread = threads.of(row);
            if limits.wants_end(end_ns) && limits.wants_thread(thread) {
                let series = directory.series()[dense as usize].series;
                rows.push((row, Row { series, thread, end_ns, duration_ns }));
            }
        }
    }
    Ok(true)
}

/// Threads of ascending rows.
struct Threads<'a> {
    directory: &'a ChunkDirectory,
    index: usize,
    /// The row behind those of the run at `index`.
    end: u32,
}

impl<'a> Threads<'a> {
    fn new(directory: &'a ChunkDirectory) -> Self {
        let end = directory.threads().first().map_or(u32::MAX, |run| run.row_count);
        Self { directory, index: 0, end }
    }

    fn of(&mut self, row: u32) -> u32 {
        let runs = self.directory.threads();
        while row >= self.end && self.index + 1 < runs.len() {
            self.index += 1;
            self.end += runs[self.index].row_count;
        }
        runs.get(self.index).map_or(0, |run| run.thread)
    }
}
