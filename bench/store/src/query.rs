//! Asks a database what rivals are asked, too, each question warm and several times.
//!
//! An answer leaves as one line of numbers, function by function or row by row, and is compared
//! with those of the rivals. Functions are told by their ids in the data set.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use kronicler_query::{
    Answer, Filter, Grid, Periods, exact_percentiles_by_function, function_names, heatmap, moments,
    slowest, stats,
};
use kronicler_store::{Directory, Disk, Name, Snapshot, Storage, StoreError};

use crate::measure::{print, time};
use crate::process::peak_memory_bytes;

/// Rows that are asked for by duration.
const SLOWEST_COUNT: usize = 20;
/// Which percentiles are asked for of every function.
const PERCENTILES: [f64; 2] = [0.5, 0.99];

/// Columns and rows of the heatmap.
const PERIOD_COUNT: usize = 200;
const BIN_COUNT: usize = 60;
/// Columns by which it is moved.
const MOVED_COUNT: i64 = 10;

/// Which rows questions about a part of them mean.
#[derive(Debug, Clone, clap::Args)]
pub struct Windows {
    /// The time range of one function begins here, in nanoseconds since the Unix epoch.
    #[arg(long)]
    since: i64,
    /// It ends before this.
    #[arg(long)]
    until: i64,
    /// The first column of the heatmap begins here.
    #[arg(long)]
    begin: i64,
    /// How many nanoseconds a column has.
    #[arg(long)]
    width: i64,
}

/// Prints how long the answers take, and the answers.
pub fn query(dir: &Path, repeat: usize, windows: &Windows) -> Result<(), Box<dyn Error>> {
    let snapshot = time("open", repeat, || open(dir))?;
    ask("statistics", repeat, || statistics(&snapshot))?;
    ask("sketches", repeat, || sketches(&snapshot))?;
    ask("percentiles", repeat, || percentiles(&snapshot))?;
    ask("slowest", repeat, || slowest_rows(&snapshot))?;
    ask("range", repeat, || range(&snapshot, windows))?;
    ask_heatmap(dir, repeat, windows)?;
    if let Some(bytes) = peak_memory_bytes() {
        print("memory", "MB", &[bytes as f64 / 1e6]);
    }
    Ok(())
}

/// Prints how long it takes until a database can be asked.
pub fn open_only(dir: &Path, repeat: usize) -> Result<(), Box<dyn Error>> {
    time("open", repeat, || open(dir))?;
    Ok(())
}

/// Prints how long a question takes, and its answer.
fn ask<E: Error + 'static>(
    name: &str,
    repeat: usize,
    question: impl FnMut() -> Result<Answer<Vec<f64>>, E>,
) -> Result<(), Box<dyn Error>> {
    let answer = time(name, repeat, question)?;
    if answer.is_partial {
        return Err("the database is damaged".into());
    }
    print(&format!("answer {name}"), "", &answer.value);
    Ok(())
}

fn open(dir: &Path) -> Result<Snapshot, StoreError> {
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    Directory::new(storage, dir.to_owned()).snapshot(None)
}

/// Count, mean, deviation and standard error of each function, from the totals that are kept.
fn statistics(snapshot: &Snapshot) -> Result<Answer<Vec<f64>>, StoreError> {
    let names = function_names(snapshot)?;
    let mut is_partial = names.is_partial;
    let mut functions = Vec::with_capacity(names.value.len());
    for name in &names.value {
        let answer = moments(snapshot, &name.name)?;
        is_partial |= answer.is_partial;
        let (of, or) = (answer.value, f64::NAN);
        let values = [of.mean(), of.std_dev(), of.std_err()].map(|value| value.unwrap_or(or));
        functions.push((id(name), [&[of.count() as f64], &values[..]].concat()));
    }
    Ok(Answer { value: by_id(functions), is_partial, is_stale: false })
}

