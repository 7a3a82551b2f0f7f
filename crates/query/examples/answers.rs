//! How long questions on many rows take: `cargo run --release --example answers -- [rows] [dir]`.
//!
//! Makes a lane of so many rows (10 million) of 30 functions in `dir` (a temporary one), sealed and
//! joined as it grows, and asks each question cold (new caches) and warm.
#![expect(clippy::print_stdout, reason = "a measurement prints its result")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use kronicler_format::{Flags, Kind, Outcome, Row, Run, SeriesEntry};
use kronicler_query::{
    Answer, Filter, RowStream, exact_percentiles, exact_percentiles_by_function, fetch, moments,
    newest, percentiles, slowest, stats,
};
use kronicler_store::{
    Batch, Catalog, Dictionary, Directory, Disk, LaneWriter, MergePolicy, POOL_SIZE_BYTES, RowId,
    Seal, Snapshot, Storage, StoreError,
};

const FUNCTION_COUNT: usize = 30;
const BATCH_ROW_COUNT: u64 = 8_192;
const POLICY: MergePolicy =
    MergePolicy { size_bytes_max: 64 << 20, span_ns_max: i64::MAX, is_eager: false };

/// A linear congruential generator (Knuth's MMIX constants): the same numbers in every run.
struct Rng(u64);

impl Rng {
    fn unit(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Normal, mean 0 and deviation 1 (Box and Muller).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

fn write(storage: &Arc<dyn Storage>, root: &std::path::Path, rows: u64) -> Result<(), StoreError> {
    let (mut writer, mut state) = LaneWriter::open(storage, root, Run::default(), 0)?;
    let mut names = Dictionary::default();
    let entry = |outcome| SeriesEntry {
        name: 0,
        flags: Flags::new(outcome, Kind::Async),
        weight: 1,
        status_class: 0,
    };
    let series: Vec<[u32; 2]> = (0..FUNCTION_COUNT)
        .map(|index| {
            let name = format!("function{index}");
            [Outcome::Ok, Outcome::Error]
                .map(|outcome| names.intern(&name, "src/a.js:1", entry(outcome)))
        })
        .collect();
    let mut rng = Rng(7);
    let mut end_ns = 1_700_000_000_000_000_000_i64;
    let mut batch = Vec::new();
    while state.next_seq < rows {
        batch.clear();
        for _ in 0..BATCH_ROW_COUNT.min(rows - state.next_seq) {
            // A few functions are called most: each 15 % less often than the one before.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
            let function = ((rng.unit().ln() / 0.85_f64.ln()) as usize) % FUNCTION_COUNT;
            let median_ns = 2_000.0 * 1.4_f64.powi(i32::try_from(function).unwrap_or(0));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
            let duration_ns = (median_ns * (0.5 * rng.normal()).exp()) as u64;
            let is_error = rng.unit() < 0.01;
            end_ns += 10_000;
            let series = series[function][usize::from(is_error)];
            batch.push(Row { series, thread: 0, end_ns, duration_ns });
        }
        let first_seq = state.next_seq;
        let now_ns = end_ns;
        let rows = &batch[..];
        writer.append(&Batch { names: &names, rows, first_seq, counters: None, now_ns })?;
        writer.absorb_into(&mut state, rows);
        while writer.seal(&state, Seal::Full, now_ns)? {
            writer.absorb_into(&mut state, &[]);
        }
        while writer.merge(&state, &POLICY, now_ns)? {
            writer.absorb_into(&mut state, &[]);
        }
        if writer.is_rotation_due(&state, 4 << 20) {
            state = writer.rotate(&state, now_ns)?;
        }
        writer.sweep(i64::MAX);
    }
    writer.close(&state)
}

struct Bench<'a> {
    storage: &'a Arc<dyn Storage>,
    root: PathBuf,
}

impl Bench<'_> {
    fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let catalog = Catalog::new(Arc::clone(self.storage), POOL_SIZE_BYTES);
        Directory::with_catalog(catalog, self.root.clone()).snapshot(None)
    }

    /// Prints how long a question takes with new caches and, the best of ten, warm.
    fn time<T>(
        &self,
        name: &str,
        question: impl Fn(&Snapshot) -> Result<Answer<T>, StoreError>,
    ) -> Result<(), StoreError> {
        let snapshot = self.snapshot()?;
        let mut times = Vec::new();
        for _ in 0..11 {
            let begin = Instant::now();
            let answer = question(&snapshot)?;
            times.push(begin.elapsed().as_secs_f64() * 1e3);
            assert!(!answer.is_partial, "nothing is missing");
        }
        let warm = times[1..].iter().copied().fold(f64::MAX, f64::min);
        println!("{name:<40} cold {:>9.3} ms   warm {warm:>9.3} ms", times[0]);
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let rows: u64 = args.next().map_or(Ok(10_000_000), |text| text.parse())?;
    let temporary = tempfile::tempdir()?;
    let root = args.next().map_or_else(|| temporary.path().join("data"), PathBuf::from);
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    if !Directory::exists(&*storage, &root) {
        let begin = Instant::now();
        write(&storage, &root, rows)?;
        println!("wrote {rows} rows in {:.1} s", begin.elapsed().as_secs_f64());
    }
    let bench = Bench { storage: &storage, root };
    let begin = Instant::now();
    let snapshot = bench.snapshot()?;
    println!("snapshot in {:.3} ms", begin.elapsed().as_secs_f64() * 1e3);
    let state = &snapshot.lanes[0].state;
    println!("{} segments, {} windows", state.segments.len(), state.windows.len());
    let end = state.segments.last().map_or(0, |entry| entry.max_end_ns);
    let all = Filter::default();
    let one = Filter::name("function20");
    let hour = Filter { since_ns: Some(end - 20_000_000_000), ..Filter::default() };
    let slow = Filter { min_duration_ns: 200_000_000, ..Filter::default() };
    let qs = [0.5, 0.99];
    bench.time("stats, all functions", |s| stats(s, &all))?;
    bench.time("stats, time range", |s| stats(s, &hour))?;
    bench.time("stats, min duration", |s| stats(s, &slow))?;
    bench.time("percentiles, one function", |s| percentiles(s, &one, &qs))?;
    bench.time("moments of one function", |s| moments(s, "function3"))?;
    bench.time("exact, all functions", |s| exact_percentiles_by_function(s, &all, &qs))?;
    bench.time("exact, one function", |s| exact_percentiles(s, &one, &qs))?;
    bench.time("exact, all in one", |s| exact_percentiles(s, &all, &qs))?;
    bench.time("slowest 20", |s| slowest(s, &all, 20))?;
    bench.time("slowest 100", |s| slowest(s, &all, 100))?;
    bench.time("slowest 20, time range", |s| slowest(s, &hour, 20))?;
    bench.time("newest 20", |s| newest(s, &all, 20))?;
    bench.time("newest 20 of one function", |s| newest(s, &one, 20))?;
    bench.time("fetch", |s| fetch(s, RowId::new(0, rows / 2)))?;
    let begin = Instant::now();
    let mut stream = RowStream::new(bench.snapshot()?, Filter::default());
    let mut count = 0;
    while let Some(batch) = stream.next_batch(8_192)? {
        count += batch.len();
    }
    println!("stream of {count} rows in {:.1} ms", begin.elapsed().as_secs_f64() * 1e3);
    Ok(())
}
