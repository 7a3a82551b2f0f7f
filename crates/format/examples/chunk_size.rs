//! Prints bytes a row by column and the speed of encoding and decoding, on data like a service's.
//!
//! `cargo run --release -p kronicler-format --example chunk_size [rows]`. The data: functions whose
//! popularity is Zipf with exponent 1.1, medians drawn log-uniformly from 2 us to 50 ms, log-normal
//! spread with a sigma of 0.25 to 1.0; 1.5 % of the calls from a Pareto tail (alpha 1.3) that
//! begins two sigma above the median and is cut at 500 times its beginning; starts are a Poisson
//! process, one each 2.16 ms; rows in the order of their ends.

use std::io::Write;
use std::time::Instant;

use kronicler_format::{
    ChunkDirectory, ChunkScratch, FrameSeed, Row, decode_chunk, encode_chunk, limits,
};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let rows = std::env::args().nth(1).map_or(Ok(1 << 20), |count| count.parse())?;
    let usual = calls(rows, 30, 1);
    writeln!(std::io::stdout(), "entropy of 30 functions: {:.3} B/row", entropy(&usual, 30))?;
    report("30 functions", &usual)?;
    report("2,000 functions", &calls(rows, 2_000, 1))?;
    report("4 threads, drained in turn", &in_runs(&calls(rows, 30, 4), 300))?;
    report("busy: a call each 2 us", &faster(calls(rows, 30, 1), 1_000))?;
    report("coarse clock: times in 100 ns", &coarser(calls(rows, 30, 1), 100))?;
    report("manual rows: times in 1 ms", &coarser(calls(rows, 30, 1), 1_000_000))?;
    report("calls in a fixed order", &in_turn(calls(rows, 30, 1)))?;
    report("no pattern, 1,000 series", &noise(rows, 1_000))?;
    report("no pattern, 65,536 series", &noise(rows, 65_536))?;
    Ok(())
}

/// SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in (0, 1].
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// Box and Muller's.
    fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

struct Function {
    /// Natural logarithm of the median in nanoseconds.
    mu: f64,
    sigma: f64,
    /// Share of the calls of this function and those before.
    until: f64,
}

fn functions(random: &mut Random, count: u32) -> Vec<Function> {
    let mut until = 0.0;
    let mut functions: Vec<Function> = (1..=count)
        .map(|rank| {
            until += f64::from(rank).powf(-1.1);
            let mu = random.between(2e3_f64.ln(), 50e6_f64.ln());
            Function { mu, sigma: random.between(0.25, 1.0), until }
        })
        .collect();
    functions.iter_mut().for_each(|function| function.until /= until);
    functions
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small, positive")]
fn calls(count: usize, function_count: u32, thread_count: u32) -> Vec<Row> {
    let mut random = Random(42);
    let functions = functions(&mut random, function_count);
    let mut start_ns = 1_700_000_000e9;
    let mut rows: Vec<Row> = (0..count)
        .map(|_| {
            start_ns += -random.unit().ln() * 2.16e6;
            let share = random.unit();
            let index = functions.partition_point(|function| function.until < share);
            let function = &functions[index.min(functions.len() - 1)];
            let duration = if random.unit() < 0.015 {
                let begin = (function.mu + 2.0 * function.sigma).exp();
                (begin * random.unit().powf(-1.0 / 1.3)).min(begin * 500.0)
            } else {
                (function.mu + function.sigma * random.normal()).exp()
            };
            let duration_ns = (duration.round() as u64).max(1);
            let thread = (random.next() % u64::from(thread_count)) as u32;
            let end_ns = (start_ns as i64).wrapping_add_unsigned(duration_ns);
            Row { series: index as u32, thread, end_ns, duration_ns }
        })
        .collect();
    rows.sort_by_key(|row| row.end_ns);
    rows
}

/// Bytes a row below which no lossless code can be: of name, gap, and duration given the name.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn entropy(rows: &[Row], function_count: u32) -> f64 {
    let functions = functions(&mut Random(42), function_count);
    let bits = |row: &Row| {
        let index = row.series as usize;
        let function = &functions[index];
        let before = index.checked_sub(1).map_or(0.0, |before| functions[before].until);
        let duration = row.duration_ns as f64;
        let distance = (duration.ln() - function.mu) / function.sigma;
        let body = (-distance * distance / 2.0).exp()
            / (duration * function.sigma * std::f64::consts::TAU.sqrt());
        let ratio = duration / (function.mu + 2.0 * function.sigma).exp();
        let tail = match ratio {
            ..1.0 => 0.0,
            1.0..499.999 => 1.3 * ratio.powf(-1.3) / duration,
            _ => 500_f64.powf(-1.3),
        };
        -((function.until - before) * (0.985 * body + 0.015 * tail)).log2()
    };
    let gap = (std::f64::consts::E * 2.16e6).log2();
    (gap + rows.iter().map(bits).sum::<f64>() / rows.len() as f64) / 8.0
}

