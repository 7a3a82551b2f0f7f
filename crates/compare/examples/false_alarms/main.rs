//! How often comparisons are wrong, on simulated pairs.
//!
//! `cargo run --release -p kronicler-compare --example false_alarms -- [PAIRS] [SEED]` prints a
//! table in Markdown, of 1,000 pairs each unless asked for others, and fails when what is promised
//! is not kept. Other seeds than 1 give other random numbers.
#![expect(clippy::print_stdout, reason = "a simulation prints its result")]

mod load;
mod trial;

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::load::{Load, Shape};
use crate::trial::{Found, compare};

/// What is compared, how many times slower the second side is, and what is promised.
struct Case {
    what: &'static str,
    load: Load,
    slower: f64,
    promise: Promise,
}

#[derive(Clone, Copy)]
enum Promise {
    /// Differences of 1,000 at most, however small they may be.
    AtMost(u32),
    /// Regressions of 1,000 at least.
    AtLeast(u32),
    None,
}

const fn case(what: &'static str, calls: u32, spread: f64, shape: Shape) -> Case {
    Case { what, load: Load { calls, spread, shape }, slower: 1.0, promise: Promise::None }
}

const fn independent(calls: u32, spread: f64, slower: f64, promise: Promise) -> Case {
    let what = if slower == 1.0 { "independent" } else { "independent, 10 % slower" };
    Case { slower, promise, ..case(what, calls, spread, Shape::Independent) }
}

fn cases() -> Vec<Case> {
    use Promise::{AtLeast, AtMost};
    use Shape::{Bursts, CoarseClock, Drifting, HeavyTail, OneAfterTheOther, SlowMinutes, Trend};
    let drifting = |relaxation, deviation| Drifting { relaxation, deviation };
    let minutes = |parts, share, slower| SlowMinutes { parts, share, slower };
    let bursts = |size| Bursts { size, deviation: 0.3 };
    let clock = |step_ns| CoarseClock { step_ns };
    vec![
        independent(2_000, 0.5, 1.0, AtMost(64)),
        independent(10_000, 1.0, 1.0, AtMost(64)),
        independent(2_000, 0.5, 1.1, AtLeast(950)),
        independent(10_000, 1.0, 1.1, AtLeast(950)),
        independent(200, 0.5, 1.0, AtMost(64)),
        independent(1_000, 0.5, 1.0, AtMost(64)),
        independent(2_000, 1.0, 1.0, AtMost(64)),
        independent(50_000, 0.5, 1.0, AtMost(64)),
        case("one call after the other", 2_000, 0.5, OneAfterTheOther),
        case("clock of 0.1 ms", 2_000, 0.5, clock(1e5)),
        case("clock of 1 ms", 2_000, 0.5, clock(1e6)),
        case("1.5 % up to 500 times slower (Pareto)", 5_000, 0.5, HeavyTail),
        case("bursts of 50 calls", 5_000, 0.5, bursts(50)),
        case("bursts of 200 calls", 5_000, 0.5, bursts(200)),
        case("bursts of 500 calls", 5_000, 0.5, bursts(500)),
        case(
            "one minute in 20 is 3 times slower, 240 minutes",
            5_000,
            0.5,
            minutes(240.0, 0.05, 3.0),
        ),
        case("one minute in 10 is 2 times slower, 60 minutes", 5_000, 0.5, minutes(60.0, 0.1, 2.0)),
        case(
            "3 minutes in 10 are 1.5 times slower, 20 minutes",
            5_000,
            0.5,
            minutes(20.0, 0.3, 1.5),
        ),
        case("drifting by 20 % within 1/1,000 of the time", 5_000, 0.5, drifting(0.001, 0.2)),
        case("drifting by 20 % within 1/100 of the time", 5_000, 0.5, drifting(0.01, 0.2)),
        case("drifting by 20 % within 1/30 of the time", 5_000, 0.5, drifting(1.0 / 30.0, 0.2)),
        case("drifting by 20 % within 1/10 of the time", 5_000, 0.5, drifting(0.1, 0.2)),
        case("the last call is 20 % slower than the first", 5_000, 0.5, Trend { slower: 1.2 }),
    ]
}

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<u32>().ok());
    let (pairs, seed) = (numbers.next().unwrap_or(1_000), numbers.next().unwrap_or(1));
    let cases = cases();
    let results = Mutex::new(vec![None; cases.len()]);
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, Into::into);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((index, case)) = take(&cases, &next) {
                    let found = compare(&case.load, case.slower, pairs, seed.into());
                    results.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(found);
                }
            });
        }
    });
    println!("Of {pairs} pairs each, seed {seed}:\n");
    println!(
        "| load | calls a side | spread | regressions | differences | small ones, too | rank sum |"
    );
    println!("|---|---|---|---|---|---|---|");
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut is_kept = true;
    for (case, found) in cases.iter().zip(results.into_iter().flatten()) {
        println!("{}", line(case, &found));
        is_kept &= keeps(case, &found);
    }
    println!(
        "\n{}",
        if is_kept { "All promises are kept." } else { "A promise is not kept (**)." }
    );
    if is_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn take<'a>(cases: &'a [Case], next: &AtomicUsize) -> Option<(usize, &'a Case)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    cases.get(index).map(|case| (index, case))
}

fn line(case: &Case, found: &Found) -> String {
    let mark = if keeps(case, found) { "" } else { " **" };
    let Case { what, load: Load { calls, spread, .. }, .. } = case;
    let Found { regressions, differences, small_differences, rank_sums, .. } = found;
    format!(
        "| {what}{mark} | {calls} | {spread} | {regressions} | {differences} | \
         {small_differences} | {rank_sums} |"
    )
}

fn keeps(case: &Case, found: &Found) -> bool {
    let limit = |of_thousand: u32| of_thousand * found.pairs;
    match case.promise {
        Promise::AtMost(most) => found.small_differences * 1_000 <= limit(most),
        Promise::AtLeast(least) => found.regressions * 1_000 >= limit(least),
        Promise::None => true,
    }
}
