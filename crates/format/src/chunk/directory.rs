//! The directory of a chunk: what stands where, and the checksum of each part.
//!
//! ```text
//!  0        4         6          8          10
//!  | length | version | required | optional | varints ... | crc32c |
//!  | u32    | u16     | u16      | u16      |             | u32    |
//!
//! row count, series count, series x (id from that of the one before, row count),
//! column count, columns x (see `columns`)
//! ```
//!
//! The length is that of the whole directory. The payloads follow it in the order of the columns;
//! offsets follow from the lengths.

use std::ops::Range;

use super::columns::{
    ChunkSeries, Column, Content, DurationSpan, EndBounds, EndPage, Page, Part, REQUIRED,
    TAG_DETAILS, TAG_ENDS, TAG_OWN_DURATIONS, TAG_SERIES, TAG_SHARED_DURATIONS, TAG_THREADS,
    ThreadRun, WHAT, column, end_bounds, mismatch, page_count, part_crc, row_count, threads,
};
use crate::limits::{
    CHUNK_ROW_COUNT_MAX, CHUNK_SIZE_BYTES_MAX, DIRECTORY_SIZE_BYTES_MAX, PAGE_VALUE_COUNT_MAX,
};
use crate::varint::{Cursor, put_u64};
use crate::{FormatError, FrameSeed, names::SERIES_COUNT_MAX};

/// The version that is written, and the newest that is read.
const VERSION: u16 = 1;
/// Bytes before the varints.
const FIXED_SIZE_BYTES: usize = 10;
const CRC_SIZE_BYTES: usize = 4;
/// The place that the directory's own checksum is seeded with: no payload can begin there.
const PLACE: u32 = u32::MAX;
const PAGE_SIZE: u32 = 8_192;
const _: () = assert!(PAGE_SIZE as usize == PAGE_VALUE_COUNT_MAX);

/// What a chunk holds, without its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkDirectory {
    first_seq: u64,
    row_count: u32,
    directory_size_bytes: u32,
    size_bytes: u32,
    series: Vec<ChunkSeries>,
    threads: Vec<ThreadRun>,
    pub(super) columns: Vec<Column>,
    pub(super) pages: Vec<Page>,
    end_pages: Vec<EndPage>,
    /// End of the row before each page of ends.
    pub(super) ends_before: Vec<i64>,
    /// First page of the series column.
    series_first_page: u32,
    /// By dense id: the column of its durations and the index of the first.
    durations: Vec<(u32, u32)>,
    /// Where details of rows are, if there are any.
    pub(super) details: Option<Part>,
}

/// Appends a directory whose column entries are `columns`. Returns its size.
pub(super) fn put_directory(
    out: &mut Vec<u8>,
    (seed, first_seq): (FrameSeed, u64),
    series: &[ChunkSeries],
    (column_count, columns): (usize, &[u8]),
) -> Result<u32, FormatError> {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    let row_count: u64 = series.iter().map(|series| u64::from(series.row_count)).sum();
    put_u64(out, row_count);
    put_u64(out, series.len() as u64);
    let mut next = 0;
    for entry in series {
        put_u64(out, u64::from(entry.series - next));
        put_u64(out, u64::from(entry.row_count));
        next = entry.series + 1;
    }
    put_u64(out, column_count as u64);
    out.extend_from_slice(columns);
    let length = out.len() - at + CRC_SIZE_BYTES;
    let Some(size) = u32::try_from(length).ok().filter(|_| length <= DIRECTORY_SIZE_BYTES_MAX)
    else {
        return Err(size_error(length));
    };
    out[at..at + 4].copy_from_slice(&size.to_le_bytes());
    let crc = part_crc(seed, first_seq, PLACE, &out[at..]);
    out.extend_from_slice(&crc.to_le_bytes());
    Ok(size)
}

fn size_error(found: usize) -> FormatError {
    let (found, limit) = (found as u64, DIRECTORY_SIZE_BYTES_MAX as u64);
    FormatError::OutOfRange { what: "size of a chunk's directory", found, limit }
}

impl ChunkDirectory {
    /// Reads the directory at the front of `bytes`; what follows it does not matter.
    ///
    /// # Errors
    /// When it is cut short, damaged, of another lane or another chunk, needs a newer program, or
    /// says what cannot be.
    pub fn decode(bytes: &[u8], seed: FrameSeed, first_seq: u64) -> Result<Self, FormatError> {
        let (body, length) = verified(bytes, seed, first_seq)?;
        let mut cursor = Cursor::new(WHAT, body);
        let rows = row_count(&mut cursor)?;
        let series = series_table(&mut cursor, body.len(), rows)?;
        let mut reader = Reader::new(length, rows, &series);
        // Each column takes four bytes at least.
        for _ in 0..cursor.usize_at_most(body.len() / 4)? {
            reader.entry(&mut cursor)?;
        }
        if !cursor.is_empty() {
            return Err(FormatError::Undecodable { what: WHAT });
        }
        let mut directory = reader.finish()?;
        directory.first_seq = first_seq;
        directory.series = series;
        Ok(directory)
    }