/// As four rings are drained, each about every `run` of its rows.
fn in_runs(rows: &[Row], run: usize) -> Vec<Row> {
    let mut out = Vec::with_capacity(rows.len());
    for drained in rows.chunks(run * 4) {
        for thread in 0..4 {
            out.extend(drained.iter().filter(|row| row.thread == thread));
        }
    }
    out
}

fn faster(mut rows: Vec<Row>, times: i64) -> Vec<Row> {
    rows.iter_mut().for_each(|row| row.end_ns /= times);
    rows
}

fn coarser(mut rows: Vec<Row>, step: u64) -> Vec<Row> {
    for row in &mut rows {
        row.end_ns -= row.end_ns.rem_euclid(step.cast_signed());
        row.duration_ns -= row.duration_ns % step;
    }
    rows
}

/// The same function after the same function: a request that always makes the same 30 calls.
fn in_turn(mut rows: Vec<Row>) -> Vec<Row> {
    for (index, row) in (0..).zip(&mut rows) {
        row.series = (index % 30) * 7 % 30;
    }
    rows
}

fn noise(count: usize, series_count: u64) -> Vec<Row> {
    let mut random = Random(7);
    let row = |_| Row {
        series: u32::try_from(random.next() % series_count).unwrap_or_default(),
        thread: 0,
        end_ns: random.next().cast_signed(),
        duration_ns: random.next(),
    };
    (0..count).map(row).collect()
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn report(title: &str, rows: &[Row]) -> Result<(), Failure> {
    let seed = FrameSeed::new(&[1; 16]);
    let mut scratch = ChunkScratch::default();
    let (mut total, mut directory_size, mut sizes) = (0, 0, [0; 4]);
    let (mut encode, mut decode, mut pages_only) = (0.0, 0.0, 0.0);
    let (mut bytes, mut back) = (Vec::new(), Vec::new());
    for (first_seq, rows) in (0_u64..).zip(rows.chunks(limits::CHUNK_ROW_COUNT_MAX)) {
        // The best of several for each chunk: what else the machine does is left out.
        let mut best = [f64::MAX; 3];
        for _ in 0..7 {
            bytes.clear();
            let began = Instant::now();
            let shape = encode_chunk(&mut bytes, seed, first_seq, rows, &mut scratch)?;
            best[0] = best[0].min(began.elapsed().as_secs_f64());
            directory_size = shape.directory_size_bytes;
            let began = Instant::now();
            let directory = decode_chunk(&bytes, seed, first_seq, &mut back)?;
            best[1] = best[1].min(began.elapsed().as_secs_f64());
            best[2] = best[2].min(read_durations(&directory, &bytes, seed)?);
        }
        assert!(back == rows, "rows came back otherwise");
        add_sizes(&ChunkDirectory::decode(&bytes, seed, first_seq)?, &mut sizes);
        total += bytes.len();
        (encode, decode, pages_only) = (encode + best[0], decode + best[1], pages_only + best[2]);
    }
    let count = rows.len() as f64;
    let [directory, ends, series, durations] = sizes.map(|size| size as f64 / count);
    let total = total as f64 / count;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{title}: {total:.3} B/row")?;
    writeln!(out, "  directory {directory:.3} ({directory_size} B in the last chunk)")?;
    writeln!(out, "  ends {ends:.3}, series {series:.3}, durations {durations:.3}")?;
    writeln!(out, "  encode {:.1} ns/row", encode * 1e9 / count)?;
    writeln!(out, "  decode to rows {:.1} ns/row", decode * 1e9 / count)?;
    writeln!(out, "  decode durations, page by page {:.0} M/s", count / pages_only / 1e6)?;
    Ok(())
}

/// Seconds that reading all durations took, one page at a time.
fn read_durations(
    directory: &ChunkDirectory,
    chunk: &[u8],
    seed: FrameSeed,
) -> Result<f64, Failure> {
    let slice = |range: Option<std::ops::Range<u32>>| {
        let range = range.unwrap_or_default();
        &chunk[range.start as usize..range.end as usize]
    };
    let first = directory.series_page(directory.row_count() - 1).0 + 1;
    let began = Instant::now();
    for page in first..directory.page_count() {
        let (meta, payload) = (directory.meta_range(page), directory.page_range(page));
        directory.decode_page(seed, page, slice(meta), slice(payload))?;
    }
    Ok(began.elapsed().as_secs_f64())
}

/// Adds the bytes of the directory, ends, series and durations.
fn add_sizes(directory: &ChunkDirectory, sizes: &mut [usize; 4]) {
    sizes[0] += directory.directory_size_bytes() as usize;
    let ends = directory.end_page(0).0;
    let series = directory.series_page(0).0;
    let durations = directory.series_page(directory.row_count() - 1).0 + 1;
    let mut last_meta = None;
    for page in 0..directory.page_count() {
        let column = 1 + usize::from(page >= series) + usize::from(page >= durations);
        assert!(ends <= page && column < 4);
        let meta = directory.meta_range(page).unwrap_or_default();
        if last_meta.as_ref() != Some(&meta) {
            sizes[column] += meta.len();
        }
        last_meta = Some(meta);
        sizes[column] += directory.page_range(page).unwrap_or_default().len();
    }
}
