//! Databases of one lane in memory: a head log and segments, put together without the writer so
//! that the same bytes always give the same files.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::varint::{put_i64, put_u64};
use kronicler_format::{
    Checkpoint, ChunkDirectory, ChunkEntry, Counters, Edit, Flags, Footer, FooterName,
    FooterSeries, FrameKind, FrameSeed, Head, Hook, HookKind, Hooks, Kind, NameEntry, NamesFrame,
    Outcome, Row, RowDetail, Run, SegmentEntry, SegmentHeader, SeriesEntry, encode_details,
    encode_frame, encode_rows,
};
use kronicler_stats::Summary;
use kronicler_store::{FileKind, Memory, Storage, file_path, head_path, lane_dir};

use crate::{Changes, Input, change_chunk, encoded_chunk, repair_header, seeded_checksum};

/// Where the database lies.
pub const ROOT: &str = "/data";
/// The lane's identity.
pub const UUID: [u8; 16] = [7; 16];
const NOW_NS: i64 = 1_750_000_000_000_000_000;
const HEAD: Head = Head { lane: 0, uuid: UUID, generation: 1, created_ns: NOW_NS, first_seq: 0 };

/// A disk with these files in lane 0.
#[must_use]
pub fn disk_of(files: &[(PathBuf, Vec<u8>)]) -> Arc<dyn Storage> {
    let disk = Memory::default();
    let dir = lane_dir(Path::new(ROOT), 0);
    disk.create_dir(&dir).expect("memory has directories");
    for (path, bytes) in files {
        let file = disk.create(path).expect("each file stands there once");
        file.append(bytes).expect("memory has room");
    }
    Arc::new(disk)
}

/// A head log whose frames have the kinds and payloads of `input`, and right checksums.
#[must_use]
pub fn head_of_payloads(input: &mut Input<'_>) -> Vec<u8> {
    let mut out = headers(&mut Changes::default());
    while !input.is_empty() {
        let (kind, junk) = (kind_of(input.byte()), input.byte());
        let payload = input.sized();
        put_frame(&mut out, kind, payload);
        // Now and then what a crash or a defect of the disk leaves between two frames.
        if junk > 250 {
            out.extend_from_slice(&[b'K', b'R', 4, 0, junk]);
        }
    }
    out
}

fn kind_of(number: u8) -> FrameKind {
    use FrameKind::{
        Arrival, Checkpoint, Closed, Counters, Detail, Edit, Hooks, Names, Ready, Rows, Run,
    };
    let kinds =
        [Checkpoint, Run, Names, Rows, Counters, Ready, Closed, Edit, Arrival, Detail, Hooks];
    kinds[usize::from(number) % kinds.len()]
}

fn put_frame(out: &mut Vec<u8>, kind: FrameKind, payload: &[u8]) {
    let at = out.len() as u64;
    let put = |out: &mut Vec<u8>| out.extend_from_slice(payload);
    // One that is too long for a frame is left out.
    let _ = encode_frame(out, FrameSeed::new(&UUID), at, kind, put);
}

fn headers(changes: &mut Changes<'_>) -> Vec<u8> {
    let mut head = HEAD.encode().to_vec();
    changes.make(&mut head);
    repair_header(&mut head);
    head.repeat(2)
}

/// The files of a database that is as it should be: two segments and rows behind them.
#[must_use]
pub fn plain_database() -> Vec<(PathBuf, Vec<u8>)> {
    files(&mut Changes::default(), 40, NOW_NS)
}

/// The same, changed as `input` says before the checksums were made.
#[must_use]
pub fn damaged_database(input: &mut Input<'_>) -> Vec<(PathBuf, Vec<u8>)> {
    let row_count = u64::from(input.byte()) + 1;
    files(&mut Changes::of(input), row_count, NOW_NS)
}

