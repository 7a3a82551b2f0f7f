//! What the sections of a footer hold.
//!
//! ```text
//! chunks: count, count x (gap to the chunk before, size, directory size,
//!     gap of sequences to the chunk before, row count, min_end_ns (signed), max - min,
//!     max_duration_ns, first_arrival_ns (signed), last - first)
//! runs: count, count x (size, payload of a RUN frame)
//! names: count, count x (length, name, length, source)
//! series: count, count x (id from that of the one before, name, flags u8, weight,
//!     status_class u8, size, statistics)
//! ```
//!
//! All but the marked bytes are varints.

use crate::limits::{
    CHUNK_ROW_COUNT_MAX, CHUNK_SIZE_BYTES_MAX, DIRECTORY_SIZE_BYTES_MAX, FOOTER_SIZE_BYTES_MAX,
    LABEL_SIZE_BYTES_MAX, NAME_COUNT_MAX, NAME_SIZE_BYTES_MAX, SEGMENT_CHUNK_COUNT_MAX,
    SEGMENT_RUN_COUNT_MAX, SEQ_BITS,
};
use crate::names::SERIES_COUNT_MAX;
use crate::varint::{Cursor, put_bytes, put_i64, put_u64};
use crate::{Flags, FormatError, Run, SEGMENT_HEADER_SIZE_BYTES, SeriesEntry};

pub(super) const WHAT: &str = "segment footer";
/// Bytes of a run: nine fields of at most a label each.
const RUN_SIZE_BYTES_MAX: usize = 64 * (LABEL_SIZE_BYTES_MAX + 4);

/// Where a chunk stands and what it spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkEntry {
    /// Where it begins in the file.
    pub offset: u64,
    /// Bytes of the whole chunk.
    pub size_bytes: u32,
    /// Bytes of the directory at its front.
    pub directory_size_bytes: u32,
    /// Sequence of its first row.
    pub first_seq: u64,
    /// Its rows.
    pub row_count: u32,
    /// Smallest end, nanoseconds since the Unix epoch.
    pub min_end_ns: i64,
    /// Largest end.
    pub max_end_ns: i64,
    /// Longest duration in nanoseconds.
    pub max_duration_ns: u64,
    /// When its first row arrived, nanoseconds since the Unix epoch.
    pub first_arrival_ns: i64,
    /// When its last row arrived.
    pub last_arrival_ns: i64,
}

/// A name and where its function was wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FooterName {
    /// The name.
    pub name: String,
    /// `file:line`, or empty when it is not known.
    pub source: String,
}

/// A series with rows in the segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FooterSeries {
    /// Its id in the lane.
    pub series: u32,
    /// What its rows share; its name is an index into the footer's names.
    pub entry: SeriesEntry,
    /// Statistics of its rows, in bytes that mean nothing here.
    pub statistics: Vec<u8>,
}

/// Whether a reader would accept so many chunks and runs, and these names.
pub(super) fn check_counts(
    chunk_count: usize,
    run_count: usize,
    names: &[FooterName],
) -> Result<(), FormatError> {
    let sizes = names.iter().map(|name| name.name.len().max(name.source.len()));
    let checks = [
        ("chunks of a segment", chunk_count, SEGMENT_CHUNK_COUNT_MAX),
        ("runs of a segment", run_count, SEGMENT_RUN_COUNT_MAX),
        ("names of a segment", names.len(), NAME_COUNT_MAX as usize),
        ("bytes of a name", sizes.max().unwrap_or_default(), NAME_SIZE_BYTES_MAX),
    ];
    match checks.into_iter().find(|(_, found, limit)| found > limit) {
        Some((what, found, limit)) => {
            Err(FormatError::OutOfRange { what, found: found as u64, limit: limit as u64 })
        }
        None => Ok(()),
    }
}

/// Whether chunks, runs and series stand in the order in which differences are stored.
pub(super) fn check_order(
    chunks: &[ChunkEntry],
    runs: &[Run],
    series: &[FooterSeries],
) -> Result<(), FormatError> {
    let (mut offset, mut seq) = (SEGMENT_HEADER_SIZE_BYTES as u64, 0);
    for chunk in chunks {
        not_before("offset of a chunk", offset, chunk.offset)?;
        not_before("sequence of a chunk", seq, chunk.first_seq)?;
        in_order(chunk.min_end_ns, chunk.max_end_ns)?;
        in_order(chunk.first_arrival_ns, chunk.last_arrival_ns)?;
        offset = chunk.offset.saturating_add(u64::from(chunk.size_bytes));
        seq = chunk.first_seq.saturating_add(u64::from(chunk.row_count));
    }
    for pair in runs.windows(2) {
        not_before("sequence of a run", pair[0].first_seq, pair[1].first_seq)?;
    }
    for pair in series.windows(2) {
        not_before("id of a series", u64::from(pair[0].series) + 1, u64::from(pair[1].series))?;
    }
    let found = series.last().map_or(0, |series| u64::from(series.series));
    let limit = u64::from(SERIES_COUNT_MAX) - 1;
    let out_of_range = FormatError::OutOfRange { what: "id of a series", found, limit };
    if found <= limit { Ok(()) } else { Err(out_of_range) }
}

