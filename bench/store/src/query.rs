//! Asks a database what rivals are asked, too, each question warm and several times.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use kronicler_query::{
    Filter, FunctionStats, RowBatch, exact_percentiles_by_function, slowest, stats,
};
use kronicler_store::{Directory, Disk, Snapshot, Storage, StoreError};

use crate::measure::{print, time};
use crate::process::peak_memory_bytes;

/// Rows that are asked for by duration.
const SLOWEST_COUNT: usize = 20;
/// Which percentiles are asked for, exactly, of every function.
const PERCENTILES: [f64; 2] = [0.5, 0.99];

/// Prints how long the answers take, and sums of them that rivals must agree with.
///
/// Exact percentiles need every duration; without them it shows what the rest costs in memory.
pub fn query(dir: &Path, repeat: usize, has_percentiles: bool) -> Result<(), Box<dyn Error>> {
    let snapshot = time("open", repeat, || open(dir))?;
    let everything = Filter::default();
    let functions = time("statistics", repeat, || stats(&snapshot, &everything))?;
    let top = time("slowest", repeat, || slowest(&snapshot, &everything, SLOWEST_COUNT))?;
    if functions.is_partial || top.is_partial {
        return Err("the database is damaged".into());
    }
    if has_percentiles {
        let percentiles = time("percentiles", repeat, || exact(&snapshot))?;
        print("answers", "", &answers(&functions.value, &percentiles, &top.value));
    }
    if let Some(bytes) = peak_memory_bytes() {
        print("memory", "MB", &[bytes as f64 / 1e6]);
    }
    Ok(())
}

fn open(dir: &Path) -> Result<Snapshot, StoreError> {
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    Directory::new(storage, dir.to_owned()).snapshot(None)
}

/// Exact percentiles of each function that has rows.
fn exact(snapshot: &Snapshot) -> Result<Vec<Vec<u64>>, StoreError> {
    let answer = exact_percentiles_by_function(snapshot, &Filter::default(), &PERCENTILES)?;
    Ok(answer.value.unwrap_or_default().into_iter().map(|one| one.values_ns).collect())
}

/// Number of rows, then sums over the functions of mean, median and 99th percentile, then the sum
/// of the slowest durations.
fn answers(functions: &[FunctionStats], percentiles: &[Vec<u64>], top: &RowBatch) -> [f64; 5] {
    let counts = functions.iter().map(|function| function.moments.count());
    let means = functions.iter().filter_map(|function| function.moments.mean());
    let sum_of = |index: usize| percentiles.iter().map(|all| all[index] as f64).sum();
    let slowest_ns = top.durations_ns.iter().map(|&ns| ns as f64).sum();
    [counts.sum::<u64>() as f64, means.sum(), sum_of(0), sum_of(1), slowest_ns]
}
