//! Measures how long a lane takes to open: `cargo run --release --example open_10m [ROWS] [DIR]`.
#![expect(clippy::print_stdout, reason = "a measurement prints its result")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use kronicler_format::{Flags, Kind, Outcome, Row, Run, SeriesEntry};
use kronicler_store::{Batch, Dictionary, Disk, LaneReader, LaneWriter, Storage};

/// Rows in one append: what a busy process gathers in a few milliseconds.
const ROWS_PER_APPEND: u64 = 4_096;
/// Functions that are called in turn.
const SERIES_COUNT: u32 = 100;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let row_count: u64 = arguments.next().map_or(Ok(10_000_000), |count| count.parse())?;
    let dir = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = dir.join(format!("kronicler-open-{}", std::process::id()));
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    let size_bytes = write(&storage, &dir, row_count)?;
    for _ in 0..5 {
        let begin = Instant::now();
        let reader = LaneReader::open(&storage, &dir, 0)?;
        let elapsed = begin.elapsed();
        let stored = reader.map_or(0, |reader| reader.state().stored());
        println!("{stored} rows, {size_bytes} bytes: opened in {} ms", elapsed.as_millis());
    }
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

fn write(
    storage: &Arc<dyn Storage>,
    dir: &std::path::Path,
    row_count: u64,
) -> Result<u64, Box<dyn std::error::Error>> {
    let (mut writer, mut state) = LaneWriter::open(storage, dir, Run::default(), 0)?;
    let mut names = Dictionary::default();
    let flags = Flags::new(Outcome::Ok, Kind::Sync);
    let entry = SeriesEntry { name: 0, flags, weight: 1, status_class: 0 };
    for series in 0..SERIES_COUNT {
        names.intern(&format!("function{series}"), "src/service.js:12", entry);
    }
    let mut rng = Rng(1);
    let mut end_ns = 1_750_000_000_000_000_000_i64;
    while state.next_seq < row_count {
        let count = ROWS_PER_APPEND.min(row_count - state.next_seq);
        let rows: Vec<Row> = (0..count).map(|_| rng.row(&mut end_ns)).collect();
        let batch = Batch {
            names: &names,
            rows: &rows,
            first_seq: state.next_seq,
            counters: None,
            now_ns: 0,
        };
        writer.append(&batch)?;
        writer.absorb_into(&mut state, &rows);
    }
    let path = writer.path().to_owned();
    writer.close(&state)?;
    Ok(std::fs::metadata(path)?.len())
}

/// A linear congruential generator (Knuth's MMIX constants): the same rows in every run.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn row(&mut self, end_ns: &mut i64) -> Row {
        *end_ns += i64::try_from(self.next() % 20_000).unwrap_or_default();
        let series = u32::try_from(self.next() % u64::from(SERIES_COUNT)).unwrap_or_default();
        let duration_ns = 500 + self.next() % 1_000 * (1 + self.next() % 1_000);
        Row { series, thread: 0, end_ns: *end_ns, duration_ns }
    }
}
