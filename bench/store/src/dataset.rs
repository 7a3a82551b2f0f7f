//! The reference data set: rows as a busy service makes them, in the order its drain sees them.
//!
//! Starts are a Poisson process; popularity of functions and durations are told in `functions`.
//! Every thread is a process of its own, its rows in the order of their ends. The drain visits
//! one ring after the other and takes what has ended, a few hundred rows from each.
//!
//! Random rows are what no code can make smaller: ends and durations uniform over 64 bits.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter::Peekable;
use std::sync::Arc;

use kronicler_format::{Flags, Kind, Outcome, Row, SeriesEntry};
use kronicler_store::Dictionary;

use crate::functions::{Functions, whole_ns};
use crate::random::Random;

/// Ten million rows in six hours.
pub const RATE: f64 = 10_000_000.0 / (6.0 * 3_600.0);
/// Of the first start: 15 June 2025. Any time will do.
const BEGIN_NS: i64 = 1_750_000_000_000_000_000;
/// Rows that the drain finds in a ring, on average.
const RUN_ROW_COUNT: u32 = 256;

/// What is made.
#[derive(Debug, Clone, clap::Args)]
pub struct Dataset {
    /// Rows.
    #[arg(long, default_value_t = 10_000_000)]
    pub rows: usize,
    /// Functions that are called.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    pub functions: u16,
    /// Threads that call them.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub threads: u32,
    /// Calls a second, all threads together.
    #[arg(long, default_value_t = RATE)]
    pub rate: f64,
    /// Rows that cannot be compressed: random ends and durations.
    #[arg(long)]
    pub random: bool,
    /// Other numbers, same laws.
    #[arg(long, default_value_t = SEED)]
    pub seed: u64,
}

/// Thirty functions are few, so how long the popular ones happen to take moves the entropy by bits.
/// This seed makes it 46.36 bits a row; the first figures of all were taken on 46.34.
const SEED: u64 = 316;

impl Dataset {
    /// All rows.
    pub fn rows(&self) -> Box<dyn Iterator<Item = Row>> {
        if self.random {
            Box::new(self.random_rows().take(self.rows))
        } else {
            Box::new(Drain::new(self).take(self.rows))
        }
    }

    /// Calls `take` with batches of rows, all but the last of this size.
    pub fn for_batches<E>(
        &self,
        size: usize,
        mut take: impl FnMut(&[Row]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rows = self.rows();
        let mut batch = Vec::with_capacity(size);
        loop {
            batch.clear();
            batch.extend(rows.by_ref().take(size));
            if batch.is_empty() {
                return Ok(());
            }
            take(&batch)?;
        }
    }

    /// Names of the functions, with ids as in the rows.
    pub fn names(&self) -> Dictionary {
        let mut names = Dictionary::default();
        let flags = Flags::new(Outcome::Ok, Kind::Sync);
        let entry = SeriesEntry { name: 0, flags, weight: 1, status_class: 0 };
        for function in 0..self.functions {
            names.intern(&format!("function{function}"), "src/service.js:12", entry);
        }
        names
    }

    fn random_rows(&self) -> impl Iterator<Item = Row> + use<> {
        let mut random = Random::new(self.seed);
        let (functions, threads) = (u64::from(self.functions), u64::from(self.threads));
        (0_u64..).map(move |index| Row {
            series: small(random.bits() % functions),
            thread: small(index / u64::from(RUN_ROW_COUNT) % threads),
            end_ns: random.bits().cast_signed(),
            duration_ns: random.bits(),
        })
    }
}

/// Function and thread ids are far below 2^32.
fn small(id: u64) -> u32 {
    u32::try_from(id).unwrap_or(u32::MAX)
}

/// The rows of all threads, as they leave the rings.
struct Drain {
    rings: Vec<Peekable<Calls>>,
    ring: usize,
    period_ns: i64,
    until_ns: i64,
}

impl Drain {
    fn new(dataset: &Dataset) -> Self {
        let mut random = Random::new(dataset.seed);
        let functions = Arc::new(Functions::draw(dataset.functions, &mut random));
        let gap_ns = 1e9 * f64::from(dataset.threads) / dataset.rate;
        let rings = (0..dataset.threads).map(|thread| {
            let (functions, random) = (Arc::clone(&functions), Random::new(random.bits()));
            Calls::new(thread, functions, random, gap_ns).peekable()
        });
        let rings = rings.collect();
        let period_ns = whole_ns(gap_ns * f64::from(RUN_ROW_COUNT)).max(1).cast_signed();
        Self { rings, ring: 0, period_ns, until_ns: BEGIN_NS + period_ns }
    }
}

impl Iterator for Drain {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            let until_ns = self.until_ns;
            if let Some(row) = self.rings[self.ring].next_if(|row| row.end_ns < until_ns) {
                return Some(row);
            }
            self.ring += 1;
            if self.ring == self.rings.len() {
                self.ring = 0;
                self.until_ns += self.period_ns;
            }
        }
    }
}

/// The calls of one thread, without end, in the order of their ends.
struct Calls {
    thread: u32,
    functions: Arc<Functions>,
    random: Random,
    gap_ns: f64,
    start_ns: i64,
    count: u64,
    /// Calls that run at `start_ns`: end, number, function, duration.
    running: BinaryHeap<Reverse<(i64, u64, u32, u64)>>,
}

impl Calls {
    const fn new(thread: u32, functions: Arc<Functions>, random: Random, gap_ns: f64) -> Self {
        let running = BinaryHeap::new();
        Self { thread, functions, random, gap_ns, start_ns: BEGIN_NS, count: 0, running }
    }

    fn start(&mut self) {
        self.start_ns += whole_ns(self.random.exponential(self.gap_ns)).cast_signed();
        let (function, duration_ns) = self.functions.call(&mut self.random);
        let end_ns = self.start_ns.saturating_add_unsigned(duration_ns);
        self.running.push(Reverse((end_ns, self.count, small(function as u64), duration_ns)));
        self.count += 1;
    }
}

impl Iterator for Calls {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        // What is yet to start ends later than the latest start.
        while self.running.peek().is_none_or(|Reverse((end_ns, ..))| *end_ns > self.start_ns) {
            self.start();
        }
        let Reverse((end_ns, _, series, duration_ns)) = self.running.pop()?;
        Some(Row { series, thread: self.thread, end_ns, duration_ns })
    }
}

#[cfg(test)]
mod tests;
