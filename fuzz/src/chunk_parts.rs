//! Chunks whose checksums are right and whose content is the fuzzer's.

use std::ops::Range;

use kronicler_format::varint::{put_bytes, put_i64, put_u64};
use kronicler_format::{ChunkDirectory, ChunkScratch, FrameSeed, Row, encode_chunk};

use crate::{Changes, Input, part_checksum};

/// The place that seeds the checksum of a directory.
const DIRECTORY_PLACE: u32 = u32::MAX;

/// Rows of an input: few kinds of series, threads and durations, as many as the input says.
#[must_use]
pub fn rows_of_input(input: &mut Input<'_>) -> Vec<Row> {
    let (count, kind, mut mixed) = (count_of_input(input), input.byte(), input.u64());
    let mut end_ns = input.u64().cast_signed();
    let row = |index: u16| {
        mixed = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5677);
        let draw = mixed >> 11;
        let gap = if kind & 1 == 0 { draw % 1_000 } else { draw << (draw % 12) };
        end_ns = end_ns.wrapping_add_unsigned(gap).wrapping_sub(i64::from(kind & 2));
        let duration_ns = match kind >> 2 & 3 {
            0 => 7,
            1 => draw % 300,
            2 => draw % (1 << 20),
            _ => mixed >> (draw % 60),
        };
        let series = if kind & 16 == 0 { draw % 3 } else { draw % 1_600_000 };
        let thread = if kind & 32 == 0 { 0 } else { draw as u32 };
        Row {
            series: series as u32,
            thread,
            end_ns,
            duration_ns: duration_ns ^ u64::from(index & 1),
        }
    };
    (0..count).map(row).collect()
}

/// Mostly few, so that many are tried; now and then more than a page holds.
fn count_of_input(input: &mut Input<'_>) -> u16 {
    let count = input.u16();
    if count & 0x3f == 0x3f { 1 + count % 9_000 } else { 1 + (count >> 6) % 64 }
}

/// A chunk of `rows` as it should be.
#[must_use]
pub fn encoded_chunk(uuid: &[u8; 16], first_seq: u64, rows: &[Row]) -> Vec<u8> {
    let (seed, mut bytes) = (FrameSeed::new(uuid), Vec::new());
    let encoded = encode_chunk(&mut bytes, seed, first_seq, rows, &mut ChunkScratch::default());
    assert_eq!(encoded.expect("rows can be encoded").size_bytes as usize, bytes.len());
    bytes
}

/// A good chunk, changed in its pages and its directory, its checksums right again.
#[must_use]
pub fn change_chunk(
    uuid: &[u8; 16],
    first_seq: u64,
    mut bytes: Vec<u8>,
    changes: &mut Changes<'_>,
) -> Vec<u8> {
    let seed = FrameSeed::new(uuid);
    let directory = ChunkDirectory::decode(&bytes, seed, first_seq).expect("ours can be decoded");
    let (mut front, payload) = bytes.split_at_mut(directory.directory_size_bytes() as usize);
    let mut last_meta = 0..0;
    for page in 0..directory.page_count() {
        let meta = directory.meta_range(page).unwrap_or_default();
        if meta != last_meta {
            change_part(uuid, first_seq, (&mut front, payload), meta.clone(), changes);
            last_meta = meta;
        }
        let range = directory.page_range(page).unwrap_or_default();
        change_part(uuid, first_seq, (&mut front, payload), range, changes);
    }
    let mut body = front[10..front.len() - 4].to_vec();
    changes.make(&mut body);
    let mut out = front[..10].to_vec();
    out.extend(body);
    seal_directory(uuid, first_seq, &mut out);
    out.extend_from_slice(payload);
    out
}

/// Changes a part of the payload in place, and its checksum in the directory.
fn change_part(
    uuid: &[u8; 16],
    first_seq: u64,
    (front, payload): (&mut [u8], &mut [u8]),
    range: Range<u32>,
    changes: &mut Changes<'_>,
) {
    if range.is_empty() {
        changes.make(&mut Vec::new());
        return;
    }
    let size = front.len();
    let range = range.start as usize - size..range.end as usize - size;
    let place = u32::try_from(range.start).unwrap_or(u32::MAX);
    let part = &mut payload[range];
    let mut changed = part.to_vec();
    changes.make(&mut changed);
    changed.resize(part.len(), 0);
    if changed == part {
        return;
    }
    let before = part_checksum(uuid, first_seq, place, part).to_le_bytes();
    let after = part_checksum(uuid, first_seq, place, &changed).to_le_bytes();
    if let Some(at) = front.windows(4).position(|window| window == before) {
        front[at..at + 4].copy_from_slice(&after);
    }
    part.copy_from_slice(&changed);
}