/// A range of times does not end before it begins.
fn in_order(first_ns: i64, last_ns: i64) -> Result<(), FormatError> {
    let (expected, found) = (first_ns.cast_unsigned(), last_ns.cast_unsigned());
    let mismatch = FormatError::Mismatch { what: "end of a range of times", expected, found };
    if last_ns >= first_ns { Ok(()) } else { Err(mismatch) }
}

fn not_before(what: &'static str, expected: u64, found: u64) -> Result<(), FormatError> {
    let is_right = found >= expected;
    is_right.then_some(()).ok_or(FormatError::Mismatch { what, expected, found })
}

pub(super) fn put_chunks(out: &mut Vec<u8>, chunks: &[ChunkEntry]) {
    put_u64(out, chunks.len() as u64);
    let (mut offset, mut seq) = (SEGMENT_HEADER_SIZE_BYTES as u64, 0_u64);
    for chunk in chunks {
        put_u64(out, chunk.offset.wrapping_sub(offset));
        put_u64(out, u64::from(chunk.size_bytes));
        put_u64(out, u64::from(chunk.directory_size_bytes));
        put_u64(out, chunk.first_seq.wrapping_sub(seq));
        put_u64(out, u64::from(chunk.row_count));
        put_range(out, chunk.min_end_ns, chunk.max_end_ns);
        put_u64(out, chunk.max_duration_ns);
        put_range(out, chunk.first_arrival_ns, chunk.last_arrival_ns);
        offset = chunk.offset.wrapping_add(u64::from(chunk.size_bytes));
        seq = chunk.first_seq.wrapping_add(u64::from(chunk.row_count));
    }
}

pub(super) fn chunks(cursor: &mut Cursor<'_>) -> Result<Vec<ChunkEntry>, FormatError> {
    let count = cursor.usize_at_most(SEGMENT_CHUNK_COUNT_MAX)?;
    let mut chunks = Vec::with_capacity(count);
    let (mut offset, mut seq) = (SEGMENT_HEADER_SIZE_BYTES as u64, 0_u64);
    for _ in 0..count {
        let chunk = chunk(cursor, offset, seq)?;
        offset = chunk.offset + u64::from(chunk.size_bytes);
        seq = chunk.first_seq + u64::from(chunk.row_count);
        chunks.push(chunk);
    }
    Ok(chunks)
}

/// A chunk whose predecessor ends at `offset` and before `seq`.
fn chunk(cursor: &mut Cursor<'_>, offset: u64, seq: u64) -> Result<ChunkEntry, FormatError> {
    let offset = sum(offset, cursor.u64()?, i64::MAX.cast_unsigned())?;
    let size_bytes = number(cursor, CHUNK_SIZE_BYTES_MAX)?;
    let directory_max = DIRECTORY_SIZE_BYTES_MAX.min(size_bytes as usize);
    let directory_size_bytes = number(cursor, directory_max)?;
    let first_seq = sum(seq, cursor.u64()?, 1 << SEQ_BITS)?;
    let row_count = number(cursor, CHUNK_ROW_COUNT_MAX)?;
    if row_count == 0 {
        return Err(FormatError::Mismatch { what: "rows of a chunk", expected: 1, found: 0 });
    }
    let (min_end_ns, max_end_ns) = range(cursor)?;
    let max_duration_ns = cursor.u64()?;
    let (first_arrival_ns, last_arrival_ns) = range(cursor)?;
    Ok(ChunkEntry {
        offset,
        size_bytes,
        directory_size_bytes,
        first_seq,
        row_count,
        min_end_ns,
        max_end_ns,
        max_duration_ns,
        first_arrival_ns,
        last_arrival_ns,
    })
}