fn files(changes: &mut Changes<'_>, count: u64, now_ns: i64) -> Vec<(PathBuf, Vec<u8>)> {
    let dir = lane_dir(Path::new(ROOT), 0);
    let (first, one) = segment(changes, 1, 0, &rows(0..count, now_ns));
    let (second, two) = segment(changes, 2, count, &rows(count..count + 9, now_ns));
    let sealed_seq = count + 9;
    let mut out = headers(changes);
    let mut put = |kind, mut payload: Vec<u8>| {
        changes.make(&mut payload);
        put_frame(&mut out, kind, &payload);
    };
    let counters = Counters { dropped_ring: 3, ..Counters::default() };
    let edit = |number, sealed_seq, segments_in| Edit {
        number,
        sealed_seq,
        next_file_id: 3,
        segments_in,
        ..Edit::default()
    };
    let manifest = edit(1, count, vec![one]);
    put(FrameKind::Checkpoint, encoded(|out| Checkpoint { counters, manifest }.encode(out)));
    put(FrameKind::Ready, Vec::new());
    put(FrameKind::Run, encoded(|out| run().encode(out)));
    put(FrameKind::Names, encoded(|out| names().encode(out)));
    put(FrameKind::Arrival, encoded(|out| put_i64(out, now_ns)));
    // No frame of rows spans the end of what was sealed.
    for seqs in [count..sealed_seq, sealed_seq..sealed_seq + 20] {
        let rows = rows(seqs.clone(), now_ns);
        put(FrameKind::Rows, encoded(|out| encode_rows(out, seqs.start, &rows)));
        let details = [seqs.start, seqs.end - 1, seqs.end];
        let details = details.map(|seq| RowDetail { seq, bytes: [1, 2, b'E', b'r'].into() });
        put(FrameKind::Detail, encoded(|out| encode_details(out, 0, &details)));
    }
    put(FrameKind::Hooks, encoded(|out| hooks().encode(out)));
    put(FrameKind::Edit, encoded(|out| edit(2, sealed_seq, vec![two]).encode(out)));
    put(FrameKind::Counters, encoded(|out| counters.encode(out)));
    put(FrameKind::Closed, encoded(|out| put_u64(out, sealed_seq + 20)));
    vec![
        (head_path(&dir, 1), out),
        (file_path(&dir, FileKind::Segment, 1), first),
        (file_path(&dir, FileKind::Segment, 2), second),
    ]
}

fn encoded(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

fn rows(seqs: std::ops::Range<u64>, now_ns: i64) -> Vec<Row> {
    let row = |seq: u64| Row {
        series: (seq % 3) as u32,
        thread: (seq / 7 % 2) as u32,
        end_ns: now_ns + seq.cast_signed() * 1_000,
        duration_ns: seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44,
    };
    seqs.map(row).collect()
}

fn run() -> Run {
    Run { service: "shop".into(), version: "1".into(), start_ns: NOW_NS, ..Run::default() }
}

/// What a process has hooked.
#[must_use]
pub fn hooks() -> Hooks {
    let hook = |kind, functions| Hook {
        kind,
        subject: "./src/**".into(),
        functions,
        remark: "src/users:add".into(),
    };
    Hooks { list: vec![hook(HookKind::Channel, 0), hook(HookKind::Pattern, 3)], left_out: 1 }
}

fn entries() -> Vec<SeriesEntry> {
    let flags = Flags::new(Outcome::Ok, Kind::Sync);
    (0..3).map(|name| SeriesEntry { name, flags, weight: 1, status_class: 0 }).collect()
}

fn names() -> NamesFrame<'static> {
    let names = ["cart", "pay", "ship"].map(|name| NameEntry { name, source: "a.js:1" });
    NamesFrame { first_name: 0, names: names.to_vec(), first_series: 0, series: entries() }
}