    /// Sequence of the first row.
    #[must_use]
    pub const fn first_seq(&self) -> u64 {
        self.first_seq
    }

    /// Rows of the chunk.
    #[must_use]
    pub const fn row_count(&self) -> u32 {
        self.row_count
    }

    /// Bytes of the whole chunk.
    #[must_use]
    pub const fn size_bytes(&self) -> u32 {
        self.size_bytes
    }

    /// Bytes of the directory at its front.
    #[must_use]
    pub const fn directory_size_bytes(&self) -> u32 {
        self.directory_size_bytes
    }

    /// Bytes of memory that keeping it costs.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.series.capacity() * size_of::<ChunkSeries>()
            + self.threads.capacity() * size_of::<ThreadRun>()
            + self.columns.capacity() * size_of::<Column>()
            + self.pages.capacity() * size_of::<Page>()
            + self.end_pages.capacity() * size_of::<EndPage>()
            + self.ends_before.capacity() * size_of::<i64>()
            + self.durations.capacity() * size_of::<(u32, u32)>()
    }

    /// The series with rows in the chunk, ascending by id; the index is the dense id.
    #[must_use]
    pub fn series(&self) -> &[ChunkSeries] {
        &self.series
    }

    /// Who made the rows, in their order.
    #[must_use]
    pub fn threads(&self) -> &[ThreadRun] {
        &self.threads
    }

    /// Pages of all columns; they are numbered from 0.
    #[must_use]
    pub fn page_count(&self) -> u32 {
        u32::try_from(self.pages.len()).unwrap_or(u32::MAX)
    }

    /// The bytes of a page within the chunk.
    #[must_use]
    pub fn page_range(&self, page: u32) -> Option<Range<u32>> {
        let part = self.pages.get(page as usize)?.part;
        Some(part.offset..part.offset + part.size_bytes)
    }

    /// The bytes of the metadata that a page needs, which may be none.
    #[must_use]
    pub fn meta_range(&self, page: u32) -> Option<Range<u32>> {
        let column = self.pages.get(page as usize)?.column;
        let part = self.columns.get(column as usize)?.meta;
        Some(part.offset..part.offset + part.size_bytes)
    }

    /// How many values a page holds.
    #[must_use]
    pub fn page_value_count(&self, page: u32) -> Option<u32> {
        let column = self.columns.get(self.pages.get(page as usize)?.column as usize)?;
        let before = (page - column.first_page) * PAGE_SIZE;
        Some((column.value_count - before).min(PAGE_SIZE))
    }

    /// The pages of ends, in the order of the rows: the n-th holds rows from n x 8,192 on.
    #[must_use]
    pub fn end_pages(&self) -> &[EndPage] {
        &self.end_pages
    }

    /// Page and index in it of a row's end.
    #[must_use]
    pub fn end_page(&self, row: u32) -> (u32, u32) {
        let first = self.end_pages.first().map_or(0, |page| page.page);
        (first + row / PAGE_SIZE, row % PAGE_SIZE)
    }

    /// Page and index in it of a row's series, which stands there as dense id.
    #[must_use]
    pub const fn series_page(&self, row: u32) -> (u32, u32) {
        (self.series_first_page + row / PAGE_SIZE, row % PAGE_SIZE)
    }

    /// Whether the durations of a series stand in the last column, the one for several series if
    /// there is one.
    pub(super) fn shares_durations(&self, dense: u32) -> bool {
        let column = self.durations.get(dense as usize).map(|&(column, _)| column as usize);
        column.is_some_and(|column| column + 1 == self.columns.len())
    }

    /// Where the durations of the series with this dense id stand, in the order of its rows.
    pub fn duration_pages(&self, dense: u32) -> impl Iterator<Item = DurationSpan> + use<> {
        let row_count = self.series.get(dense as usize).map_or(0, |series| series.row_count);
        self.duration_spans(dense, 0..row_count)
    }

    /// Where the durations of some rows of a series stand: `range` counts only rows of the series.
    pub fn duration_spans(
        &self,
        dense: u32,
        range: Range<u32>,
    ) -> impl Iterator<Item = DurationSpan> + use<> {
        let place = self.durations.get(dense as usize);
        let column = place.and_then(|&(column, _)| self.columns.get(column as usize));
        let series = self.series.get(dense as usize);
        let known = place.zip(column).zip(series).map(|((&(_, start), column), series)| {
            let end = range.end.min(series.row_count);
            (column.first_page, start + range.start.min(end), start + end)
        });
        let (first_page, mut at, end) = known.unwrap_or((0, 0, 0));
        std::iter::from_fn(move || {
            let page_end = (at / PAGE_SIZE + 1) * PAGE_SIZE;
            let (from, to) = (at, end.min(page_end));
            at = to;
            let range = from % PAGE_SIZE..from % PAGE_SIZE + to.checked_sub(from)?;
            (from < to).then_some(DurationSpan { page: first_page + from / PAGE_SIZE, range })
        })
    }
}

