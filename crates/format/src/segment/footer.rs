//! The footer of a segment: where its chunks stand, who wrote them, what their series are, and
//! the statistics of each series.
//!
//! ```text
//! sections x (tag, flags, size, content)                           varints
//!
//!  0        4         6          8          10   12       16
//!  | length | version | required | optional | 0  | crc32c | KRONFOOT |
//!  | u32    | u16     | u16      | u16      | u16| u32    | 8 bytes  |
//! ```
//!
//! Tags: 1 chunks, 2 runs, 3 names, 4 series, ascending. Bit 0 of the flags: a reader that does
//! not know the tag must refuse the footer, others skip it. The length is that of the sections and
//! this trailer. The checksum is seeded with the lane's uuid and the id of the segment and covers
//! the sections and the first 12 bytes of the trailer.

use super::sections::{
    ChunkEntry, FooterName, FooterSeries, WHAT, check_counts, check_order, chunks, names,
    put_chunks, put_names, put_runs, put_series, runs, series,
};
use crate::limits::FOOTER_SIZE_BYTES_MAX;
use crate::varint::{Cursor, put_bytes, put_u64};
use crate::{FormatError, FrameSeed, Run};

/// Bytes at the end of a footer, and so of a segment file, that tell the size of the footer.
pub const FOOTER_TRAILER_SIZE_BYTES: usize = 24;

const VERSION: u16 = 1;
const MAGIC: [u8; 8] = *b"KRONFOOT";
/// Bytes of the trailer that the checksum covers.
const COVERED_SIZE_BYTES: usize = 12;
const REQUIRED: u32 = 1;
const TAG_CHUNKS: u32 = 1;
const TAG_RUNS: u32 = 2;
const TAG_NAMES: u32 = 3;
const TAG_SERIES: u32 = 4;

/// What a segment holds, without its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Footer {
    /// Its chunks, in the order of their sequences and of their places.
    pub chunks: Vec<ChunkEntry>,
    /// Who wrote the rows, ascending by their first sequence.
    pub runs: Vec<Run>,
    /// Names of its series.
    pub names: Vec<FooterName>,
    /// Its series, ascending by id.
    pub series: Vec<FooterSeries>,
}

/// The size of the footer whose last bytes are the last of `bytes`: read so many bytes from the
/// end of the file to decode it.
///
/// # Errors
/// When the bytes are too few, not ours, or the size is none a footer can have.
pub fn footer_size_bytes(bytes: &[u8]) -> Result<usize, FormatError> {
    let (need, have) = (FOOTER_TRAILER_SIZE_BYTES, bytes.len());
    let truncated = FormatError::Truncated { what: WHAT, need, have };
    let trailer: &[u8; FOOTER_TRAILER_SIZE_BYTES] = bytes.last_chunk().ok_or(truncated)?;
    if trailer[16..] != MAGIC {
        return Err(FormatError::NotKronicler { what: WHAT });
    }
    let size = u32::from_le_bytes([trailer[0], trailer[1], trailer[2], trailer[3]]) as usize;
    if (FOOTER_TRAILER_SIZE_BYTES..=FOOTER_SIZE_BYTES_MAX).contains(&size) {
        Ok(size)
    } else {
        Err(size_error(size))
    }
}

fn size_error(found: usize) -> FormatError {
    let (found, limit) = (found as u64, FOOTER_SIZE_BYTES_MAX as u64);
    FormatError::OutOfRange { what: "size of a segment's footer", found, limit }
}

