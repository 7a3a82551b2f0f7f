//! Laws of chunks: what comes back, and what is refused.

use proptest::prelude::*;

use super::*;
use crate::limits::{CHUNK_ROW_COUNT_MAX, OWN_PAGE_ROW_COUNT_MIN, PAGE_VALUE_COUNT_MAX};
use crate::{FormatError, FrameSeed, PageValues, Row, RowDetail};

fn seed() -> FrameSeed {
    FrameSeed::new(&[7; 16])
}

const FIRST_SEQ: u64 = 1 << 40;

/// SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Rows of some series, the lower ones far more often, in runs of four threads.
fn usual_rows(count: usize, series_count: u64) -> Vec<Row> {
    let mut state = 1;
    let mut end_ns = 1_700_000_000_000_000_000;
    let row = |index: usize| {
        let [series, gap, duration] = [(); 3].map(|()| random(&mut state));
        let series = series % (1 + (series >> 32) % series_count);
        end_ns += i64::try_from(gap % 4_000_000).unwrap() - 100_000;
        Row {
            series: u32::try_from(series * 3 + 5).unwrap(),
            thread: u32::try_from(index / 300 % 4).unwrap(),
            end_ns,
            duration_ns: 1_000 * (series + 1) + duration % 1_000,
        }
    };
    (0..count).map(row).collect()
}

fn encoded(rows: &[Row]) -> Vec<u8> {
    let mut out = vec![1, 2, 3];
    let mut scratch = ChunkScratch::default();
    let shape = encode_chunk(&mut out, seed(), FIRST_SEQ, rows, &mut scratch).unwrap();
    out.drain(..3);
    assert_eq!(shape.size_bytes as usize, out.len());
    out
}

fn check_round_trip(rows: &[Row]) -> Vec<u8> {
    let bytes = encoded(rows);
    let mut back = vec![rows[0]];
    let directory = decode_chunk(&bytes, seed(), FIRST_SEQ, &mut back).unwrap();
    assert!(back == rows, "{} rows came back otherwise", rows.len());
    assert_eq!(directory.size_bytes() as usize, bytes.len());
    assert_eq!(directory.row_count() as usize, rows.len());
    assert_eq!(directory.first_seq(), FIRST_SEQ);
    bytes
}

fn page(bytes: &[u8], directory: &ChunkDirectory, page: u32) -> Result<PageValues, FormatError> {
    let bytes_of = |range: std::ops::Range<u32>| &bytes[range.start as usize..range.end as usize];
    let meta = bytes_of(directory.meta_range(page).unwrap());
    directory.decode_page(seed(), page, meta, bytes_of(directory.page_range(page).unwrap()))
}

#[test]
fn usual_rows_come_back() {
    // Promise: end, duration, series and thread of every row are kept exactly, in every shape.
    for count in [1, 2, 255, 8_192, 8_193, CHUNK_ROW_COUNT_MAX] {
        for series_count in [1, 3, 300, 100_000] {
            check_round_trip(&usual_rows(count, series_count));
        }
    }
}

#[test]
fn extremes_come_back() {
    // Promise: any end and any duration is kept, steps back of any length too.
    let ends = [i64::MIN, i64::MAX, 0, -1, i64::MAX, i64::MIN];
    let durations = [u64::MAX, 0, 1, u64::MAX, 1 << 63, 7];
    let rows = |count: usize| -> Vec<Row> {
        let row = |index: usize| Row {
            series: u32::try_from(index % 5).unwrap() * 399_999,
            thread: if index.is_multiple_of(2) { u32::MAX } else { 0 },
            end_ns: ends[index % ends.len()],
            duration_ns: durations[index % durations.len()],
        };
        (0..count).map(row).collect()
    };
    for count in [1, 2, 3, 6, 100, 8_193] {
        check_round_trip(&rows(count));
    }
}

#[test]
fn a_series_and_a_thread_for_each_row_come_back() {
    // Promise: a chunk holds its rows however they spread over series and threads.
    let mut rows = usual_rows(CHUNK_ROW_COUNT_MAX, 3);
    for (index, row) in (0..).zip(&mut rows) {
        row.series = 1_599_999 - index * 24;
        row.thread = u32::MAX - index;
    }
    let bytes = check_round_trip(&rows);
    let directory = ChunkDirectory::decode(&bytes, seed(), FIRST_SEQ).unwrap();
    assert_eq!(directory.threads().len(), CHUNK_ROW_COUNT_MAX);
    assert_eq!(directory.series().len(), CHUNK_ROW_COUNT_MAX);
}