/// The varints of a directory whose checksum and version are right, and its length.
fn verified(bytes: &[u8], seed: FrameSeed, first_seq: u64) -> Result<(&[u8], u32), FormatError> {
    let truncated = |need| FormatError::Truncated { what: WHAT, need, have: bytes.len() };
    let length = u32::from_le_bytes(*bytes.first_chunk().ok_or_else(|| truncated(4))?);
    let size = length as usize;
    if !(FIXED_SIZE_BYTES + CRC_SIZE_BYTES..=DIRECTORY_SIZE_BYTES_MAX).contains(&size) {
        return Err(size_error(size));
    }
    let directory = bytes.get(..size).ok_or_else(|| truncated(size))?;
    let (covered, crc) = directory.split_at(size - CRC_SIZE_BYTES);
    let found = Cursor::new(WHAT, crc).u32_le()?;
    let expected = part_crc(seed, first_seq, PLACE, covered);
    if found != expected {
        return Err(FormatError::Checksum { what: WHAT, expected, found });
    }
    let version = u16::from_le_bytes([covered[4], covered[5]]);
    let required = u16::from_le_bytes([covered[6], covered[7]]);
    if version > VERSION || required != 0 {
        let found = u32::from(version) | u32::from(required) << 16;
        return Err(FormatError::Unsupported { what: WHAT, found, supported: u32::from(VERSION) });
    }
    Ok((&covered[FIXED_SIZE_BYTES..], length))
}

fn series_table(
    cursor: &mut Cursor<'_>,
    have: usize,
    rows: u32,
) -> Result<Vec<ChunkSeries>, FormatError> {
    let count = cursor.usize_at_most(CHUNK_ROW_COUNT_MAX)?;
    // Each takes two bytes at least, so a false count allocates little.
    let mut table = Vec::with_capacity(count.min(have / 2));
    let (mut next, mut total) = (0_u32, 0_u64);
    for _ in 0..count {
        let limit = (SERIES_COUNT_MAX - 1).checked_sub(next);
        let limit = limit.ok_or(mismatch("series id", 0, u64::from(next)))?;
        let series = next + cursor.u32_at_most(limit)?;
        let entry = ChunkSeries { series, row_count: row_count(cursor)? };
        total += u64::from(entry.row_count);
        next = series + 1;
        table.push(entry);
    }
    if total == u64::from(rows) {
        Ok(table)
    } else {
        Err(mismatch("rows of all series", u64::from(rows), total))
    }
}

/// Reads the entries of the columns one after the other.
struct Reader<'a> {
    series: &'a [ChunkSeries],
    directory: ChunkDirectory,
    /// Offset behind the payloads so far.
    at: u32,
    last_tag: u32,
    has_durations: usize,
}

/// No column yet.
const NONE: (u32, u32) = (u32::MAX, 0);

impl<'a> Reader<'a> {
    fn new(length: u32, row_count: u32, series: &'a [ChunkSeries]) -> Self {
        let directory = ChunkDirectory {
            first_seq: 0,
            row_count,
            directory_size_bytes: length,
            size_bytes: 0,
            series: Vec::new(),
            threads: Vec::new(),
            columns: Vec::new(),
            pages: Vec::new(),
            end_pages: Vec::new(),
            ends_before: Vec::new(),
            series_first_page: 0,
            durations: vec![NONE; series.len()],
            details: None,
        };
        Self { series, directory, at: length, last_tag: 0, has_durations: 0 }
    }

