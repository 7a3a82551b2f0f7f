//! A whole database of this version: read, and written again byte for byte.
//!
//! After a wanted change of the format: `KRONICLER_GOLDEN=write cargo test -p kronicler-store
//! --test golden`, and raise the version that the files carry.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::{Counters, Flags, Kind, Outcome, Row, Run, SeriesEntry};
use kronicler_store::{
    Batch, Dictionary, Directory, HistoryLimits, LaneState, LaneWriter, Memory, MergePolicy,
    Opened, Seal, Storage, lane_dir, verify,
};

const BEGIN_NS: i64 = 1_700_000_000_000_000_000;
/// Rows that expire, that are sealed and joined, that are sealed alone, and that are not.
const SIZES: [u64; 5] = [40, 3_000, 2_000, 30, 9];

fn root() -> PathBuf {
    PathBuf::from("/golden")
}

/// The row with this sequence, from a rule anyone can follow.
fn row(seq: u64) -> (u64, Outcome, Row) {
    let outcome = if seq % 11 == 5 { Outcome::Error } else { Outcome::Ok };
    let duration_ns = 1_000 + (seq * 7_919 % 2_003) * (seq * 104_729 % 331);
    let end_ns =
        BEGIN_NS + seq.cast_signed() * 1_000_003 - i64::from(seq.is_multiple_of(5)) * 2_000_000;
    let thread = u32::from(seq / 100 % 3 == 1);
    (seq % 7, outcome, Row { series: 0, thread, end_ns, duration_ns })
}

struct Life {
    writer: LaneWriter,
    state: LaneState,
    names: Dictionary,
}

impl Life {
    fn append(&mut self, count: u64) {
        let first_seq = self.state.next_seq;
        let rows = (first_seq..first_seq + count).map(|seq| {
            let (name, outcome, row) = row(seq);
            let flags = Flags::new(outcome, Kind::Sync);
            let entry = SeriesEntry { name: 0, flags, weight: 1, status_class: 0 };
            let series = self.names.intern(&format!("f{name}"), "shop.js:7", entry);
            Row { series, ..row }
        });
        let rows: Vec<Row> = rows.collect();
        let counters = Some(Counters { dropped_ring: first_seq, ..Counters::default() });
        let now_ns = BEGIN_NS + first_seq.cast_signed() * 1_000_000_000;
        let batch = Batch { names: &self.names, rows: &rows, first_seq, counters, now_ns };
        self.writer.append(&batch).expect("rows in the log");
        self.writer.absorb_into(&mut self.state, &rows);
    }

    fn seal(&mut self) {
        assert!(self.writer.seal(&self.state, Seal::All, BEGIN_NS).expect("a segment"));
        self.writer.absorb_into(&mut self.state, &[]);
    }
}

/// Writes the database: rows in each place they can be.
fn write(storage: &Arc<dyn Storage>) {
    let run = Run {
        service: "shop".into(),
        version: "1.2.3".into(),
        host: "web-1".into(),
        pid: 4_711,
        start_ns: BEGIN_NS,
        clock: "tsc".into(),
        ..Run::default()
    };
    let (writer, state) = LaneWriter::open(storage, &root(), run, 0).expect("a lane");
    let mut life = Life { writer, state, names: Dictionary::default() };
    for size in &SIZES[..3] {
        life.append(*size);
        life.seal();
    }
    let limits = HistoryLimits::default();
    assert!(life.writer.expire(&life.state, 1, &limits, BEGIN_NS).expect("rows expire"));
    life.writer.absorb_into(&mut life.state, &[]);
    let policy = MergePolicy { size_bytes_max: 1 << 20, span_ns_max: i64::MAX, is_eager: true };
    assert!(life.writer.merge(&life.state, &policy, BEGIN_NS).expect("segments are joined"));
    life.writer.absorb_into(&mut life.state, &[]);
    life.append(SIZES[3]);
    life.seal();
    life.state = life.writer.rotate(&life.state, BEGIN_NS).expect("a new head");
    life.append(SIZES[4]);
    life.writer.close(&life.state).expect("a closed lane");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/format-1")
}

