//! The database whose bits are flipped: lanes with a log only, with a segment, with a joined one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::{
    ChunkDirectory, Counters, Flags, Footer, FrameSeed, Head, Kind, Outcome, Row, Run, SeriesEntry,
    footer_size_bytes,
};
use kronicler_store::{
    Batch, Dictionary, LaneState, LaneWriter, Memory, MergePolicy, Seal, Storage, lane_dir,
};

/// Where it lies.
pub const ROOT: &str = "/data";
const NOW_NS: i64 = 1_750_000_000_000_000_000;
const EAGER: MergePolicy =
    MergePolicy { size_bytes_max: 64 << 20, span_ns_max: i64::MAX, is_eager: true };

/// A file of a database.
#[derive(Debug, Clone)]
pub struct File {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
}

/// A lane that is written to.
struct Lane {
    writer: LaneWriter,
    state: LaneState,
    names: Dictionary,
}

impl Lane {
    fn open(storage: &Arc<dyn Storage>, version: &str) -> Self {
        let run = Run {
            service: "shop".into(),
            version: version.into(),
            host: "one".into(),
            pid: 7,
            start_ns: NOW_NS,
            ..Run::default()
        };
        let opened = LaneWriter::open(storage, Path::new(ROOT), run, 1_000);
        let (writer, state) = opened.expect("a lane can be opened");
        let names = Dictionary::clone(&state.names);
        Self { writer, state, names }
    }

    /// Appends rows: most of one function, short and alike; the others as wild as can be.
    fn append(&mut self, count: u64) {
        let first_seq = self.state.next_seq;
        let rows: Vec<Row> = (first_seq..first_seq + count).map(|seq| self.row(seq)).collect();
        let counters = Counters { dropped_ring: first_seq + 1, ..self.state.counters };
        let now_ns = NOW_NS + first_seq.cast_signed() * 5_000_000;
        let batch =
            Batch { names: &self.names, rows: &rows, first_seq, counters: Some(counters), now_ns };
        self.writer.append(&batch).expect("rows can be appended");
        self.writer.absorb_into(&mut self.state, &rows);
    }

    fn row(&mut self, seq: u64) -> Row {
        let mixed = (seq + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ seq << 7;
        let is_wild = seq.is_multiple_of(3);
        let number = if is_wild { mixed % 5 + 1 } else { 0 };
        let name = format!("function number {number} of a shop that sells bits");
        let outcome = if is_wild && seq.is_multiple_of(2) { Outcome::Error } else { Outcome::Ok };
        let flags = Flags::new(outcome, Kind::Async);
        let entry = SeriesEntry { name: 0, flags, weight: 1, status_class: 2 };
        Row {
            series: self.names.intern(&name, "src/shop.js:12", entry),
            thread: u32::from(seq % 50 > 40),
            end_ns: NOW_NS + seq.cast_signed() * 1_000_003 + (mixed >> 50).cast_signed(),
            duration_ns: if is_wild { mixed >> (mixed % 48) } else { 1_000 + mixed % 64 },
        }
    }

    fn seal(&mut self) {
        let sealed = self.writer.seal(&self.state, Seal::All, NOW_NS);
        assert!(sealed.expect("rows can be sealed"));
        self.writer.absorb_into(&mut self.state, &[]);
    }

    fn close(self) {
        self.writer.close(&self.state).expect("a lane can be closed");
    }
}

/// Writes the database.
pub fn files() -> Vec<File> {
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    // Lane 0: a log of two runs. All lanes are held at once, so that each is another one.
    let mut log = Lane::open(&storage, "1");
    log.append(1_000);
    let mut joined = Lane::open(&storage, "1");
    let mut sealed = Lane::open(&storage, "2");
    log.append(1);
    log.close();
    let mut log = Lane::open(&storage, "2");
    log.append(1_300);
    // Lane 1: two segments joined, one more behind them, a new head, rows behind it.
    for count in [1_100, 1_200] {
        joined.append(count);
        joined.seal();
    }
    assert!(joined.writer.merge(&joined.state, &EAGER, NOW_NS).expect("they can be joined"));
    joined.writer.absorb_into(&mut joined.state, &[]);
    joined.append(40);
    joined.seal();
    joined.state = joined.writer.rotate(&joined.state, NOW_NS).expect("a head can be replaced");
    joined.append(60);
    // Lane 2: one sealed segment, its rows still in the log.
    sealed.append(2_100);
    sealed.seal();
    // Two lanes whose process was killed: rows at the end of the log, and counters behind rows.
    sealed.append(30);
    joined.append(31);
    joined.writer.sweep(i64::MAX);
    drop((sealed, joined));
    log.close();
    read_all(&storage)
}

fn read_all(storage: &Arc<dyn Storage>) -> Vec<File> {
    let mut files = Vec::new();
    for lane in 0..3 {
        let dir = lane_dir(Path::new(ROOT), lane);
        let mut names = storage.list(&dir).expect("it is there");
        names.sort_unstable();
        for name in names {
            let path = dir.join(name);
            let file = storage.open(&path).expect("it can be opened");
            let len = file.stat().expect("it has a length").len;
            let mut bytes = vec![0; usize::try_from(len).expect("it is small")];
            file.read_at(0, &mut bytes).expect("it can be read");
            files.push(File { path, bytes });
        }
    }
    files
}

/// A disk with these files.
pub fn disk(files: &[File]) -> Memory {
    let disk = Memory::default();
    for file in files {
        disk.create_dir(file.path.parent().expect("it has one")).expect("memory has directories");
        let made = disk.create(&file.path).expect("each stands there once");
        made.append(&file.bytes).expect("memory has room");
    }
    disk
}

impl File {
    pub fn is_segment(&self) -> bool {
        self.path.to_string_lossy().contains("segment-")
    }

    /// Bytes that are found by their place: headers, directories, footers' trailers.
    pub fn is_structure(&self, uuid: &[u8; 16], at: usize) -> bool {
        if !self.is_segment() {
            return at < 128;
        }
        let size = footer_size_bytes(&self.bytes).expect("a segment has a footer");
        let seed = FrameSeed::new(uuid);
        let id = self.path.to_string_lossy().rsplit('-').next().and_then(|id| id.parse().ok());
        let footer = Footer::decode(&self.bytes, seed, id.expect("it has a number"));
        let chunks = footer.expect("its footer is whole").chunks;
        let is_directory =
            |offset: usize, size: u32| (offset..offset + size as usize).contains(&at);
        let in_directory = chunks.iter().any(|chunk| {
            let offset = usize::try_from(chunk.offset).expect("it is small");
            let found = ChunkDirectory::decode(&self.bytes[offset..], seed, chunk.first_seq);
            is_directory(offset, found.expect("it is whole").directory_size_bytes())
        });
        at < 64 || in_directory || at >= self.bytes.len() - 24 || at == self.bytes.len() - size
    }
}

/// The identity of the lane whose file this is.
pub fn uuid_of(files: &[File], file: &File) -> [u8; 16] {
    let head = files.iter().find(|other| {
        other.path.parent() == file.path.parent() && other.path.to_string_lossy().contains("head-")
    });
    Head::decode(&head.expect("each lane has a head").bytes).expect("it is whole").uuid
}