/// Median and 99th percentile of each function within 1 %, with all its other statistics.
fn sketches(snapshot: &Snapshot) -> Result<Answer<Vec<f64>>, StoreError> {
    let answer = stats(snapshot, &Filter::default())?;
    Ok(answer.map(|functions| {
        let functions = functions.iter().map(|function| {
            let values = PERCENTILES.map(|q| function.quantile(q).unwrap_or_default() as f64);
            (id(&function.name), values.to_vec())
        });
        by_id(functions.collect())
    }))
}

/// Median and 99th percentile of each function, exactly.
fn percentiles(snapshot: &Snapshot) -> Result<Answer<Vec<f64>>, StoreError> {
    let answer = exact_percentiles_by_function(snapshot, &Filter::default(), &PERCENTILES)?;
    Ok(answer.map(|functions| {
        let functions = functions.unwrap_or_default().into_iter().map(|function| {
            let values = function.values_ns.iter().map(|&ns| ns as f64);
            (id(&function.name), values.collect())
        });
        by_id(functions.collect())
    }))
}

/// Function, end and duration of the slowest rows.
fn slowest_rows(snapshot: &Snapshot) -> Result<Answer<Vec<f64>>, StoreError> {
    let answer = slowest(snapshot, &Filter::default(), SLOWEST_COUNT)?;
    Ok(answer.map(|rows| {
        let rows = rows.iter();
        rows.flat_map(|row| [id(&row.name), row.end_ns as f64, row.duration_ns as f64]).collect()
    }))
}

/// Count, mean, deviation, minimum and maximum of the most popular function in a time range.
fn range(snapshot: &Snapshot, windows: &Windows) -> Result<Answer<Vec<f64>>, StoreError> {
    let (since_ns, until_ns) = (Some(windows.since), Some(windows.until));
    let filter = Filter { since_ns, until_ns, ..Filter::name("function0") };
    Ok(stats(snapshot, &filter)?.map(|functions| {
        let of = functions.into_iter().next().map(|function| function.moments);
        let of = of.unwrap_or_default();
        let bounds = [of.min(), of.max()].map(|ns| ns.unwrap_or_default() as f64);
        let spread = of.std_dev().unwrap_or_default();
        vec![of.count() as f64, of.mean().unwrap_or_default(), spread, bounds[0], bounds[1]]
    }))
}

/// A heatmap of all rows, each time by caches that are new, then moved each time by some columns.
/// Prints the calls of each column, and for who counts by the same edges those of each cell.
fn ask_heatmap(dir: &Path, repeat: usize, windows: &Windows) -> Result<(), Box<dyn Error>> {
    let draw = |snapshot: &Snapshot, begin: i64| {
        let periods = Periods::every(begin, windows.width, PERIOD_COUNT);
        let grid = Grid { periods, bin_count: BIN_COUNT, quantiles: PERCENTILES.to_vec() };
        heatmap(snapshot, &Filter::default(), &grid)
    };
    let answer = time("heatmap", repeat, || draw(&open(dir)?, windows.begin))?;
    let (map, snapshot) = (answer.value, open(dir)?);
    let periods = 0..map.periods.len();
    let calls = periods.map(|index| map.period(index).iter().sum::<u64>() as f64);
    print("answer heatmap", "", &calls.collect::<Vec<f64>>());
    print("answer cells", "", &map.counts.iter().map(|&count| count as f64).collect::<Vec<f64>>());
    print("edges", "ns", &map.edges_ns.iter().map(|&ns| ns as f64).collect::<Vec<f64>>());
    let mut begin = windows.begin;
    draw(&snapshot, begin)?;
    time("heatmap moved", repeat, || {
        begin += MOVED_COUNT * windows.width;
        draw(&snapshot, begin)
    })?;
    Ok(())
}

/// The id of a function in the data set, whose names end in it.
fn id(name: &Name) -> f64 {
    name.name.trim_start_matches("function").parse().unwrap_or(f64::NAN)
}

/// Ids and values one after the other, in the order of the ids.
fn by_id(mut functions: Vec<(f64, Vec<f64>)>) -> Vec<f64> {
    functions.sort_by(|(left, _), (right, _)| left.total_cmp(right));
    functions.into_iter().flat_map(|(id, values)| [vec![id], values].concat()).collect()
}
