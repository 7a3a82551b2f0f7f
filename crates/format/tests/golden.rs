//! Golden files: bytes that this version writes, kept in `tests/golden`.
//!
//! A file that is no longer written byte for byte the same, or no longer read, is a break of the
//! format: databases on disk hold such bytes. This writes the files anew:
//!
//! `UPDATE_GOLDEN=1 cargo test -p kronicler-format --test golden`
//!
//! Do so only together with a new version in `docs/format.md`, and keep the old files under
//! another name as long as they must be readable.

use std::fs;
use std::path::PathBuf;

use kronicler_format::{
    ChunkEntry, ChunkScratch, Flags, Footer, FooterName, FooterSeries, FrameSeed, Kind, Outcome,
    Row, Run, SegmentHeader, SeriesEntry, decode_chunk, encode_chunk,
};

const FIRST_SEQ: u64 = 70_000;

fn seed() -> FrameSeed {
    FrameSeed::new(b"0123456789abcdef")
}

/// The bytes of the file with this name, after comparing them with `written`.
fn golden(name: &str, written: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, written).expect("the golden file can be written");
    }
    let kept = fs::read(&path).expect("there is a golden file");
    assert!(kept == written, "{name} is written otherwise than it was");
    kept
}

/// SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn check_chunk(name: &str, rows: &[Row]) {
    let mut written = Vec::new();
    let mut scratch = ChunkScratch::default();
    encode_chunk(&mut written, seed(), FIRST_SEQ, rows, &mut scratch).expect("there are few rows");
    let mut back = Vec::new();
    decode_chunk(&golden(name, &written), seed(), FIRST_SEQ, &mut back)
        .expect("the golden chunk is whole");
    assert!(back == rows, "{name} is read otherwise than it was written");
}

fn row(index: u32, series: u32, end_ns: i64, duration_ns: u64) -> Row {
    Row { series, thread: index / 50 % 3, end_ns, duration_ns }
}

#[test]
fn a_chunk_of_constants() {
    // Promise: chunks whose columns are constant stay readable, byte for byte.
    let rows: Vec<Row> = (0..1_030).map(|_| row(0, 7, 1_700_000_000_000_000_000, 250)).collect();
    check_chunk("chunk-constant.bin", &rows);
}

#[test]
fn a_chunk_of_raw_values() {
    // Promise: chunks whose columns are raw stay readable, byte for byte.
    let mut state = 1;
    let noise = |index| {
        let [end, duration] = [(); 2].map(|()| random(&mut state));
        row(index, index * 11 % 5, end.cast_signed(), duration)
    };
    check_chunk("chunk-raw.bin", &(0..100).map(noise).collect::<Vec<_>>());
}

#[test]
fn a_chunk_of_compressed_values() {
    // Promise: chunks whose columns are compressed stay readable, byte for byte.
    let mut state = 2;
    let mut end_ns = 1_700_000_000_000_000_000;
    let usual = |index| {
        let [series, gap, duration] = [(); 3].map(|()| random(&mut state));
        end_ns += i64::try_from(gap % 3_000_000).unwrap() - 10_000;
        let series = u32::try_from(series % (1 + series % 9)).unwrap();
        row(index, series * 1_000, end_ns, 1_000 * u64::from(series + 1) + duration % 700)
    };
    check_chunk("chunk-compressed.bin", &(0..8_300).map(usual).collect::<Vec<_>>());
}

#[test]
fn a_chunk_of_patterns() {
    // Promise: multiples of a base and repeated series stay readable, byte for byte.
    let mut state = 3;
    let regular = |index: u32| {
        let [gap, duration] = [(); 2].map(|()| i64::try_from(random(&mut state) >> 40).unwrap());
        let end_ns = 1_700_000_000_000_000_000 + i64::from(index) * 10_000_000 + gap % 90_000 * 100;
        row(index, index % 30 * 7 % 31, end_ns, duration.cast_unsigned() % 500_000 * 100)
    };
    check_chunk("chunk-patterns.bin", &(0..9_000).map(regular).collect::<Vec<_>>());
}

#[test]
fn a_segment_header() {
    // Promise: segments stay readable, byte for byte.
    let header =
        SegmentHeader { lane: 3, uuid: *b"0123456789abcdef", id: 5, created_ns: 1_700_000_000 };
    let kept = golden("segment-header.bin", &header.encode());
    assert_eq!(SegmentHeader::decode(&kept), Ok(header));
}

#[test]
fn a_footer() {
    // Promise: footers stay readable, byte for byte.
    let chunk = |offset, first_seq| ChunkEntry {
        offset,
        size_bytes: 300_000,
        directory_size_bytes: 900,
        first_seq,
        row_count: 65_536,
        min_end_ns: -5,
        max_end_ns: 1_700_000_000_000_000_000,
        max_duration_ns: u64::MAX,
        first_arrival_ns: 1_699_999_999_000_000_000,
        last_arrival_ns: 1_700_000_000_000_000_000,
    };
    let run = Run { service: "shop".into(), version: "1.2".into(), pid: 77, ..Run::default() };
    let entry = SeriesEntry {
        name: 1,
        flags: Flags::new(Outcome::Aborted, Kind::Async),
        weight: 10,
        status_class: 4,
    };
    let footer = Footer {
        chunks: vec![chunk(64, 0), chunk(300_064, 65_536)],
        runs: vec![run],
        names: ["getOrders", "Größe"]
            .map(|name| FooterName { name: name.into(), source: "src/a.js:1".into() })
            .to_vec(),
        series: vec![FooterSeries { series: 40, entry, statistics: vec![1, 2, 3] }],
    };
    let mut written = Vec::new();
    footer.encode(seed(), 5, &mut written).unwrap();
    assert_eq!(Footer::decode(&golden("footer.bin", &written), seed(), 5), Ok(footer));
}