#[test]
fn pages_read_alone_equal_the_whole() {
    // Promise: a reader may take any page alone, and any stretch of rows, and gets the same.
    let rows = usual_rows(40_000, 60);
    let bytes = encoded(&rows);
    let directory = ChunkDirectory::decode(&bytes, seed(), FIRST_SEQ).unwrap();
    let pages: Vec<PageValues> = (0..directory.page_count())
        .map(|number| page(&bytes, &directory, number).unwrap())
        .collect();
    let mut seen = vec![0; directory.series().len()];
    for (index, row) in (0..).zip(&rows) {
        let value = |(page, index): (u32, u32)| pages[page as usize].get(index as usize).unwrap();
        assert_eq!(value(directory.end_page(index)).cast_signed(), row.end_ns);
        let dense = usize::try_from(value(directory.series_page(index))).unwrap();
        assert_eq!(directory.series()[dense].series, row.series);
        let which: u32 = seen[dense];
        seen[dense] += 1;
        let dense = u32::try_from(dense).unwrap();
        let span = directory.duration_spans(dense, which..which + 1).next().unwrap();
        assert_eq!(value((span.page, span.range.start)), row.duration_ns);
    }
    for (index, page) in directory.end_pages().iter().enumerate() {
        let rows = &rows[index * PAGE_VALUE_COUNT_MAX..][..page.row_count as usize];
        assert_eq!(rows.iter().map(|row| row.end_ns).min(), Some(page.min_end_ns));
        assert_eq!(rows.iter().map(|row| row.end_ns).max(), Some(page.max_end_ns));
    }
    for range in [0..0, 0..1, 0..40_000, 8_191..8_193, 20_000..20_001, 39_000..50_000] {
        let mut asked = Vec::new();
        let mut back = vec![rows[0]];
        let fetch = |page: u32| {
            asked.push(page);
            Ok::<_, FormatError>(&pages[page as usize])
        };
        assemble_rows(&directory, range.clone(), fetch, &mut back).unwrap();
        let end = rows.len().min(range.end as usize);
        assert!(back[1..] == rows[(range.start as usize).min(end)..end], "{range:?}");
        let count = asked.len();
        asked.sort_unstable();
        asked.dedup();
        assert_eq!(asked.len(), count, "a page was asked for twice");
    }
}

#[test]
fn durations_of_a_series_stand_in_its_own_pages_or_in_shared_ones() {
    // Promise: what asks for one function reads little else.
    let rows = usual_rows(CHUNK_ROW_COUNT_MAX, 200);
    let bytes = encoded(&rows);
    let directory = ChunkDirectory::decode(&bytes, seed(), FIRST_SEQ).unwrap();
    let mut own_count = 0;
    for (dense, series) in (0..).zip(directory.series()) {
        let mut durations = Vec::new();
        let mut page_values = 0;
        for span in directory.duration_pages(dense) {
            let range = span.range.start as usize..span.range.end as usize;
            page(&bytes, &directory, span.page).unwrap().extend_range_into(range, &mut durations);
            page_values += directory.page_value_count(span.page).unwrap();
        }
        let of_series = rows.iter().filter(|row| row.series == series.series);
        assert!(durations.iter().eq(of_series.map(|row| &row.duration_ns)));
        if series.row_count as usize >= OWN_PAGE_ROW_COUNT_MIN {
            assert_eq!(page_values, series.row_count);
            own_count += 1;
        }
    }
    assert!(own_count > 0 && own_count < directory.series().len());
    let nothing = directory.duration_pages(u32::MAX);
    assert_eq!(nothing.count(), 0);
}

