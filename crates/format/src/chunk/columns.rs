//! The entries of a chunk's directory, one for each column, written and read.
//!
//! ```text
//! tag, flags, payload size, entry size, entry
//! entry of tag 1: run count, runs x (thread, row count)
//! entry of tags 2 to 5: [tag 4: place of the series in the series table],
//!     codec, width, base (signed for tag 2), metadata size, [crc32c u32],
//!     pages x (size, [crc32c u32]),
//!     [tag 2: pages x (end before the page (signed, from that of the page before),
//!                      smallest end (signed, from the end before), largest (from the smallest))]
//! entry of tag 6: crc32c u32 of the payload
//! ```
//!
//! All but the checksums are varints. What has no bytes has no checksum. Bit 0 of the flags: a
//! reader that does not know the tag must refuse the chunk, others skip it.

use std::ops::Range;

use crate::codec::{Codec, Encoded};
use crate::limits::{CHUNK_ROW_COUNT_MAX, CHUNK_SIZE_BYTES_MAX, PAGE_VALUE_COUNT_MAX};
use crate::varint::{Cursor, put_bytes, put_i64, put_u64};
use crate::{FormatError, FrameSeed};

pub(super) const WHAT: &str = "chunk directory";

pub(super) const TAG_THREADS: u32 = 1;
pub(super) const TAG_ENDS: u32 = 2;
pub(super) const TAG_SERIES: u32 = 3;
pub(super) const TAG_OWN_DURATIONS: u32 = 4;
pub(super) const TAG_SHARED_DURATIONS: u32 = 5;
pub(super) const TAG_DETAILS: u32 = 6;

/// Flag of a column that a reader must know.
pub(super) const REQUIRED: u32 = 1;

/// A series that has rows in the chunk. Its place in the table is its dense id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkSeries {
    /// Its id in the lane.
    pub series: u32,
    /// Its rows in the chunk.
    pub row_count: u32,
}

/// Consecutive rows of one thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadRun {
    /// The thread.
    pub thread: u32,
    /// Its rows.
    pub row_count: u32,
}

/// A page of ends: the n-th holds the rows from n x 8,192 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndPage {
    /// Number of the page.
    pub page: u32,
    /// Rows in it.
    pub row_count: u32,
    /// Smallest end, nanoseconds since the Unix epoch.
    pub min_end_ns: i64,
    /// Largest end.
    pub max_end_ns: i64,
}

/// Where durations of one series stand, in the order of their rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationSpan {
    /// Number of the page.
    pub page: u32,
    /// Indices of the values in the page.
    pub range: Range<u32>,
}

/// Whose values a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Ends,
    Series,
    Durations,
}

/// Bytes within the chunk and their checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub offset: u32,
    pub size_bytes: u32,
    pub crc: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pub content: Content,
    pub codec: Codec,
    pub width: u8,
    pub base: u64,
    pub value_count: u32,
    pub first_page: u32,
    pub meta: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    pub column: u32,
    pub part: Part,
}

/// The ends of one page, as the directory tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EndBounds {
    /// End of the row before the page; of its own first row in the first page.
    pub before: i64,
    pub min: i64,
    pub max: i64,
}

/// Pages that so many values fill.
pub(super) const fn page_count(value_count: u32) -> usize {
    (value_count as usize).div_ceil(PAGE_VALUE_COUNT_MAX)
}

/// Which column an entry is about: its tag, and the dense id for the durations of one series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Which {
    pub tag: u32,
    pub dense: Option<u32>,
}

/// Appends the entry of a column whose payload is `payload[at..]`.
pub(super) fn put_column(
    out: &mut Vec<u8>,
    which: Which,
    (encoded, base): (&Encoded, u64),
    bounds: &[EndBounds],
    part: impl Fn(Range<usize>) -> u32,
    payload: Range<usize>,
) {
    let mut entry = Vec::with_capacity(64);
    if let Some(dense) = which.dense {
        put_u64(&mut entry, u64::from(dense));
    }
    put_u64(&mut entry, encoded.codec as u64);
    put_u64(&mut entry, u64::from(encoded.width));
    if which.tag == TAG_ENDS {
        put_i64(&mut entry, base.cast_signed());
    } else {
        put_u64(&mut entry, base);
    }
    let mut at = payload.start;
    for size in std::iter::once(encoded.meta_size_bytes).chain(encoded.page_sizes.iter().copied()) {
        put_u64(&mut entry, size as u64);
        if size > 0 {
            entry.extend_from_slice(&part(at..at + size).to_le_bytes());
        }
        at += size;
    }
    let mut previous = 0;
    for bounds in bounds {
        put_i64(&mut entry, bounds.before.wrapping_sub(previous));
        put_i64(&mut entry, bounds.min.wrapping_sub(bounds.before));
        put_u64(&mut entry, bounds.max.wrapping_sub(bounds.min).cast_unsigned());
        previous = bounds.before;
    }
    put_entry(out, (which.tag, REQUIRED), payload.len(), &entry);
}

