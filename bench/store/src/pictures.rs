//! Asks a database for pictures and groups: what a person looks at, moves and zooms.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use kronicler_query::{
    Answer, Filter, Grid, GroupBy, Heatmap, Periods, call_counts, exact_histogram, heatmap,
    histogram, stats_by,
};
use kronicler_store::{Catalog, Directory, Disk, POOL_SIZE_BYTES, Snapshot, Storage, StoreError};

use crate::measure::{print, time};
use crate::process::peak_memory_bytes;

const HOUR_NS: i64 = 3_600_000_000_000;
/// Columns, rows and lines of a picture.
const COLUMN_COUNT: usize = 200;
const BIN_COUNT: usize = 60;
const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// A picture is moved by so small a part of its range that 200 moves leave most of it in sight.
const MOVES_PER_SPAN: i64 = 1_009;

/// Prints how long pictures of the last 24 hours take, and of the times that have rows alone, new
/// and moved, and how long groups take.
pub fn pictures(dir: &Path, repeat: usize, threads: usize) -> Result<(), Box<dyn Error>> {
    let snapshot = open(dir, threads)?;
    let Some((first_ns, last_ns)) = span(&snapshot) else { return Err("no rows".into()) };
    let everything = Filter::default();
    for (name, span_ns) in [("day", 24 * HOUR_NS), ("rows", last_ns - first_ns)] {
        let since_ns = last_ns - span_ns;
        let draw = |snapshot: &Snapshot, moved_ns: i64| {
            let (since, until) = (since_ns + moved_ns, last_ns + 1 + moved_ns);
            let periods = Periods::over(since, until, COLUMN_COUNT);
            let quantiles = QUANTILES.to_vec();
            let grid = Grid { periods, bin_count: BIN_COUNT, quantiles };
            heatmap(snapshot, &Filter::default(), &grid)
        };
        time(&format!("heatmap of the {name}"), repeat, || draw(&open(dir, threads)?, 0))?;
        let snapshot = open(dir, threads)?;
        let drawn = draw(&snapshot, 0)?;
        print("answer heatmap", "", &sums(&drawn));
        let mut moved_ns = 0;
        time(&format!("heatmap of the {name}, moved"), repeat, || {
            // Each time further, but never out of the rows.
            moved_ns -= span_ns / MOVES_PER_SPAN;
            draw(&snapshot, moved_ns)
        })?;
    }
    time("histogram", repeat, || histogram(&snapshot, &everything, BIN_COUNT))?;
    let edges: Vec<u64> = (0..=200).map(|step| step * 500_000).collect();
    time("histogram with any edges", repeat, || exact_histogram(&snapshot, &everything, &edges))?;
    let hours = Periods::of_width(first_ns, last_ns + 1, HOUR_NS, 0).ok_or("too many hours")?;
    for (name, by) in [
        ("hour", GroupBy::Periods(hours)),
        ("version", GroupBy::Version),
        ("outcome", GroupBy::Outcome),
        ("thread", GroupBy::Thread),
    ] {
        time(&format!("statistics by {name}"), repeat, || {
            stats_by(&open(dir, threads)?, &everything, &by)
        })?;
    }
    let periods = Periods::over(first_ns, last_ns + 1, 24);
    time("calls by time", repeat, || call_counts(&open(dir, threads)?, &everything, &periods))?;
    if let Some(bytes) = peak_memory_bytes() {
        print("memory", "MB", &[bytes as f64 / 1e6]);
    }
    Ok(())
}

/// The database with nothing of it in memory.
fn open(dir: &Path, threads: usize) -> Result<Snapshot, StoreError> {
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    let catalog = Catalog::with_threads(storage, POOL_SIZE_BYTES, threads);
    Directory::with_catalog(catalog, dir.to_owned()).snapshot(None)
}

/// The first and the last end of all sealed rows.
fn span(snapshot: &Snapshot) -> Option<(i64, i64)> {
    let entries = || snapshot.lanes.iter().flat_map(|view| view.state.segments.iter());
    let first = entries().map(|entry| entry.min_end_ns).min()?;
    Some((first, entries().map(|entry| entry.max_end_ns).max()?))
}

/// Columns, bins and calls of a picture.
fn sums(answer: &Answer<Heatmap>) -> [f64; 3] {
    let map = &answer.value;
    let calls: u64 = map.counts.iter().sum();
    [map.periods.len() as f64, map.bin_count() as f64, calls as f64]
}