/// Puts length and checksum of a directory right; its checksum is appended.
fn seal_directory(uuid: &[u8; 16], first_seq: u64, directory: &mut Vec<u8>) {
    let size = u32::try_from(directory.len() + 4).unwrap_or(u32::MAX);
    directory[..4].copy_from_slice(&size.to_le_bytes());
    let crc = part_checksum(uuid, first_seq, DIRECTORY_PLACE, directory);
    directory.extend_from_slice(&crc.to_le_bytes());
}

/// A column of durations as pco has it, and how many there are.
#[derive(Debug, Clone)]
pub struct PcoParts<'a> {
    /// Values, at least 1.
    pub value_count: u32,
    /// Bytes of a value.
    pub width: u8,
    /// The metadata.
    pub meta: &'a [u8],
    /// The bytes of all pages, cut evenly.
    pub pages: &'a [u8],
}

/// The pco metadata and pages of durations that are encoded as a column of their own.
#[must_use]
pub fn parts_of_column(rows: &[Row]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (seed, mut bytes) = (FrameSeed::new(&[7; 16]), Vec::new());
    encode_chunk(&mut bytes, seed, 0, rows, &mut ChunkScratch::default()).ok()?;
    let directory = ChunkDirectory::decode(&bytes, seed, 0).ok()?;
    let spans: Vec<_> = directory.duration_pages(0).collect();
    let slice = |range: Range<u32>| bytes[range.start as usize..range.end as usize].to_vec();
    let meta = slice(directory.meta_range(spans.first()?.page)?);
    let pages = spans.iter().filter_map(|span| directory.page_range(span.page));
    Some((meta, pages.flat_map(slice).collect()))
}

/// A chunk of one series whose durations are `parts`; everything else of it is right.
#[must_use]
pub fn chunk_of_parts(uuid: &[u8; 16], first_seq: u64, parts: &PcoParts<'_>) -> Vec<u8> {
    let count = parts.value_count;
    let page_count = count.div_ceil(8_192);
    let mut out = vec![0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
    for number in [count, 1, 0, count, 4] {
        put_u64(&mut out, u64::from(number));
    }
    let mut entry = Vec::new();
    let mut column = |tag: u64, payload: usize, entry: &mut Vec<u8>| {
        put_u64(&mut out, tag);
        put_u64(&mut out, 1);
        put_u64(&mut out, payload as u64);
        put_bytes(&mut out, entry);
        entry.clear();
    };
    for number in [1, 0, count] {
        put_u64(&mut entry, u64::from(number));
    }
    column(1, 0, &mut entry);
    // Ends: all the same. Series: all the first.
    entry.extend_from_slice(&[1, 1, 0, 0]);
    entry.extend((0..page_count).map(|_| 0));
    (0..page_count).for_each(|_| {
        put_i64(&mut entry, 0);
        put_i64(&mut entry, 0);
        put_u64(&mut entry, 0);
    });
    column(2, 0, &mut entry);
    entry.extend_from_slice(&[1, 1, 0, 0]);
    entry.extend((0..page_count).map(|_| 0));
    column(3, 0, &mut entry);
    // Durations: dense id 0, codec 2.
    entry.extend_from_slice(&[0, 2, parts.width, 0]);
    let step = parts.pages.len().div_ceil(page_count.max(1) as usize).max(1);
    let mut pieces: Vec<&[u8]> = parts.pages.chunks(step).collect();
    pieces.resize(page_count as usize, &[]);
    let mut place = 0;
    for piece in std::iter::once(parts.meta).chain(pieces) {
        put_u64(&mut entry, piece.len() as u64);
        if !piece.is_empty() {
            let crc = part_checksum(uuid, first_seq, place, piece);
            entry.extend_from_slice(&crc.to_le_bytes());
        }
        place += u32::try_from(piece.len()).unwrap_or(0);
    }
    column(4, place as usize, &mut entry);
    seal_directory(uuid, first_seq, &mut out);
    out.extend_from_slice(parts.meta);
    out.extend_from_slice(parts.pages);
    out
}