#[test]
fn what_cannot_be_a_chunk_is_not_written() {
    // Promise: an encoder never writes what a decoder refuses.
    let mut out = vec![1];
    let mut scratch = ChunkScratch::default();
    let mut write = |rows: &[Row]| encode_chunk(&mut out, seed(), 0, rows, &mut scratch).is_err();
    assert!(write(&[]));
    assert!(write(&usual_rows(CHUNK_ROW_COUNT_MAX + 1, 3)));
    assert!(write(&[Row { series: 1_600_000, thread: 0, end_ns: 0, duration_ns: 0 }]));
    assert_eq!(out, [1]);
}

#[test]
fn scratch_leaves_no_trace_in_the_next_chunk() {
    // Promise: the same rows give the same bytes, whatever was encoded before.
    let mut scratch = ChunkScratch::default();
    let mut write = |rows: &[Row]| {
        let mut out = Vec::new();
        encode_chunk(&mut out, seed(), FIRST_SEQ, rows, &mut scratch).unwrap();
        out
    };
    for (count, series_count) in [(9_000, 300), (20, 2), (9_000, 50), (100, 100)] {
        let rows = usual_rows(count, series_count);
        assert!(write(&rows) == encoded(&rows), "{count} rows");
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    // Promise: bytes read from disk are never trusted.
    for (rows, step) in [(usual_rows(200, 7), 1), (usual_rows(1_100, 1), 97)] {
        let bytes = encoded(&rows);
        let mut back = Vec::new();
        for bit in (0..bytes.len() * 8).step_by(step) {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_chunk(&bad, seed(), FIRST_SEQ, &mut back).is_err(), "bit {bit}");
            assert!(back.is_empty());
        }
        for length in (0..bytes.len()).step_by(step) {
            let cut = decode_chunk(&bytes[..length], seed(), FIRST_SEQ, &mut back);
            assert!(cut.is_err(), "length {length}");
        }
    }
}

#[test]
fn chunks_and_pages_elsewhere_are_refused() {
    // Promise: a page that turns up elsewhere is noticed; a chunk can be copied, but not renamed.
    let rows = usual_rows(20_000, 3);
    let bytes = encoded(&rows);
    let other_lane = FrameSeed::new(&[8; 16]);
    assert!(ChunkDirectory::decode(&bytes, other_lane, FIRST_SEQ).is_err());
    assert!(ChunkDirectory::decode(&bytes, seed(), FIRST_SEQ + 1).is_err());
    let directory = ChunkDirectory::decode(&bytes, seed(), FIRST_SEQ).unwrap();
    let slice = |range: std::ops::Range<u32>| &bytes[range.start as usize..range.end as usize];
    let meta = |page| slice(directory.meta_range(page).unwrap());
    let payload = |page| slice(directory.page_range(page).unwrap());
    for page in 0..directory.page_count() {
        for other in 0..directory.page_count() {
            let found = directory.decode_page(seed(), page, meta(other), payload(other));
            assert_eq!(found.is_ok(), page == other, "page {other} as {page}");
        }
        let found = directory.decode_page(other_lane, page, meta(page), payload(page));
        assert!(found.is_err());
    }
    assert!(directory.decode_page(seed(), directory.page_count(), &[], &[]).is_err());
    assert_eq!(directory.page_range(u32::MAX), None);
}

#[test]
fn pages_of_another_chunk_give_an_error() {
    // Promise: pages that contradict the directory give an error, not wrong rows.
    let (rows, others) = (usual_rows(9_000, 6), usual_rows(9_000, 5));
    let (bytes, other_bytes) = (encoded(&rows), encoded(&others));
    let directory = ChunkDirectory::decode(&bytes, seed(), FIRST_SEQ).unwrap();
    let other = ChunkDirectory::decode(&other_bytes, seed(), FIRST_SEQ).unwrap();
    let mut back = Vec::new();
    let fetch = |number: u32| page(&other_bytes, &other, number);
    assert!(assemble_rows(&directory, 0..9_000, fetch, &mut back).is_err());
    assert!(back.is_empty());
}

/// A chunk with one more column that has this tag, these flags and two bytes of payload.
fn with_column(bytes: &[u8], tag: u64, flags: u64) -> Vec<u8> {
    let size = u32::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let mut directory = bytes[..size - 4].to_vec();
    // The count of columns stands behind the one series; these chunks have four.
    let count_at = directory.iter().skip(10).position(|&byte| byte == 4).unwrap() + 10;
    directory[count_at] = 5;
    for value in [tag, flags, 2, 3, 1, 1, 1] {
        crate::varint::put_u64(&mut directory, value);
    }
    let length = u32::try_from(directory.len() + 4).unwrap();
    directory[..4].copy_from_slice(&length.to_le_bytes());
    resealed(directory, &[&bytes[size..], &[1, 2]].concat())
}

