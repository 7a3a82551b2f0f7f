//! Turns rows into a chunk.

use std::ops::Range;

use super::columns::{
    ChunkSeries, EndBounds, TAG_ENDS, TAG_OWN_DURATIONS, TAG_SERIES, TAG_SHARED_DURATIONS,
    ThreadRun, Which, part_crc, put_column, put_details, put_threads,
};
use super::directory::put_directory;
use crate::codec::{Order, Stored, encode_values};
use crate::limits::{CHUNK_ROW_COUNT_MAX, OWN_PAGE_ROW_COUNT_MIN, PAGE_VALUE_COUNT_MAX};
use crate::{FormatError, FrameSeed, Row, RowDetail, encode_details, names::SERIES_COUNT_MAX};

/// The size of a chunk that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkShape {
    /// Bytes of the whole chunk.
    pub size_bytes: u32,
    /// Bytes of the directory at its front.
    pub directory_size_bytes: u32,
}

/// Memory that encoding needs and leaves behind for the next chunk: about 4 MB, and 4 bytes for
/// each series of the lane.
#[derive(Debug, Default)]
pub struct ChunkScratch {
    /// By series id: first its rows, then its dense id; zero between two chunks.
    by_series: Vec<u32>,
    /// The series of the chunk, ascending.
    series: Vec<ChunkSeries>,
    /// By dense id: where its next duration goes.
    next: Vec<u32>,
    gaps: Vec<u64>,
    dense: Vec<u64>,
    /// Grouped: series with a column of their own first, each in the order of the rows.
    durations: Vec<u64>,
    threads: Vec<ThreadRun>,
    columns: Columns,
}

/// Appends a chunk of `rows`, all of one lane and in its order, of which the first has sequence
/// `first_seq`.
///
/// # Errors
/// When there is no row, more than 65,536, or a series id no lane can have; `out` is then as
/// before.
pub fn encode_chunk(
    out: &mut Vec<u8>,
    seed: FrameSeed,
    first_seq: u64,
    rows: &[Row],
    scratch: &mut ChunkScratch,
) -> Result<ChunkShape, FormatError> {
    encode_chunk_with_details(out, seed, first_seq, (rows, &[]), scratch)
}

/// As [`encode_chunk`], with details of some of the rows, which ascend. They take
/// [`CHUNK_DETAILS_SIZE_BYTES_MAX`](crate::limits::CHUNK_DETAILS_SIZE_BYTES_MAX) bytes at most.
///
/// # Errors
/// As [`encode_chunk`]; and when details are of other rows.
pub fn encode_chunk_with_details(
    out: &mut Vec<u8>,
    seed: FrameSeed,
    first_seq: u64,
    (rows, details): (&[Row], &[RowDetail]),
    scratch: &mut ChunkScratch,
) -> Result<ChunkShape, FormatError> {
    check(rows)?;
    check_details(first_seq, rows, details)?;
    let row_count = rows.len();
    scratch.count_series(rows);
    scratch.group(rows);
    let bounds = scratch.measure_ends(rows);
    let ChunkScratch { gaps, dense, durations, threads, columns, series, .. } = scratch;
    columns.begin();
    columns.put_threads(threads);
    let source = (seed, first_seq);
    columns.put(source, Which { tag: TAG_ENDS, dense: None }, gaps, signed_range(gaps), &bounds);
    let ids = (0, series.len() as u64 - 1);
    columns.put(source, Which { tag: TAG_SERIES, dense: None }, dense, ids, &[]);
    let mut at = 0;
    for (dense, series) in (0..).zip(series.iter()) {
        if has_own_column(series) {
            let own = &durations[at..at + series.row_count as usize];
            let which = Which { tag: TAG_OWN_DURATIONS, dense: Some(dense) };
            columns.put(source, which, own, range(own), &[]);
            at += own.len();
        }
    }
    if at < row_count {
        let shared = &durations[at..];
        let which = Which { tag: TAG_SHARED_DURATIONS, dense: None };
        columns.put(source, which, shared, range(shared), &[]);
    }
    columns.put_details(source, details);
    columns.finish(out, source, series)
}

fn check(rows: &[Row]) -> Result<(), FormatError> {
    let out_of_range = |what, found, limit| FormatError::OutOfRange { what, found, limit };
    if rows.is_empty() || rows.len() > CHUNK_ROW_COUNT_MAX {
        let (found, limit) = (rows.len() as u64, CHUNK_ROW_COUNT_MAX as u64);
        return Err(out_of_range("rows of a chunk", found, limit));
    }
    let largest = rows.iter().map(|row| row.series).max().unwrap_or_default();
    if largest >= SERIES_COUNT_MAX {
        let (found, limit) = (u64::from(largest), u64::from(SERIES_COUNT_MAX) - 1);
        return Err(out_of_range("series id", found, limit));
    }
    Ok(())
}

fn check_details(first_seq: u64, rows: &[Row], details: &[RowDetail]) -> Result<(), FormatError> {
    let limit = first_seq + rows.len() as u64 - 1;
    let is_other = |seq: &u64| *seq < first_seq || *seq > limit;
    match details.iter().map(|detail| detail.seq).find(is_other) {
        Some(found) => Err(FormatError::OutOfRange { what: "row of a detail", found, limit }),
        None => Ok(()),
    }
}

const fn has_own_column(series: &ChunkSeries) -> bool {
    series.row_count as usize >= OWN_PAGE_ROW_COUNT_MIN
}

/// Smallest value, and what the largest is above it.
fn range(values: &[u64]) -> (u64, u64) {
    let (mut min, mut max) = (u64::MAX, u64::MIN);
    for &value in values {
        (min, max) = (min.min(value), max.max(value));
    }
    (min, max.wrapping_sub(min))
}