impl Footer {
    /// Appends the footer of the segment with this id, trailer included.
    ///
    /// # Errors
    /// When it is larger than a reader would accept, or has more of something, or not in order;
    /// `out` is then as before.
    pub fn encode(&self, seed: FrameSeed, id: u64, out: &mut Vec<u8>) -> Result<(), FormatError> {
        self.check_names()?;
        check_counts(self.chunks.len(), self.runs.len(), &self.names)?;
        check_order(&self.chunks, &self.runs, &self.series)?;
        let at = out.len();
        let mut content = Vec::new();
        let mut section = |tag, content: &mut Vec<u8>| {
            put_u64(out, u64::from(tag));
            put_u64(out, u64::from(REQUIRED));
            put_bytes(out, content);
            content.clear();
        };
        put_chunks(&mut content, &self.chunks);
        section(TAG_CHUNKS, &mut content);
        put_runs(&mut content, &self.runs);
        section(TAG_RUNS, &mut content);
        put_names(&mut content, &self.names);
        section(TAG_NAMES, &mut content);
        put_series(&mut content, &self.series);
        section(TAG_SERIES, &mut content);
        let length = out.len() - at + FOOTER_TRAILER_SIZE_BYTES;
        let size = u32::try_from(length).ok().filter(|_| length <= FOOTER_SIZE_BYTES_MAX);
        let Some(size) = size else {
            out.truncate(at);
            return Err(size_error(length));
        };
        out.extend_from_slice(&size.to_le_bytes());
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&[0; 6]);
        let crc = seed.begin(id, &out[at..]);
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&MAGIC);
        Ok(())
    }

    /// Reads the footer that ends with `bytes`; what stands before it does not matter.
    ///
    /// # Errors
    /// When it is cut short, damaged, of another lane or segment, needs a newer program, or says
    /// what cannot be.
    pub fn decode(bytes: &[u8], seed: FrameSeed, id: u64) -> Result<Self, FormatError> {
        let mut cursor = Cursor::new(WHAT, verified(bytes, seed, id)?);
        let mut footer = Self::default();
        let mut last = 0;
        while !cursor.is_empty() {
            let tag = cursor.u32_at_most(u32::MAX)?;
            let flags = cursor.u32_at_most(u32::MAX)?;
            let mut content = Cursor::new(WHAT, cursor.bytes(FOOTER_SIZE_BYTES_MAX)?);
            if tag <= last {
                let (expected, found) = (u64::from(last) + 1, u64::from(tag));
                return Err(FormatError::Mismatch { what: "section of a footer", expected, found });
            }
            last = tag;
            match tag {
                TAG_CHUNKS => footer.chunks = chunks(&mut content)?,
                TAG_RUNS => footer.runs = runs(&mut content)?,
                TAG_NAMES => footer.names = names(&mut content)?,
                TAG_SERIES => footer.series = series(&mut content)?,
                _ if flags & REQUIRED != 0 => {
                    let (what, supported) = ("section of a footer", TAG_SERIES);
                    return Err(FormatError::Unsupported { what, found: tag, supported });
                }
                _ => {}
            }
        }
        footer.check_names()?;
        Ok(footer)
    }

    fn check_names(&self) -> Result<(), FormatError> {
        let limit = self.names.len() as u64;
        let names = self.series.iter().map(|series| u64::from(series.entry.name));
        match names.max().filter(|&largest| largest >= limit) {
            Some(found) => Err(FormatError::OutOfRange { what: "name of a series", found, limit }),
            None => Ok(()),
        }
    }

    /// Bytes of memory that keeping it costs.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let runs = self.runs.iter().map(|run| {
            let texts = [&run.service, &run.version, &run.instance, &run.host, &run.clock];
            texts.into_iter().map(String::capacity).sum::<usize>()
        });
        let names = self.names.iter().map(|name| name.name.capacity() + name.source.capacity());
        let statistics = self.series.iter().map(|series| series.statistics.capacity());
        size_of::<Self>()
            + self.chunks.capacity() * size_of::<ChunkEntry>()
            + self.runs.capacity() * size_of::<Run>()
            + self.names.capacity() * size_of::<FooterName>()
            + self.series.capacity() * size_of::<FooterSeries>()
            + runs.chain(names).chain(statistics).sum::<usize>()
    }
}