/// A directory that lacks its checksum, with it and the payloads.
fn resealed(mut directory: Vec<u8>, payloads: &[u8]) -> Vec<u8> {
    let crc = seed().part(FIRST_SEQ, u32::MAX, &directory);
    directory.extend_from_slice(&crc.to_le_bytes());
    directory.extend_from_slice(payloads);
    directory
}

#[test]
fn unknown_columns_are_skipped_or_refused_as_they_say() {
    // Promise: an older program reads what it understands and refuses what it must not guess.
    let row = Row { series: 1, thread: 2, end_ns: 77, duration_ns: 99 };
    let bytes = encoded(&[row]);
    let mut back = Vec::new();
    let optional = with_column(&bytes, 99, 0);
    let directory = decode_chunk(&optional, seed(), FIRST_SEQ, &mut back).unwrap();
    assert_eq!((back.as_slice(), directory.size_bytes() as usize), (&[row][..], optional.len()));
    let required = decode_chunk(&with_column(&bytes, 99, 1), seed(), FIRST_SEQ, &mut back);
    assert!(matches!(required, Err(FormatError::Unsupported { found: 99, .. })), "{required:?}");
    // A column of ours at the wrong place, or twice.
    for tag in 1..=5 {
        let found = decode_chunk(&with_column(&bytes, tag, 1), seed(), FIRST_SEQ, &mut back);
        assert!(found.is_err(), "tag {tag}");
    }
    for (at, value) in [(4, 2), (6, 1)] {
        let size = u32::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
        let mut newer = bytes[..size - 4].to_vec();
        newer[at] = value;
        let newer = decode_chunk(&resealed(newer, &bytes[size..]), seed(), FIRST_SEQ, &mut back);
        assert!(matches!(newer, Err(FormatError::Unsupported { .. })));
    }
}

#[test]
fn directories_that_lie_are_refused_or_harmless() {
    // Promise: no length, count or id in a file is trusted, checksum or not.
    let bytes = encoded(&usual_rows(1_500, 3));
    let size = u32::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let mut back = Vec::new();
    for at in 4..size - 4 {
        for value in [0, 1, 0x7f, 0x80, 0xff, bytes[at].wrapping_add(1), bytes[at] ^ 0x40] {
            let mut directory = bytes[..size - 4].to_vec();
            directory[at] = value;
            let bad = resealed(directory, &bytes[size..]);
            if let Ok(directory) = decode_chunk(&bad, seed(), FIRST_SEQ, &mut back) {
                assert_eq!(back.len(), directory.row_count() as usize);
            }
            if let Ok(directory) = ChunkDirectory::decode(&bad, seed(), FIRST_SEQ) {
                assert!(directory.memory_bytes() < 10_000);
            }
        }
    }
}

#[test]
fn directories_that_lie_at_random_are_refused_or_harmless() {
    // Promise: the same for lies that belong together.
    let bytes = encoded(&usual_rows(9_000, 12));
    let size = u32::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let rounds = std::env::var("FUZZ_ROUNDS").map_or(1_000, |rounds| rounds.parse().unwrap());
    let (mut state, mut back) = (5, Vec::new());
    for _ in 0..rounds {
        let mut directory = bytes[..size - 4].to_vec();
        for _ in 0..=random(&mut state) % 4 {
            let at = 10 + usize::try_from(random(&mut state)).unwrap() % (size - 14);
            directory[at] = random(&mut state).to_le_bytes()[0] >> (random(&mut state) % 8);
        }
        let bad = resealed(directory, &bytes[size..]);
        if let Ok(directory) = decode_chunk(&bad, seed(), FIRST_SEQ, &mut back) {
            assert_eq!(back.len(), directory.row_count() as usize);
        }
        if let Ok(directory) = ChunkDirectory::decode(&bad, seed(), FIRST_SEQ) {
            assert!(directory.memory_bytes() < 20_000);
        }
    }
}