/// A segment of one chunk, and what the manifest says of it.
fn segment(
    changes: &mut Changes<'_>,
    id: u64,
    first_seq: u64,
    rows: &[Row],
) -> (Vec<u8>, SegmentEntry) {
    let header = SegmentHeader { lane: 0, uuid: UUID, id, created_ns: NOW_NS };
    let mut out = header.encode().to_vec();
    let chunk = change_chunk(&UUID, first_seq, good_chunk(first_seq, rows), changes);
    let entry = chunk_entry(&chunk, first_seq, rows);
    out.extend(chunk);
    let at = out.len();
    let footer = footer(entry, rows);
    footer.encode(FrameSeed::new(&UUID), id, &mut out).expect("it is small");
    let mut sections = out.split_off(at);
    sections.truncate(sections.len() - 24);
    changes.make(&mut sections);
    put_footer(&mut out, id, &sections);
    let end_seq = first_seq + rows.len() as u64;
    let ChunkEntry { min_end_ns, max_end_ns, max_duration_ns, .. } = entry;
    let segment = SegmentEntry {
        id,
        first_seq,
        end_seq,
        row_count: rows.len() as u64,
        chunk_count: 1,
        size_bytes: out.len() as u64,
        footer_size_bytes: u32::try_from(out.len() - at).unwrap_or(u32::MAX),
        min_end_ns,
        max_end_ns,
        max_duration_ns,
        first_arrival_ns: NOW_NS,
        last_arrival_ns: NOW_NS,
    };
    (out, segment)
}

/// The chunk of these rows, which follow from their number: encoded once.
fn good_chunk(first_seq: u64, rows: &[Row]) -> Vec<u8> {
    thread_local! {
        static CHUNKS: RefCell<HashMap<(u64, usize), Vec<u8>>> = RefCell::default();
    }
    CHUNKS.with_borrow_mut(|chunks| {
        let chunk = chunks.entry((first_seq, rows.len()));
        chunk.or_insert_with(|| encoded_chunk(&UUID, first_seq, rows)).clone()
    })
}

/// Appends sections and the trailer that fits them.
pub fn put_footer(out: &mut Vec<u8>, id: u64, sections: &[u8]) {
    let at = out.len();
    out.extend_from_slice(sections);
    let size = u32::try_from(sections.len() + 24).unwrap_or(u32::MAX);
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0]);
    let crc = seeded_checksum(&UUID, id, &out[at..]);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(b"KRONFOOT");
}

fn chunk_entry(chunk: &[u8], first_seq: u64, rows: &[Row]) -> ChunkEntry {
    let directory = ChunkDirectory::decode(chunk, FrameSeed::new(&UUID), first_seq);
    // Of a directory that cannot be decoded the footer may say anything.
    let sizes = directory.map(|found| (found.size_bytes(), found.directory_size_bytes()));
    let size = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
    let (size_bytes, directory_size_bytes) = sizes.unwrap_or((size, size));
    let ends = rows.iter().map(|row| row.end_ns);
    ChunkEntry {
        offset: 64,
        size_bytes,
        directory_size_bytes,
        first_seq,
        row_count: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        min_end_ns: ends.clone().min().unwrap_or_default(),
        max_end_ns: ends.max().unwrap_or_default(),
        max_duration_ns: rows.iter().map(|row| row.duration_ns).max().unwrap_or_default(),
        first_arrival_ns: NOW_NS,
        last_arrival_ns: NOW_NS,
    }
}

fn footer(chunk: ChunkEntry, rows: &[Row]) -> Footer {
    let series = entries().into_iter().zip(0..).filter_map(|(entry, id)| {
        let mut summary = Summary::new();
        let own = (chunk.first_seq..).zip(rows).filter(|(_, row)| row.series == id);
        own.for_each(|(seq, row)| summary.add(seq, row));
        let statistics = encoded(|out| summary.encode(out));
        (!summary.moments.is_empty()).then_some(FooterSeries { series: id, entry, statistics })
    });
    let names = names()
        .names
        .into_iter()
        .map(|entry| FooterName { name: entry.name.into(), source: entry.source.into() });
    Footer {
        chunks: vec![chunk],
        runs: vec![run()],
        names: names.collect(),
        series: series.collect(),
    }
}