/// The sections of a footer whose checksum and version are right.
fn verified(bytes: &[u8], seed: FrameSeed, id: u64) -> Result<&[u8], FormatError> {
    let size = footer_size_bytes(bytes)?;
    let begin = bytes.len().checked_sub(size);
    let truncated = FormatError::Truncated { what: WHAT, need: size, have: bytes.len() };
    let (sections, trailer) =
        bytes[begin.ok_or(truncated)?..].split_at(size - FOOTER_TRAILER_SIZE_BYTES);
    let covered = &bytes[bytes.len() - size..][..sections.len() + COVERED_SIZE_BYTES];
    let found = Cursor::new(WHAT, &trailer[COVERED_SIZE_BYTES..]).u32_le()?;
    let expected = seed.begin(id, covered);
    if found != expected {
        return Err(FormatError::Checksum { what: WHAT, expected, found });
    }
    let version = u16::from_le_bytes([trailer[4], trailer[5]]);
    let required = u16::from_le_bytes([trailer[6], trailer[7]]);
    if version > VERSION || required != 0 {
        let found = u32::from(version) | u32::from(required) << 16;
        return Err(FormatError::Unsupported { what: WHAT, found, supported: u32::from(VERSION) });
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Flags, Kind, Outcome, SeriesEntry};

    const ID: u64 = 1 << 50;

    fn seed() -> FrameSeed {
        FrameSeed::new(&[7; 16])
    }

    fn chunk(offset: u64, first_seq: u64) -> ChunkEntry {
        ChunkEntry {
            offset,
            size_bytes: 500,
            directory_size_bytes: 100,
            first_seq,
            row_count: 65_536,
            min_end_ns: i64::MIN,
            max_end_ns: i64::MAX,
            max_duration_ns: u64::MAX,
            first_arrival_ns: -5,
            last_arrival_ns: 5,
        }
    }

    fn footer() -> Footer {
        let run = |first_seq| Run { service: "shop".into(), first_seq, ..Run::default() };
        let name = |name: &str| FooterName { name: name.into(), source: "a.js:1".into() };
        let series = |series, name| FooterSeries {
            series,
            entry: SeriesEntry {
                name,
                flags: Flags::new(Outcome::Error, Kind::Http),
                weight: u32::MAX,
                status_class: 5,
            },
            statistics: vec![9; usize::try_from(series % 100).unwrap()],
        };
        Footer {
            chunks: vec![chunk(64, 0), chunk(564, 65_536), chunk(2_000, 1 << 42)],
            runs: vec![run(0), run(70_000)],
            names: vec![name("f"), name("g")],
            series: vec![series(0, 1), series(1, 0), series(1_599_999, 1)],
        }
    }

    fn encoded(footer: &Footer) -> Vec<u8> {
        let mut out = vec![1, 2, 3];
        footer.encode(seed(), ID, &mut out).unwrap();
        out.split_off(3)
    }

    #[test]
    fn footers_come_back_from_the_end_of_a_file() {
        // Promise: chunks, runs, names, series and statistics are found without the head log.
        for footer in [footer(), Footer::default()] {
            let bytes = [b"chunks before".to_vec(), encoded(&footer)].concat();
            assert_eq!(footer_size_bytes(&bytes[20..]), Ok(bytes.len() - 13));
            let back = Footer::decode(&bytes, seed(), ID).unwrap();
            assert_eq!(back, footer);
            assert!(back.memory_bytes() >= size_of::<Footer>());
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        // Promise: bytes read from disk are never trusted.
        let bytes = encoded(&footer());
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Footer::decode(&bad, seed(), ID).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(Footer::decode(&bytes[..length], seed(), ID).is_err(), "length {length}");
            assert!(Footer::decode(&bytes[length + 1..], seed(), ID).is_err(), "from {length}");
        }
    }

    #[test]
    fn footers_of_another_lane_or_segment_are_refused() {
        // Promise: a footer that turns up elsewhere is noticed.
        let bytes = encoded(&footer());
        assert!(Footer::decode(&bytes, FrameSeed::new(&[8; 16]), ID).is_err());
        assert!(Footer::decode(&bytes, seed(), ID + 1).is_err());
    }

    /// Sections with a trailer whose checksum is right.
    fn sealed(sections: &[u8], version: u8, required: u8) -> Vec<u8> {
        let size = u32::try_from(sections.len() + FOOTER_TRAILER_SIZE_BYTES).unwrap();
        let mut out = [sections, &size.to_le_bytes()].concat();
        out.extend([version, 0, required, 0, 9, 0, 0, 0]);
        let crc = seed().begin(ID, &out);
        out.extend(crc.to_le_bytes());
        out.extend(MAGIC);
        out
    }

    #[test]
    fn unknown_sections_are_skipped_or_refused_as_they_say() {
        // Promise: an older program reads what it understands and refuses what it must not guess.
        let bytes = encoded(&footer());
        let sections = &bytes[..bytes.len() - FOOTER_TRAILER_SIZE_BYTES];
        let with =
            |more: &[u8]| Footer::decode(&sealed(&[sections, more].concat(), 1, 0), seed(), ID);
        assert_eq!(with(&[5, 0, 2, 8, 8]), Ok(footer()));
        let required = with(&[5, 1, 0]);
        assert!(matches!(required, Err(FormatError::Unsupported { found: 5, .. })));
        assert!(with(&[4, 1, 1, 0]).is_err(), "series twice");
        for (version, required) in [(2, 0), (1, 1)] {
            let newer = Footer::decode(&sealed(sections, version, required), seed(), ID);
            assert!(matches!(newer, Err(FormatError::Unsupported { .. })));
        }
    }

    #[test]
    fn footers_that_lie_are_refused_or_harmless() {
        // Promise: no length, count or id in a file is trusted, checksum or not.
        let bytes = encoded(&footer());
        let sections = &bytes[..bytes.len() - FOOTER_TRAILER_SIZE_BYTES];
        for at in 0..sections.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, sections[at].wrapping_add(1)] {
                let mut bad = sections.to_vec();
                bad[at] = value;
                if let Ok(footer) = Footer::decode(&sealed(&bad, 1, 0), seed(), ID) {
                    assert!(footer.memory_bytes() < 10_000);
                    let names = footer.names.len();
                    assert!(footer.series.iter().all(|s| (s.entry.name as usize) < names));
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_a_footer_is_not_written() {
        // Promise: an encoder never writes what a decoder refuses.
        let changes: [fn(&mut Footer); 9] = [
            |footer| footer.series[0].entry.name = 2,
            |footer| footer.series.swap(0, 1),
            |footer| footer.series[2].series = 1_600_000,
            |footer| footer.chunks.swap(0, 1),
            |footer| footer.chunks = vec![chunk(64, 0); 17],
            |footer| footer.chunks[1].offset -= 1,
            |footer| footer.chunks[1].first_seq -= 1,
            |footer| footer.runs.swap(0, 1),
            |footer| footer.names[1].name = "x".repeat(1_025),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut footer = footer();
            change(&mut footer);
            let mut out = vec![1];
            assert!(footer.encode(seed(), ID, &mut out).is_err(), "change {index}");
            assert_eq!(out, [1]);
        }
    }
}