#[test]
fn a_directory_is_small() {
    // Promise: opening a chunk costs a kilobyte or two.
    let bytes = encoded(&usual_rows(CHUNK_ROW_COUNT_MAX, 30));
    let directory = ChunkDirectory::decode(&bytes, seed(), FIRST_SEQ).unwrap();
    assert!(directory.directory_size_bytes() < 2_000, "{}", directory.directory_size_bytes());
    assert!(directory.memory_bytes() < 8_000, "{}", directory.memory_bytes());
}

#[test]
fn rows_without_any_pattern_take_what_they_take_raw() {
    // Promise: compression never costs more than one percent.
    let mut state = 3;
    let row = |_| Row {
        series: u32::try_from(random(&mut state) % 65_536).unwrap(),
        thread: 0,
        end_ns: random(&mut state).cast_signed(),
        duration_ns: random(&mut state),
    };
    let rows: Vec<Row> = (0..CHUNK_ROW_COUNT_MAX).map(row).collect();
    let bytes = check_round_trip(&rows);
    let directory = ChunkDirectory::decode(&bytes, seed(), FIRST_SEQ).unwrap();
    let payload = bytes.len() - directory.directory_size_bytes() as usize;
    // The table of its 41,000 series is the price of reading a chunk without anything else.
    assert!(payload <= CHUNK_ROW_COUNT_MAX * 18 / 100 * 101, "{payload}");
    assert!(directory.directory_size_bytes() < 131_072);
}

prop_compose! {
    fn any_row()(
        series in prop_oneof![0..4_u32, 0..1_600_000_u32],
        thread in prop_oneof![0..2_u32, any::<u32>()],
        end_ns in prop_oneof![0..1_000_i64, any::<i64>()],
        duration_ns in prop_oneof![0..1_000_u64, any::<u64>()],
    ) -> Row {
        Row { series, thread, end_ns, duration_ns }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_rows_come_back(
        rows in prop::collection::vec(any_row(), 1..300), repeat in 1..40_usize
    ) {
        // Promise: whatever the rows, they come back exactly.
        check_round_trip(&rows.repeat(repeat));
    }
}

#[test]
fn details_are_a_column_that_rows_do_not_need() {
    // Promise: details come back with their own rows; rows are the same with and without; a flipped
    // bit of a detail is noticed and costs no row.
    let rows = usual_rows(3_000, 3);
    let detail =
        |at: u64, text: &str| RowDetail { seq: FIRST_SEQ + at, bytes: text.as_bytes().into() };
    let details = [detail(0, "first"), detail(7, ""), detail(2_999, "last")];
    let mut bytes = Vec::new();
    let mut scratch = ChunkScratch::default();
    let told = (&rows[..], &details[..]);
    let shape =
        encode_chunk_with_details(&mut bytes, seed(), FIRST_SEQ, told, &mut scratch).unwrap();
    assert_eq!(shape.size_bytes as usize, bytes.len());
    let mut back = Vec::new();
    let directory = decode_chunk(&bytes, seed(), FIRST_SEQ, &mut back).unwrap();
    assert_eq!(back, rows);
    assert_eq!(directory.size_bytes() as usize, bytes.len());
    let range = directory.details_range().unwrap();
    let range = range.start as usize..range.end as usize;
    assert_eq!(directory.decode_details(seed(), &bytes[range.clone()]).unwrap(), details);
    assert!(verify_chunk(&bytes, seed(), FIRST_SEQ).is_ok());
    for bit in range.start * 8..range.end * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(decode_chunk(&bad, seed(), FIRST_SEQ, &mut back).is_ok());
        assert!(directory.decode_details(seed(), &bad[range.clone()]).is_err(), "bit {bit}");
        assert!(verify_chunk(&bad, seed(), FIRST_SEQ).is_err(), "bit {bit}");
    }
    let other = [detail(3_000, "of another chunk")];
    let mut out = vec![1];
    let told = (&rows[..], &other[..]);
    assert!(encode_chunk_with_details(&mut out, seed(), FIRST_SEQ, told, &mut scratch).is_err());
    assert_eq!(out, [1]);
    assert_eq!(verify_chunk(&encoded(&rows), seed(), FIRST_SEQ).unwrap().details_range(), None);
}