fn sum(before: u64, gap: u64, limit: u64) -> Result<u64, FormatError> {
    let found = before.saturating_add(gap);
    let out_of_range = FormatError::OutOfRange { what: WHAT, found, limit };
    if found <= limit { Ok(found) } else { Err(out_of_range) }
}

fn number(cursor: &mut Cursor<'_>, limit: usize) -> Result<u32, FormatError> {
    cursor.u32_at_most(u32::try_from(limit).unwrap_or(u32::MAX))
}

fn put_range(out: &mut Vec<u8>, first: i64, last: i64) {
    put_i64(out, first);
    put_u64(out, last.wrapping_sub(first).cast_unsigned());
}

fn range(cursor: &mut Cursor<'_>) -> Result<(i64, i64), FormatError> {
    let (first, length) = (cursor.i64()?, cursor.u64()?);
    let last = first.checked_add_unsigned(length);
    let limit = i64::MAX.wrapping_sub(first).cast_unsigned();
    let out_of_range = FormatError::OutOfRange { what: "length of a time", found: length, limit };
    Ok((first, last.ok_or(out_of_range)?))
}

pub(super) fn put_runs(out: &mut Vec<u8>, runs: &[Run]) {
    put_u64(out, runs.len() as u64);
    let mut payload = Vec::new();
    for run in runs {
        payload.clear();
        run.encode(&mut payload);
        put_bytes(out, &payload);
    }
}

pub(super) fn runs(cursor: &mut Cursor<'_>) -> Result<Vec<Run>, FormatError> {
    let count = cursor.usize_at_most(SEGMENT_RUN_COUNT_MAX)?;
    let mut runs: Vec<Run> = Vec::new();
    for _ in 0..count {
        let run = Run::decode(cursor.bytes(RUN_SIZE_BYTES_MAX)?)?;
        if let Some(before) = runs.last() {
            not_before("sequence of a run", before.first_seq, run.first_seq)?;
        }
        runs.push(run);
    }
    Ok(runs)
}

pub(super) fn put_names(out: &mut Vec<u8>, names: &[FooterName]) {
    put_u64(out, names.len() as u64);
    for name in names {
        put_bytes(out, name.name.as_bytes());
        put_bytes(out, name.source.as_bytes());
    }
}

pub(super) fn names(cursor: &mut Cursor<'_>) -> Result<Vec<FooterName>, FormatError> {
    let count = cursor.u32_at_most(NAME_COUNT_MAX)?;
    (0..count).map(|_| Ok(FooterName { name: text(cursor)?, source: text(cursor)? })).collect()
}

fn text(cursor: &mut Cursor<'_>) -> Result<String, FormatError> {
    let bytes = cursor.bytes(NAME_SIZE_BYTES_MAX)?;
    let text = str::from_utf8(bytes).map_err(|error| FormatError::OutOfRange {
        what: "valid UTF-8 in a name",
        found: error.valid_up_to() as u64,
        limit: bytes.len() as u64,
    })?;
    Ok(text.to_owned())
}

pub(super) fn put_series(out: &mut Vec<u8>, series: &[FooterSeries]) {
    put_u64(out, series.len() as u64);
    let mut next = 0_u32;
    for entry in series {
        put_u64(out, u64::from(entry.series.wrapping_sub(next)));
        put_u64(out, u64::from(entry.entry.name));
        out.push(entry.entry.flags.bits());
        put_u64(out, u64::from(entry.entry.weight));
        out.push(entry.entry.status_class);
        put_bytes(out, &entry.statistics);
        next = entry.series.wrapping_add(1);
    }
}

pub(super) fn series(cursor: &mut Cursor<'_>) -> Result<Vec<FooterSeries>, FormatError> {
    let count = cursor.usize_at_most(SEGMENT_CHUNK_COUNT_MAX * CHUNK_ROW_COUNT_MAX)?;
    let mut series = Vec::new();
    let mut next = 0_u64;
    for _ in 0..count {
        let id = sum(next, cursor.u64()?, u64::from(SERIES_COUNT_MAX) - 1)?;
        next = id + 1;
        let entry = SeriesEntry {
            name: cursor.u32_at_most(NAME_COUNT_MAX)?,
            flags: Flags::from_bits(cursor.u8()?)?,
            weight: cursor.u32_at_most(u32::MAX)?,
            status_class: cursor.u8()?,
        };
        let statistics = cursor.bytes(FOOTER_SIZE_BYTES_MAX)?.to_vec();
        let id = u32::try_from(id).unwrap_or(u32::MAX);
        series.push(FooterSeries { series: id, entry, statistics });
    }
    Ok(series)
}