/// The files of lane 0, by name.
fn files(storage: &dyn Storage) -> Vec<(String, Vec<u8>)> {
    let dir = lane_dir(&root(), 0);
    let mut names = storage.list(&dir).expect("a lane");
    names.retain(|name| name != "lock");
    names.sort_unstable();
    let read = |name: String| {
        let file = storage.open(&dir.join(&name)).expect("a file");
        let len = usize::try_from(file.stat().expect("a length").len).expect("small");
        let mut bytes = vec![0; len];
        assert_eq!(file.read_at(0, &mut bytes).expect("bytes"), len);
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}

#[test]
fn a_database_is_written_as_ever() {
    // Promise: the format of a version never changes: the same life gives the same bytes.
    let memory = Memory::default();
    memory.count_uuids(7);
    let storage: Arc<dyn Storage> = Arc::new(memory);
    write(&storage);
    let written = files(&*storage);
    if std::env::var("KRONICLER_GOLDEN").is_ok_and(|value| value == "write") {
        let _ = fs::remove_dir_all(folder());
        fs::create_dir_all(folder()).expect("a folder");
        for (name, bytes) in &written {
            fs::write(folder().join(name), bytes).expect("a file");
        }
    }
    let stored = fs::read_dir(folder()).expect("golden files are there").map(|entry| {
        let entry = entry.expect("a file");
        let name = entry.file_name().into_string().expect("a name");
        (name, fs::read(entry.path()).expect("bytes"))
    });
    let mut stored: Vec<_> = stored.collect();
    stored.sort_unstable();
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&stored), names(&written));
    for ((name, stored), (_, written)) in stored.iter().zip(&written) {
        assert!(stored == written, "{name} is written differently than before");
    }
}

#[test]
fn a_stored_database_keeps_its_meaning() {
    // Promise: what this version wrote once is read for ever: rows, statistics, account.
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let dir = lane_dir(&root(), 0);
    storage.create_dir(&dir).expect("a folder");
    for entry in fs::read_dir(folder()).expect("golden files are there") {
        let entry = entry.expect("a file");
        let file = storage.create(&dir.join(entry.file_name())).expect("a file");
        file.append(&fs::read(entry.path()).expect("bytes")).expect("room");
    }
    let report = verify(&storage, &root()).expect("it can be read");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    let snapshot = Directory::new(Arc::clone(&storage), root()).snapshot(None).expect("a lane");
    let view = &snapshot.lanes[0];
    let (state, total) = (&view.state, SIZES.iter().sum::<u64>());
    assert_eq!(
        (state.floor_seq, state.next_seq, state.live()),
        (SIZES[0], total, total - SIZES[0])
    );
    assert_eq!((state.segments.len(), state.histories.len(), state.is_closed), (2, 1, true));
    assert_eq!(state.counters.dropped_ring, total - SIZES[4]);
    let mut found = Vec::new();
    for entry in state.segments.iter() {
        let Opened::Found(mut segment) = view.segment(entry).expect("it can be read") else {
            unreachable!("a segment is damaged");
        };
        for index in 0..segment.footer().chunks.len() {
            let mut chunk = segment.chunk(index).expect("it can be read").expect("it is whole");
            let row_count = chunk.entry().row_count;
            assert!(chunk.rows(0..row_count, &mut found).expect("it can be read"));
        }
    }
    let mut reader = view.blocks().expect("it can be read").expect("a log");
    for block in state.blocks() {
        let mut rows = Vec::new();
        assert!(reader.read(block, &mut rows).expect("it can be read"));
        found.extend(rows);
    }
    for (seq, found) in (SIZES[0]..).zip(&found) {
        let (name, outcome, expected) = row(seq);
        assert_eq!(*found, Row { series: found.series, ..expected }, "row {seq}");
        let series = state.names.series()[found.series as usize];
        assert_eq!(series.flags.outcome(), outcome);
        let known = state.names.name_of(found.series).expect("a name");
        assert_eq!((&*known.name, &*known.source), (&*format!("f{name}"), "shop.js:7"));
    }
    assert_eq!(found.len() as u64, total - SIZES[0]);
}
