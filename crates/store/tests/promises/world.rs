//! A lane whose rows are known by their sequence, and ways to write and to read it back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::varint::Cursor;
use kronicler_format::{
    Counters, Flags, FrameKind, FrameSeed, HEAD_SIZE_BYTES, Head, Kind, Outcome, Row, Run,
    SeriesEntry, decode_frame, decode_rows,
};
use kronicler_stats::Summary;
use kronicler_store::{
    Batch, Catalog, Dictionary, LaneReader, LaneState, LaneView, LaneWriter, Memory, Opened,
    Storage, StoreError, head_path, lane_dir,
};

/// Where the first frame of a head log stands.
pub const FRAMES_AT: usize = 2 * HEAD_SIZE_BYTES;

/// The directory of every database here that lies in memory.
pub fn root() -> PathBuf {
    PathBuf::from("/data")
}

/// The first head log of lane 0 in memory.
pub fn first_head() -> PathBuf {
    head_path(&lane_dir(&root(), 0), 1)
}

/// What a row must be, whatever ids its lane gave to names and series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub name: String,
    pub outcome: Outcome,
    pub thread: u32,
    pub end_ns: i64,
    pub duration_ns: u64,
}

/// The row with this sequence in a life of the lane: whatever is read must be exactly this.
pub fn known(seq: u64, life: u64) -> Known {
    // A new name now and then, so that NAMES frames stand all over the log.
    let name = format!("call {}", seq % (3 + seq / 8).min(40));
    let outcome = if seq % 7 == 3 { Outcome::Error } else { Outcome::Ok };
    let mixed = (seq + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ life;
    let back = i64::from(seq.is_multiple_of(5)) * 1_000;
    Known {
        name,
        outcome,
        thread: u32::from(seq % 6 == 1),
        end_ns: 1_750_000_000_000_000_000 + seq.cast_signed() * 1_000_003 - back,
        duration_ns: mixed >> 40,
    }
}

/// A process that owns a lane.
pub struct Owner {
    pub writer: LaneWriter,
    pub state: LaneState,
    pub names: Dictionary,
    pub life: u64,
}

/// Who a writing process says it is.
pub fn run(pid: u32) -> Run {
    Run { service: "shop".into(), pid, start_ns: 1_750_000_000_000_000_000, ..Run::default() }
}

impl Owner {
    pub fn open(storage: &Arc<dyn Storage>, root: &Path, life: u64) -> Self {
        Self::try_open(storage, root, life).expect("a lane can be opened")
    }

    pub fn try_open(
        storage: &Arc<dyn Storage>,
        root: &Path,
        life: u64,
    ) -> Result<Self, StoreError> {
        let (writer, state) = LaneWriter::open(storage, root, run(77), 1_000)?;
        let names = Dictionary::clone(&state.names);
        Ok(Self { writer, state, names, life })
    }

    /// The next rows of the lane, their names known to its dictionary.
    pub fn next_rows(&mut self, count: u64) -> Vec<Row> {
        let (from, life) = (self.state.next_seq, self.life);
        let rows = (from..from + count).map(|seq| {
            let known = known(seq, life);
            let flags = Flags::new(known.outcome, Kind::Sync);
            let entry = SeriesEntry { name: 0, flags, weight: 1, status_class: 0 };
            let series = self.names.intern(&known.name, "a.js:1", entry);
            let Known { thread, end_ns, duration_ns, .. } = known;
            Row { series, thread, end_ns, duration_ns }
        });
        rows.collect()
    }

    /// Appends the next rows, and counters with every third append.
    pub fn try_append(&mut self, count: u64) -> Result<(), StoreError> {
        self.try_append_at(count, 0)
    }

    fn try_append_at(&mut self, count: u64, now_ns: i64) -> Result<(), StoreError> {
        let (rows, first_seq) = (self.next_rows(count), self.state.next_seq);
        let dropped_ring = self.state.counters.dropped_ring + 1;
        let counters = Counters { dropped_ring, ..self.state.counters };
        let counters = count.is_multiple_of(3).then_some(counters);
        self.writer.append(&Batch {
            names: &self.names,
            rows: &rows,
            first_seq,
            counters,
            now_ns,
        })?;
        self.writer.absorb_into(&mut self.state, &rows);
        Ok(())
    }

    pub fn append(&mut self, count: u64) {
        self.try_append(count).expect("rows can be appended");
    }

    /// Appends the next rows, which arrive at `now_ns`.
    pub fn append_at(&mut self, count: u64, now_ns: i64) {
        self.try_append_at(count, now_ns).expect("rows can be appended");
    }

    pub fn close(self) {
        self.writer.close(&self.state).expect("a lane can be closed");
    }
}

/// The rows of a reader by their sequence; checks what a state promises of itself on the way.
pub fn rows_of(storage: &Arc<dyn Storage>, reader: &LaneReader) -> Vec<(u64, Known)> {
    rows_of_state(storage, reader.path(), reader.state())
}

pub fn rows_of_state(
    storage: &Arc<dyn Storage>,
    path: &Path,
    state: &LaneState,
) -> Vec<(u64, Known)> {
    let catalog = Catalog::new(Arc::clone(storage), 1 << 20);
    let view = LaneView::new(catalog, path.into(), state.clone(), Arc::default());
    let mut all = sealed_rows(&view);
    let mut rows = Vec::new();
    let mut counts = vec![0; state.names.series().len()];
    let mut end_seq = state.sealed_seq;
    for block in state.blocks() {
        assert!(block.first_seq >= end_seq, "blocks are in order without overlap");
        end_seq = block.end_seq();
        let is_whole = view
            .blocks()
            .and_then(|reader| reader.expect("the log is there").read(block, &mut rows));
        assert!(is_whole.expect("the log can be read"), "{block:?} can be read as it was found");
        for (seq, row) in (block.first_seq..).zip(&rows) {
            counts[row.series as usize] += 1;
            all.push((seq, resolve(state, row)));
        }
    }
    assert!(end_seq <= state.next_seq);
    let mut totals = vec![0; counts.len()];
    for window in &state.windows {
        for (series, summary) in window.totals.iter() {
            totals[series as usize] += summary.moments.count();
        }
    }
    assert_eq!(totals, counts, "totals cover exactly the rows of blocks");
    all
}

/// The rows of all segments; checks what footers promise on the way.
fn sealed_rows(view: &LaneView) -> Vec<(u64, Known)> {
    let mut all = Vec::new();
    let mut end_seq = view.state.floor_seq;
    for entry in view.state.segments.iter() {
        let opened = view.segment(entry).expect("it can be read");
        let Opened::Found(mut segment) = opened else { unreachable!("it is whole") };
        let footer = Arc::clone(segment.footer());
        let mut counts = BTreeMap::new();
        for index in 0..footer.chunks.len() {
            let mut chunk = segment.chunk(index).expect("it can be read").expect("it is whole");
            let (first_seq, row_count) = (chunk.entry().first_seq, chunk.entry().row_count);
            assert!(first_seq >= end_seq, "chunks are in order without overlap");
            let mut rows = Vec::new();
            assert!(chunk.rows(0..row_count, &mut rows).expect("it can be read"));
            end_seq = first_seq + rows.len() as u64;
            for (seq, row) in (first_seq..).zip(&rows) {
                *counts.entry(row.series).or_insert(0) += 1;
                all.push((seq, resolve(&view.state, row)));
            }
        }
        assert!(end_seq <= entry.end_seq && end_seq <= view.state.sealed_seq);
        for series in &footer.series {
            let mut cursor = Cursor::new("summary", &series.statistics);
            let summary = Summary::decode(&mut cursor).expect("statistics are whole");
            let count = counts.remove(&series.series);
            assert_eq!(Some(summary.moments.count()), count, "statistics cover exactly the rows");
        }
        assert!(counts.is_empty(), "each series with rows has statistics");
    }
    all
}

fn resolve(state: &LaneState, row: &Row) -> Known {
    let series = state.names.series().get(row.series as usize).expect("every series is known");
    let name = state.names.name_of(row.series).expect("every name is known").name.to_string();
    let Row { thread, end_ns, duration_ns, .. } = *row;
    Known { name, outcome: series.flags.outcome(), thread, end_ns, duration_ns }
}

/// The rows of a lane as a reader that has just come sees them; none when there is no head.
pub fn read(storage: &Arc<dyn Storage>, root: &Path, lane: u16) -> Vec<(u64, Known)> {
    let reader = LaneReader::open(storage, root, lane).expect("a lane can be read");
    reader.map_or_else(Vec::new, |reader| rows_of(storage, &reader))
}

/// The rows with these sequences in one life of the lane.
pub fn life(seqs: std::ops::Range<u64>, life: u64) -> Vec<(u64, Known)> {
    seqs.map(|seq| (seq, known(seq, life))).collect()
}

/// All bytes of a file.
pub fn bytes_of(storage: &Arc<dyn Storage>, path: &Path) -> Vec<u8> {
    let file = storage.open(path).expect("the file can be opened");
    let len = usize::try_from(file.stat().expect("it has a length").len).expect("it is small");
    let mut bytes = vec![0; len];
    assert_eq!(file.read_at(0, &mut bytes).expect("it can be read"), len);
    bytes
}

/// A disk on which lane 0 has a head log of these bytes.
pub fn disk_with(bytes: &[u8]) -> Arc<dyn Storage> {
    let storage = Memory::default();
    storage.create_dir(&lane_dir(&root(), 0)).expect("memory has directories");
    let file = storage.create(&first_head()).expect("memory has files");
    file.append(bytes).expect("memory has room");
    file.sync().expect("memory can sync");
    storage.sync_dir(&lane_dir(&root(), 0)).expect("memory can sync");
    Arc::new(storage)
}

/// The bytes of a log with 60 rows in seven appends, closed when asked for.
pub fn small_log(is_closed: bool) -> Vec<u8> {
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let mut owner = Owner::open(&storage, &root(), 0);
    for count in [1, 9, 2, 12, 20, 6, 10] {
        owner.append(count);
    }
    if is_closed {
        owner.close();
    }
    bytes_of(&storage, &first_head())
}

/// A frame of a log: what a stranger finds who follows docs/format.md.
pub struct FoundFrame {
    pub kind: Option<FrameKind>,
    pub at: usize,
    pub end: usize,
    /// First sequence and count, for ROWS.
    pub rows: Option<(u64, u64)>,
}

/// The frames of a whole log, found without the store.
pub fn frames_of(bytes: &[u8]) -> Vec<FoundFrame> {
    let seed = FrameSeed::new(&Head::decode(bytes).expect("the header is whole").uuid);
    let (mut at, mut frames) = (FRAMES_AT, Vec::new());
    while at < bytes.len() {
        let frame = decode_frame(&bytes[at..], seed, at as u64).expect("every frame is whole");
        let end = at + frame.size_bytes();
        let mut rows = Vec::new();
        let is_rows = frame.kind == Some(FrameKind::Rows);
        let first_seq = is_rows.then(|| decode_rows(frame.payload, &mut rows).expect("whole"));
        let rows = first_seq.map(|first_seq| (first_seq, rows.len() as u64));
        frames.push(FoundFrame { kind: frame.kind, at, end, rows });
        at = end;
    }
    frames
}
