//! Stores the data set in a new database, as the disk thread does: in batches as the drain hands
//! them over, sealed when a chunk is full, joined when there are enough.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kronicler_format::{Row, Run};
use kronicler_store::{
    Batch, Dictionary, Disk, LaneState, LaneWriter, MergePolicy, Seal, Storage, StoreError,
};

use crate::dataset::Dataset;
use crate::measure::print;
use crate::process::{directory_bytes, thread_cpu, written_bytes};

/// Rows that are made at a time, while no clock runs.
const ROWS_PER_BLOCK: usize = 1 << 20;
/// Rows in one append: what a busy process gathers in a few milliseconds.
const ROWS_PER_APPEND: usize = 4_096;
/// Rows of one segment arrive within a day: a fourteenth of what is kept.
const SPAN_NS_MAX: i64 = 24 * 3_600 * 1_000_000_000;

/// As the disk thread has it.
const HEAD_SIZE_BYTES_MAX: u64 = 4 << 20;

/// Time that is spent in the store, not in making rows.
#[derive(Default)]
struct Spent {
    wall: Duration,
    cpu: Option<Duration>,
}

impl Spent {
    fn on<T>(&mut self, act: impl FnOnce() -> T) -> T {
        let (begin, cpu_begin) = (Instant::now(), thread_cpu());
        let result = act();
        let cpu_end = thread_cpu();
        self.wall += begin.elapsed();
        if let Some((begin, end)) = cpu_begin.zip(cpu_end) {
            self.cpu = Some(self.cpu.unwrap_or_default() + end.saturating_sub(begin));
        }
        result
    }
}

/// Prints how fast rows were stored and what they take on the disk.
pub fn ingest(dataset: &Dataset, dir: &Path) -> Result<(), Box<dyn Error>> {
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    let written_before = written_bytes();
    let (writer, state) = LaneWriter::open(&storage, dir, Run::default(), 0)?;
    let mut lane = Lane { writer, state, now_ns: 0 };
    let names = dataset.names();
    let mut spent = Spent::default();
    dataset.for_batches(ROWS_PER_BLOCK, |block| {
        spent.on(|| {
            for rows in block.chunks(ROWS_PER_APPEND) {
                lane.append(&names, rows)?;
            }
            Ok::<(), StoreError>(())
        })
    })?;
    let rows = dataset.rows as f64;
    print("load", "rows/s", &[rows / spent.wall.as_secs_f64()]);
    if let Some(cpu) = spent.cpu {
        print("load by CPU", "rows/s", &[rows / cpu.as_secs_f64()]);
    }
    if let Some((before, after)) = written_before.zip(written_bytes()) {
        print("written", "bytes a row", &[(after - before) as f64 / rows]);
    }
    print("size while written", "bytes a row", &[directory_bytes(dir)? as f64 / rows]);
    lane.compact()?;
    let stored = lane.state.live();
    lane.writer.close(&lane.state)?;
    if stored != dataset.rows as u64 {
        return Err(format!("{stored} rows stored of {}", dataset.rows).into());
    }
    print("size", "bytes a row", &[directory_bytes(dir)? as f64 / rows]);
    Ok(())
}

/// A lane and what a disk thread does with it.
struct Lane {
    writer: LaneWriter,
    state: LaneState,
    now_ns: i64,
}

impl Lane {
    fn append(&mut self, names: &Dictionary, rows: &[Row]) -> Result<(), StoreError> {
        let first_seq = self.state.next_seq;
        self.now_ns = rows.last().map_or(self.now_ns, |row| row.end_ns);
        let batch = Batch { names, rows, first_seq, counters: None, now_ns: self.now_ns };
        self.writer.append(&batch)?;
        self.writer.absorb_into(&mut self.state, rows);
        if self.state.windows.len() > 1 {
            self.writer.sync()?;
            self.seal(Seal::Full)?;
            self.merge(false)?;
            if self.writer.is_rotation_due(&self.state, HEAD_SIZE_BYTES_MAX) {
                self.state = self.writer.rotate(&self.state, self.now_ns)?;
            }
            self.writer.sweep(self.now_ns);
        }
        Ok(())
    }

    fn seal(&mut self, which: Seal) -> Result<(), StoreError> {
        while self.writer.seal(&self.state, which, self.now_ns)? {
            self.writer.absorb_into(&mut self.state, &[]);
        }
        Ok(())
    }

    fn merge(&mut self, is_eager: bool) -> Result<(), StoreError> {
        let policy = MergePolicy { size_bytes_max: 64 << 20, span_ns_max: SPAN_NS_MAX, is_eager };
        while self.writer.merge(&self.state, &policy, self.now_ns)? {
            self.writer.absorb_into(&mut self.state, &[]);
        }
        Ok(())
    }

    /// As `kr compact` does.
    fn compact(&mut self) -> Result<(), StoreError> {
        self.seal(Seal::All)?;
        self.merge(true)?;
        self.state = self.writer.rotate(&self.state, self.now_ns)?;
        self.writer.sweep(i64::MAX);
        Ok(())
    }
}