/// Appends the entry of the threads.
pub(super) fn put_threads(out: &mut Vec<u8>, threads: &[ThreadRun]) {
    let mut entry = Vec::with_capacity(16 + threads.len() * 3);
    put_u64(&mut entry, threads.len() as u64);
    for run in threads {
        put_u64(&mut entry, u64::from(run.thread));
        put_u64(&mut entry, u64::from(run.row_count));
    }
    put_entry(out, (TAG_THREADS, REQUIRED), 0, &entry);
}

/// Appends the entry of the details, which a reader need not know.
pub(super) fn put_details(out: &mut Vec<u8>, payload_size: usize, crc: u32) {
    put_entry(out, (TAG_DETAILS, 0), payload_size, &crc.to_le_bytes());
}

fn put_entry(out: &mut Vec<u8>, (tag, flags): (u32, u32), payload_size: usize, entry: &[u8]) {
    put_u64(out, u64::from(tag));
    put_u64(out, u64::from(flags));
    put_u64(out, payload_size as u64);
    put_bytes(out, entry);
}

/// Reads a count of rows, at least 1.
pub(super) fn row_count(cursor: &mut Cursor<'_>) -> Result<u32, FormatError> {
    let found = cursor.usize_at_most(CHUNK_ROW_COUNT_MAX)?;
    let count = u32::try_from(found).unwrap_or_default();
    if count > 0 { Ok(count) } else { Err(mismatch("row count", 1, 0)) }
}

pub(super) const fn mismatch(what: &'static str, expected: u64, found: u64) -> FormatError {
    FormatError::Mismatch { what, expected, found }
}

/// Reads the entry of the threads.
pub(super) fn threads(entry: &[u8], rows: u32) -> Result<Vec<ThreadRun>, FormatError> {
    let mut cursor = Cursor::new(WHAT, entry);
    let count = cursor.usize_at_most(CHUNK_ROW_COUNT_MAX)?;
    // Each run takes two bytes at least, so a false count allocates little.
    let mut threads = Vec::with_capacity(count.min(entry.len() / 2));
    let mut total = 0_u64;
    for _ in 0..count {
        let thread = cursor.u32_at_most(u32::MAX)?;
        let run = ThreadRun { thread, row_count: row_count(&mut cursor)? };
        total += u64::from(run.row_count);
        threads.push(run);
    }
    if total == u64::from(rows) {
        Ok(threads)
    } else {
        Err(mismatch("rows of all threads", u64::from(rows), total))
    }
}

/// Reads the part of an entry that all columns of numbers have. `at` moves on behind the payload.
pub(super) fn column(
    cursor: &mut Cursor<'_>,
    content: Content,
    value_count: u32,
    at: &mut u32,
    pages: &mut Vec<Page>,
    index: u32,
) -> Result<Column, FormatError> {
    let number = cursor.u32_at_most(u32::MAX)?;
    let codec = Codec::from_number(number).ok_or(FormatError::Unsupported {
        what: "codec of a column",
        found: number,
        supported: Codec::Pco as u32,
    })?;
    let width = match cursor.u32_at_most(8)? {
        1 => 1,
        2 => 2,
        4 => 4,
        8 => 8,
        other => return Err(mismatch("bytes of a value", 8, u64::from(other))),
    };
    let base = match content {
        Content::Ends => cursor.i64()?.cast_unsigned(),
        Content::Series | Content::Durations => cursor.u64()?,
    };
    let meta = part(cursor, at)?;
    let first_page = u32::try_from(pages.len()).unwrap_or(u32::MAX);
    for _ in 0..page_count(value_count) {
        pages.push(Page { column: index, part: part(cursor, at)? });
    }
    Ok(Column { content, codec, width, base, value_count, first_page, meta })
}

fn part(cursor: &mut Cursor<'_>, at: &mut u32) -> Result<Part, FormatError> {
    let limit = u32::try_from(CHUNK_SIZE_BYTES_MAX).unwrap_or(u32::MAX);
    let size_bytes = cursor.u32_at_most(limit - (*at).min(limit))?;
    let crc = if size_bytes > 0 { cursor.u32_le()? } else { 0 };
    let part = Part { offset: *at, size_bytes, crc };
    *at += size_bytes;
    Ok(part)
}

/// Reads the bounds of a page of ends; `before` is the end before the page before.
pub(super) fn end_bounds(cursor: &mut Cursor<'_>, before: i64) -> Result<EndBounds, FormatError> {
    let before = before.wrapping_add(cursor.i64()?);
    let min = before.wrapping_add(cursor.i64()?);
    let span = cursor.u64()?;
    let max = min.wrapping_add_unsigned(span);
    if max.wrapping_sub(min).cast_unsigned() == span && max >= min {
        Ok(EndBounds { before, min, max })
    } else {
        Err(mismatch("largest end of a page", min.cast_unsigned(), max.cast_unsigned()))
    }
}

/// The checksum of a part of the chunk that begins at `place` behind the directory.
pub(super) fn part_crc(seed: FrameSeed, first_seq: u64, place: u32, bytes: &[u8]) -> u32 {
    seed.part(first_seq, place, bytes)
}
