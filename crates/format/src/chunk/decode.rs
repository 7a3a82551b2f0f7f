//! Turns pages and whole chunks back into values and rows.

use super::assemble::assemble_rows;
use super::columns::{Column, Content, Part, mismatch, part_crc};
use super::directory::ChunkDirectory;
use crate::codec::Decoder;
use crate::page::each_width;
use crate::{FormatError, FrameSeed, Narrow, PageValues, Row};

impl ChunkDirectory {
    /// Decodes a page from its bytes and those of the metadata it needs: see
    /// [`Self::page_range`] and [`Self::meta_range`].
    ///
    /// The values of a page of ends are the ends themselves (`u64` with the bits of the `i64`),
    /// those of a page of series are dense ids, each below the number of series.
    ///
    /// # Errors
    /// When there is no such page, a checksum is wrong, or the values are not what the directory
    /// says of them.
    pub fn decode_page(
        &self,
        seed: FrameSeed,
        page: u32,
        meta: &[u8],
        payload: &[u8],
    ) -> Result<PageValues, FormatError> {
        let column = self.column_of(page)?;
        let mut decoder = self.decoder(seed, column, meta)?;
        self.decode_with(&mut decoder, seed, page, payload)
    }

    fn column_of(&self, page: u32) -> Result<&Column, FormatError> {
        let column = self.pages.get(page as usize);
        column.and_then(|page| self.columns.get(page.column as usize)).ok_or_else(|| {
            let limit = u64::from(self.page_count());
            FormatError::OutOfRange { what: "page", found: u64::from(page), limit }
        })
    }

    fn decoder(
        &self,
        seed: FrameSeed,
        column: &Column,
        meta: &[u8],
    ) -> Result<Decoder, FormatError> {
        self.verify(seed, column.meta, meta)?;
        Decoder::new(column.codec, column.width, meta)
    }

    pub(super) fn verify(
        &self,
        seed: FrameSeed,
        part: Part,
        bytes: &[u8],
    ) -> Result<(), FormatError> {
        if bytes.len() != part.size_bytes as usize {
            let (expected, found) = (u64::from(part.size_bytes), bytes.len() as u64);
            return Err(mismatch("size of a page", expected, found));
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let place = part.offset - self.directory_size_bytes();
        let expected = part_crc(seed, self.first_seq(), place, bytes);
        if expected == part.crc {
            Ok(())
        } else {
            Err(FormatError::Checksum { what: "page", expected, found: part.crc })
        }
    }

    fn decode_with(
        &self,
        decoder: &mut Decoder,
        seed: FrameSeed,
        page: u32,
        payload: &[u8],
    ) -> Result<PageValues, FormatError> {
        let column = self.column_of(page)?;
        self.verify(seed, self.pages[page as usize].part, payload)?;
        let count = self.page_value_count(page).unwrap_or_default() as usize;
        let values = decoder.decode(payload, count)?;
        match column.content {
            Content::Ends => self.ends(page - column.first_page, column.base, &values),
            Content::Series => {
                let (found, limit) = (values.max(), self.series().len() as u64 - 1);
                if column.base.checked_add(found).is_none_or(|largest| largest > limit) {
                    return Err(FormatError::OutOfRange { what: "series of a row", found, limit });
                }
                Ok(PageValues { base: column.base, values })
            }
            Content::Durations => Ok(narrowed(column.base, values)),
        }
    }

    /// Adds up gaps to ends.
    fn ends(&self, index: u32, base: u64, gaps: &Narrow) -> Result<PageValues, FormatError> {
        let bounds = self.end_pages()[index as usize];
        let min = bounds.min_end_ns.cast_unsigned();
        let before = self.ends_before[index as usize].cast_unsigned().wrapping_sub(min);
        let (ends, least, most) = each_width!(gaps, gaps => sums(gaps, base, before));
        let span = bounds.max_end_ns.wrapping_sub(bounds.min_end_ns).cast_unsigned();
        if (least, most) == (0, span) {
            Ok(PageValues { base: min, values: Narrow::new(ends, span) })
        } else {
            Err(mismatch("largest end of a page", span, most))
        }
    }
}

/// The sums of the gaps so far, the smallest and the largest of them.
fn sums<T: Copy>(gaps: &[T], base: u64, mut end: u64) -> (Vec<u64>, u64, u64)
where
    u64: From<T>,
{
    let (mut min, mut max) = (u64::MAX, 0);
    let add = |&gap: &T| {
        end = end.wrapping_add(base).wrapping_add(u64::from(gap));
        (min, max) = (min.min(end), max.max(end));
        end
    };
    let ends = gaps.iter().map(add).collect();
    (ends, min, max)
}

fn min_and_max(values: &[u64]) -> (u64, u64) {
    values.iter().fold((u64::MAX, 0), |(min, max), &value| (min.min(value), max.max(value)))
}

/// One slow call makes its whole column wide, but not every page.
fn narrowed(base: u64, values: Narrow) -> PageValues {
    let Narrow::U64(values) = values else {
        return PageValues { base, values };
    };
    let (min, max) = min_and_max(&values);
    let span = max.saturating_sub(min);
    if span > u64::from(u32::MAX) {
        return PageValues { base, values: Narrow::U64(values) };
    }
    let above = values.into_iter().map(|value| value.wrapping_sub(min)).collect();
    PageValues { base: base.wrapping_add(min), values: Narrow::new(above, span) }
}

/// Checks the checksums of all parts of the chunk that `bytes` begin with, and decodes none.
///
/// # Errors
/// When one of them is wrong, or the directory is damaged.
pub fn verify_chunk(
    bytes: &[u8],
    seed: FrameSeed,
    first_seq: u64,
) -> Result<ChunkDirectory, FormatError> {
    let directory = ChunkDirectory::decode(bytes, seed, first_seq)?;
    let metas = directory.columns.iter().map(|column| column.meta);
    let pages = directory.pages.iter().map(|page| page.part);
    for part in metas.chain(pages).chain(directory.details) {
        directory.verify(seed, part, slice(bytes, part)?)?;
    }
    Ok(directory)
}

fn slice(bytes: &[u8], part: Part) -> Result<&[u8], FormatError> {
    let end = part.offset as usize + part.size_bytes as usize;
    let found = bytes.get(part.offset as usize..end);
    found.ok_or(FormatError::Truncated { what: "chunk", need: end, have: bytes.len() })
}

/// Decodes all rows of the chunk that `bytes` begin with; they replace `rows`. Details are not
/// looked at.
///
/// # Errors
/// When anything of the chunk is damaged; `rows` is then empty.
pub fn decode_chunk(
    bytes: &[u8],
    seed: FrameSeed,
    first_seq: u64,
    rows: &mut Vec<Row>,
) -> Result<ChunkDirectory, FormatError> {
    rows.clear();
    let directory = ChunkDirectory::decode(bytes, seed, first_seq)?;
    let mut pages = Vec::with_capacity(directory.pages.len());
    let mut last = None;
    for (number, page) in (0..).zip(&directory.pages) {
        let column = directory.columns[page.column as usize];
        let mut decoder = match last.take() {
            Some((index, decoder)) if index == page.column => decoder,
            _ => directory.decoder(seed, &column, slice(bytes, column.meta)?)?,
        };
        pages.push(directory.decode_with(&mut decoder, seed, number, slice(bytes, page.part)?)?);
        last = Some((page.column, decoder));
    }
    assemble_rows(
        &directory,
        0..directory.row_count(),
        |page| pages.get(page as usize).ok_or(FormatError::Undecodable { what: "page" }),
        rows,
    )?;
    Ok(directory)
}