/// The same for values that are signed.
fn signed_range(values: &[u64]) -> (u64, u64) {
    let (mut min, mut max) = (i64::MAX, i64::MIN);
    for value in values.iter().map(|value| value.cast_signed()) {
        (min, max) = (min.min(value), max.max(value));
    }
    (min.cast_unsigned(), max.wrapping_sub(min).cast_unsigned())
}

impl ChunkScratch {
    /// Fills `series`, `threads`, and `by_series` with dense ids.
    fn count_series(&mut self, rows: &[Row]) {
        for series in self.series.drain(..) {
            self.by_series[series.series as usize] = 0;
        }
        let largest = rows.iter().map(|row| row.series).max().unwrap_or_default() as usize;
        if self.by_series.len() <= largest {
            self.by_series.resize(largest + 1, 0);
        }
        self.threads.clear();
        for run in rows.chunk_by(|left, right| left.thread == right.thread) {
            let row_count = u32::try_from(run.len()).unwrap_or(u32::MAX);
            self.threads.push(ThreadRun { thread: run[0].thread, row_count });
            for row in run {
                let count = &mut self.by_series[row.series as usize];
                if *count == 0 {
                    self.series.push(ChunkSeries { series: row.series, row_count: 0 });
                }
                *count += 1;
            }
        }
        self.series.sort_unstable_by_key(|series| series.series);
        for (dense, series) in (0..).zip(&mut self.series) {
            let slot = &mut self.by_series[series.series as usize];
            series.row_count = std::mem::replace(slot, dense);
        }
    }

    /// Fills `dense` and `durations`.
    fn group(&mut self, rows: &[Row]) {
        self.next.clear();
        self.next.resize(self.series.len(), 0);
        let mut at = 0;
        for is_own in [true, false] {
            for (next, series) in self.next.iter_mut().zip(&self.series) {
                if has_own_column(series) == is_own {
                    *next = at;
                    at += series.row_count;
                }
            }
        }
        self.dense.clear();
        self.durations.clear();
        self.durations.resize(rows.len(), 0);
        for row in rows {
            let dense = self.by_series[row.series as usize];
            self.dense.push(u64::from(dense));
            let next = &mut self.next[dense as usize];
            self.durations[*next as usize] = row.duration_ns;
            *next += 1;
        }
    }

    /// Fills `gaps`; returns the bounds of each page.
    fn measure_ends(&mut self, rows: &[Row]) -> Vec<EndBounds> {
        self.gaps.clear();
        let mut before = rows.first().map_or(0, |row| row.end_ns);
        let mut bounds = Vec::with_capacity(rows.len().div_ceil(PAGE_VALUE_COUNT_MAX));
        for page in rows.chunks(PAGE_VALUE_COUNT_MAX) {
            let mut page_bounds = EndBounds { before, min: i64::MAX, max: i64::MIN };
            self.gaps.extend(page.iter().map(|row| {
                let gap = row.end_ns.wrapping_sub(before);
                before = row.end_ns;
                page_bounds.min = page_bounds.min.min(row.end_ns);
                page_bounds.max = page_bounds.max.max(row.end_ns);
                gap.cast_unsigned()
            }));
            bounds.push(page_bounds);
        }
        bounds
    }
}

/// The columns of the chunk so far.
#[derive(Debug, Default)]
struct Columns {
    count: usize,
    entries: Vec<u8>,
    payload: Vec<u8>,
    stored: Stored,
}

impl Columns {
    fn begin(&mut self) {
        self.count = 0;
        self.entries.clear();
        self.payload.clear();
    }

    fn put_threads(&mut self, threads: &[ThreadRun]) {
        put_threads(&mut self.entries, threads);
        self.count += 1;
    }

    fn put(
        &mut self,
        (seed, first_seq): (FrameSeed, u64),
        which: Which,
        values: &[u64],
        range: (u64, u64),
        bounds: &[EndBounds],
    ) {
        let at = self.payload.len();
        let order = if which.tag == TAG_SERIES { Order::Pattern } else { Order::Chance };
        let encoded = encode_values(&mut self.payload, values, range, order, &mut self.stored);
        let payload = &self.payload;
        let crc = |range: Range<usize>| {
            let place = u32::try_from(range.start).unwrap_or(u32::MAX);
            part_crc(seed, first_seq, place, &payload[range])
        };
        put_column(&mut self.entries, which, (&encoded, range.0), bounds, crc, at..payload.len());
        self.count += 1;
    }

    fn put_details(&mut self, (seed, first_seq): (FrameSeed, u64), details: &[RowDetail]) {
        if details.is_empty() {
            return;
        }
        let at = self.payload.len();
        encode_details(&mut self.payload, first_seq, details);
        let place = u32::try_from(at).unwrap_or(u32::MAX);
        let crc = part_crc(seed, first_seq, place, &self.payload[at..]);
        put_details(&mut self.entries, self.payload.len() - at, crc);
        self.count += 1;
    }

    fn finish(
        &mut self,
        out: &mut Vec<u8>,
        source: (FrameSeed, u64),
        series: &[ChunkSeries],
    ) -> Result<ChunkShape, FormatError> {
        let at = out.len();
        let result = put_directory(out, source, series, (self.count, &self.entries));
        if result.is_err() {
            out.truncate(at);
        }
        let directory_size_bytes = result?;
        out.extend_from_slice(&self.payload);
        let size_bytes = u32::try_from(out.len() - at).unwrap_or(u32::MAX);
        Ok(ChunkShape { size_bytes, directory_size_bytes })
    }
}