    fn entry(&mut self, cursor: &mut Cursor<'_>) -> Result<(), FormatError> {
        let tag = cursor.u32_at_most(u32::MAX)?;
        let flags = cursor.u32_at_most(u32::MAX)?;
        let payload_size = cursor.u32_at_most(chunk_size_max() - self.at)?;
        let end = self.at + payload_size;
        let entry = cursor.bytes(DIRECTORY_SIZE_BYTES_MAX)?;
        if tag == TAG_DETAILS && flags & REQUIRED == 0 {
            self.details(&mut Cursor::new(WHAT, entry), payload_size)?;
            self.at = end;
            return Ok(());
        }
        if !(TAG_THREADS..=TAG_SHARED_DURATIONS).contains(&tag) {
            if flags & REQUIRED != 0 {
                let supported = TAG_DETAILS;
                let what = "column of a chunk";
                return Err(FormatError::Unsupported { what, found: tag, supported });
            }
            self.at = end;
            return Ok(());
        }
        // Ascending, so that no column stands there twice but those of single series.
        if tag < self.last_tag || tag == self.last_tag && tag != TAG_OWN_DURATIONS {
            let expected = u64::from(self.last_tag) + 1;
            return Err(mismatch("tag of a column", expected, u64::from(tag)));
        }
        self.last_tag = tag;
        if tag == TAG_THREADS {
            self.directory.threads = threads(entry, self.directory.row_count)?;
        } else {
            self.numbers(tag, &mut Cursor::new(WHAT, entry))?;
        }
        if self.at == end {
            Ok(())
        } else {
            Err(mismatch("payload of a column", u64::from(end), u64::from(self.at)))
        }
    }

    fn numbers(&mut self, tag: u32, cursor: &mut Cursor<'_>) -> Result<(), FormatError> {
        let index = u32::try_from(self.directory.columns.len()).unwrap_or(u32::MAX);
        let (content, value_count) = match tag {
            TAG_ENDS => (Content::Ends, self.directory.row_count),
            TAG_SERIES => (Content::Series, self.directory.row_count),
            TAG_OWN_DURATIONS => (Content::Durations, self.own_durations(cursor, index)?),
            _ => (Content::Durations, self.shared_durations(index)?),
        };
        let (at, pages) = (&mut self.at, &mut self.directory.pages);
        let column = column(cursor, content, value_count, at, pages, index)?;
        match content {
            Content::Ends => self.ends(cursor, &column)?,
            Content::Series => self.directory.series_first_page = column.first_page,
            Content::Durations => {}
        }
        self.directory.columns.push(column);
        Ok(())
    }

    fn ends(&mut self, cursor: &mut Cursor<'_>, column: &Column) -> Result<(), FormatError> {
        let mut rest = column.value_count;
        let mut last = 0;
        for page in (column.first_page..).take(page_count(column.value_count)) {
            let EndBounds { before, min, max } = end_bounds(cursor, last)?;
            let row_count = rest.min(PAGE_SIZE);
            let page = EndPage { page, row_count, min_end_ns: min, max_end_ns: max };
            self.directory.end_pages.push(page);
            self.directory.ends_before.push(before);
            rest -= row_count;
            last = before;
        }
        Ok(())
    }

    fn details(&mut self, entry: &mut Cursor<'_>, size_bytes: u32) -> Result<(), FormatError> {
        if self.directory.details.is_some() {
            return Err(mismatch("columns of details", 1, 2));
        }
        let crc = entry.u32_le()?;
        self.directory.details = Some(Part { offset: self.at, size_bytes, crc });
        Ok(())
    }

    fn own_durations(&mut self, cursor: &mut Cursor<'_>, index: u32) -> Result<u32, FormatError> {
        let dense = cursor.usize_at_most(CHUNK_ROW_COUNT_MAX)?;
        let place = self.directory.durations.get_mut(dense);
        let (Some(place), Some(series)) = (place, self.series.get(dense)) else {
            let limit = self.series.len() as u64;
            let what = "series of a column";
            return Err(FormatError::OutOfRange { what, found: dense as u64, limit });
        };
        if *place != NONE {
            return Err(mismatch("columns of a series", 1, 2));
        }
        *place = (index, 0);
        self.has_durations += 1;
        Ok(series.row_count)
    }

    fn shared_durations(&mut self, index: u32) -> Result<u32, FormatError> {
        let mut total = 0;
        for (place, series) in self.directory.durations.iter_mut().zip(self.series) {
            if *place == NONE {
                *place = (index, total);
                total += series.row_count;
                self.has_durations += 1;
            }
        }
        if total > 0 { Ok(total) } else { Err(mismatch("rows of a column", 1, 0)) }
    }

    fn finish(self) -> Result<ChunkDirectory, FormatError> {
        let Self { series, mut directory, at, has_durations, .. } = self;
        let has = |content| directory.columns.iter().any(|column| column.content == content);
        let is_whole = has(Content::Ends)
            && has(Content::Series)
            && !directory.threads.is_empty()
            && has_durations == series.len();
        directory.size_bytes = at;
        if is_whole { Ok(directory) } else { Err(FormatError::Undecodable { what: WHAT }) }
    }
}

fn chunk_size_max() -> u32 {
    u32::try_from(CHUNK_SIZE_BYTES_MAX).unwrap_or(u32::MAX)
}
