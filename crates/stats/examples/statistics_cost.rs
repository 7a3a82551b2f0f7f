//! Measures summaries and histories:
//! `cargo run --release -p kronicler-stats --example statistics_cost`.
//!
//! The data are those of docs/benchmarks.md in small: 30 functions with Zipf popularity, log-normal
//! durations of medians from 2 us to 50 ms, 1.5 % of them from a Pareto tail, a row each 2.16 ms.
#![expect(clippy::print_stdout, reason = "a measurement prints its result")]

use std::time::Instant;

use kronicler_format::{Flags, FormatError, Kind, Outcome, Row, varint::Cursor};
use kronicler_stats::{Distribution, History, HistoryFunction, HistorySeries, SeriesId, Summary};

const FUNCTION_COUNT: usize = 30;
const GAP_NS: f64 = 2_160_000.0;

/// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number above 0, at most 1.
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// A number of the standard normal distribution (Box and Muller).
    fn normal(&mut self) -> f64 {
        let (one, other) = (self.unit(), self.unit());
        (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()
    }
}

struct Function {
    median_ns: f64,
    sigma: f64,
}

struct Generator {
    random: Random,
    functions: Vec<Function>,
    shares: Vec<f64>,
    end_ns: f64,
}

impl Generator {
    fn new() -> Self {
        let mut random = Random(7);
        let function = |random: &mut Random| Function {
            median_ns: 2_000.0 * 25_000_f64.powf(random.unit()),
            sigma: 0.25 + 0.75 * random.unit(),
        };
        let functions = (0..FUNCTION_COUNT).map(|_| function(&mut random)).collect();
        let weights: Vec<f64> = (1..=30_u32).map(|rank| f64::from(rank).powf(-1.1)).collect();
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let shares = weights.iter().map(|weight| {
            sum += weight / total;
            sum
        });
        Self { random, functions, shares: shares.collect(), end_ns: 1.7e18 }
    }

    #[expect(clippy::cast_possible_truncation, reason = "30 functions, times below 2^63")]
    fn row(&mut self, gap_ns: f64) -> Row {
        let share = self.random.unit();
        let series = self.shares.partition_point(|&upper| upper < share).min(FUNCTION_COUNT - 1);
        let Function { median_ns, sigma } = self.functions[series];
        let duration = if self.random.unit() < 0.015 {
            let stretch = self.random.unit().powf(-1.0 / 1.3).min(500.0);
            median_ns * (2.0 * sigma).exp() * stretch
        } else {
            median_ns * (sigma * self.random.normal()).exp()
        };
        self.end_ns -= gap_ns * self.random.unit().ln();
        let duration_ns = duration.max(1.0) as u64;
        Row { series: series as u32, thread: 0, end_ns: self.end_ns as i64, duration_ns }
    }
}

fn summaries(rows: &[Row]) -> Vec<Summary> {
    let mut summaries = vec![Summary::new(); FUNCTION_COUNT];
    for (seq, row) in (0..).zip(rows) {
        summaries[row.series as usize].add(seq, row);
    }
    summaries
}

fn measure(row_count: usize) -> Result<(), FormatError> {
    let mut generator = Generator::new();
    let rows: Vec<Row> = (0..row_count).map(|_| generator.row(GAP_NS)).collect();
    let begin = Instant::now();
    let summaries = summaries(&rows);
    let add_ns = begin.elapsed().as_nanos() as f64 / row_count as f64;

    let mut sizes = [0; 3];
    let mut encoded = Vec::new();
    let mut series = Vec::new();
    for summary in &summaries {
        let mut out = Vec::new();
        summary.moments.encode(&mut out);
        sizes[0] += out.len();
        summary.sketch.encode(&mut out);
        sizes[1] += out.len();
        let at = encoded.len();
        summary.encode(&mut encoded);
        series.push(encoded[at..].to_vec());
    }
    sizes[1] -= sizes[0];
    sizes[2] = encoded.len() - sizes[0] - sizes[1];
    let buckets: usize = summaries.iter().map(|summary| summary.sketch.buckets().count()).sum();
    let mean = |size: usize| size / FUNCTION_COUNT;
    println!(
        "{row_count} rows: {add_ns:.1} ns a row; a summary {} bytes: moments {}, sketch {} \
         ({:.2} for each of {} buckets), slowest {}",
        mean(encoded.len()),
        mean(sizes[0]),
        mean(sizes[1]),
        sizes[1] as f64 / buckets as f64,
        buckets / FUNCTION_COUNT,
        mean(sizes[2]),
    );
    merge_footers(&series)
}

type Merge = fn(&mut Summary, &[u8]) -> Result<(), FormatError>;

fn decode_and_merge(total: &mut Summary, bytes: &[u8]) -> Result<(), FormatError> {
    total.merge(&Summary::decode(&mut Cursor::new("summary", bytes))?);
    Ok(())
}

fn merge_footers(series: &[Vec<u8>]) -> Result<(), FormatError> {
    let ways: [(&str, Merge); 2] =
        [("merged as bytes", Summary::merge_encoded), ("decoded and merged", decode_and_merge)];
    for (footer_count, (way, merge)) in [10, 25, 110].into_iter().flat_map(|n| ways.map(|w| (n, w)))
    {
        let mut times = Vec::new();
        for _ in 0..9 {
            let begin = Instant::now();
            let mut totals = vec![Summary::new(); FUNCTION_COUNT];
            for _ in 0..footer_count {
                for (total, bytes) in totals.iter_mut().zip(series) {
                    merge(total, bytes)?;
                }
            }
            times.push(begin.elapsed().as_micros());
        }
        times.sort_unstable();
        println!("  {footer_count} footers {way}: {} us (median of 9)", times[4]);
    }
    Ok(())
}

fn measure_history(row_count_per_hour: usize) -> Result<(), FormatError> {
    let mut generator = Generator::new();
    let names: Vec<String> = (0..FUNCTION_COUNT).map(|name| format!("function{name}")).collect();
    let mut history = History::new();
    let flags = Flags::new(Outcome::Ok, Kind::Async);
    let ids: Vec<SeriesId> = names
        .iter()
        .map(|name| {
            let (service, version, source) = ("shop", "1.2.3", "src/orders.ts:12");
            let function = HistoryFunction { service, version, name, source };
            history.series(&HistorySeries { function, flags, weight: 1, status_class: 0 })
        })
        .collect();
    let gap_ns = 3_600e9 / row_count_per_hour as f64;
    let rows: Vec<Row> = (0..48 * row_count_per_hour).map(|_| generator.row(gap_ns)).collect();
    let begin = Instant::now();
    for (seq, row) in (0..).zip(&rows) {
        history.add_row(ids[row.series as usize], seq, row);
    }
    let add_ns = begin.elapsed().as_nanos() as f64 / rows.len() as f64;
    let mut encoded = Vec::new();
    history.encode(&mut encoded);
    let begin = Instant::now();
    let mut history = History::decode(&encoded)?;
    let decode_us = begin.elapsed().as_micros();
    let entry_count = history.entries(i64::MIN, i64::MAX).count();
    let begin = Instant::now();
    let mut total = Distribution::new();
    history.entries(i64::MIN, i64::MAX).for_each(|entry| entry.merge_into(&mut total));
    let merge_us = begin.elapsed().as_micros();
    assert_eq!(total.moments.count(), rows.len() as u64);
    let begin = Instant::now();
    history.roll_up(i64::MAX);
    let roll_up_us = begin.elapsed().as_micros();
    let mut by_day = Vec::new();
    history.encode(&mut by_day);
    println!(
        "history of {row_count_per_hour} rows an hour: {add_ns:.0} ns a row; {} bytes an hour and \
         function, {} a day and function ({} entries: decoded in {decode_us} us, merged in \
         {merge_us} us, rolled up in {roll_up_us} us)",
        encoded.len() / entry_count,
        by_day.len() / history.entries(i64::MIN, i64::MAX).count(),
        entry_count,
    );
    Ok(())
}

fn main() -> Result<(), FormatError> {
    for row_count in [1_000, 65_536, 1_048_576] {
        measure(row_count)?;
    }
    for row_count_per_hour in [100, 10_000, 200_000] {
        measure_history(row_count_per_hour)?;
    }
    Ok(())
}
