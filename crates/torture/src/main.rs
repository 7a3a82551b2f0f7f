//! Tortures the store, or replays a line that it printed.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports")]

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use kronicler_torture::{CANARIES, Case, LIVES, Order, Report, Stage, flip_all, sweep};

const USAGE: &str =
    "usage: torture [--images N] [--minutes N] [--seed N] [--no-faults] [--canary] [--flips]
       torture SEED=1 ROUND=0 LIFE=first [FAULT=12:eio-once] [CUTS=4c,7d!3:full-once]";
const IMAGE_COUNT: u64 = 150_000;
/// Images within which a planted fault must be found.
const CANARY_IMAGE_COUNT: u64 = 2_000;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let is_replay = words.first().is_some_and(|word| !word.starts_with('-'));
    let result = if is_replay { replay(&words) } else { run(&words) };
    result.unwrap_or_else(|wrong| {
        eprintln!("{wrong}\n{USAGE}");
        ExitCode::from(2)
    })
}

fn replay(words: &[String]) -> Result<ExitCode, String> {
    let case = Case::parse(words.iter().map(String::as_str))?;
    let show = |stage: &Stage| {
        println!("{} operations", stage.ops.len());
        println!("{:?}", stage.ops.iter().enumerate().collect::<Vec<_>>());
        for (position, mutation) in stage.recording.mutations.iter().enumerate() {
            println!("{position:5} {mutation:?}");
        }
    };
    Ok(match case.replay(show) {
        Ok(()) => {
            println!("holds: {case}");
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            println!("violation: {wrong}\n  replay: {case}");
            ExitCode::FAILURE
        }
    })
}

fn run(words: &[String]) -> Result<ExitCode, String> {
    let (mut order, mut part) = (new_order(), whole as fn(&Order) -> bool);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            let number = words.next().and_then(|number| number.parse::<u64>().ok());
            number.ok_or_else(|| format!("{word} needs a number"))
        };
        match word.as_str() {
            "--images" => order.image_count = number()?,
            "--minutes" => order.time = Some(Duration::from_secs(60 * number()?)),
            "--seed" => order.seed = number()?,
            "--no-faults" => order.has_faults = false,
            "--canary" => part = canaries,
            "--flips" => part = flips,
            _ => return Err(format!("{word} is not known")),
        }
    }
    Ok(if part(&order) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn new_order() -> Order {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Order {
        seed: now.as_secs(),
        image_count: IMAGE_COUNT,
        time: None,
        has_faults: true,
        forgotten: None,
    }
}

/// Whether all holds.
fn whole(order: &Order) -> bool {
    let start = Instant::now();
    println!("seed {}, {} lives", order.seed, LIVES.len());
    let report = sweep(*order);
    print_report(&report, order, start.elapsed());
    let mut violations = 0;
    for (count, first) in report.violations.values() {
        println!("violation ({count} cases): {first}");
        violations += count;
    }
    println!("{violations} violations");
    violations == 0
}

/// Whether every planted fault is found.
fn canaries(order: &Order) -> bool {
    let found = CANARIES.map(|forgotten| {
        let order = Order { forgotten: Some(forgotten), image_count: CANARY_IMAGE_COUNT, ..*order };
        let report = sweep(order);
        let is_found = !report.violations.is_empty();
        let what = if is_found { "found" } else { "NOT FOUND" };
        println!("planted fault {forgotten:?}: {what} in {} images", report.counts.images);
        is_found
    });
    found.into_iter().all(|is_found| is_found)
}

/// Whether every flipped bit is detected or harmless.
fn flips(_: &Order) -> bool {
    // Those of a life that is slow to read would take hours.
    let lives = || LIVES.iter().filter(|life| life.sample == 1);
    let good = lives().filter(|life| match flip_all(life) {
        Ok(count) => {
            println!("life {}: {count} bits flipped, all detected or harmless", life.name);
            true
        }
        Err(wrong) => {
            println!("life {}: {wrong}", life.name);
            false
        }
    });
    good.count() == lives().count()
}

fn print_report(report: &Report, order: &Order, elapsed: Duration) {
    let counts = &report.counts;
    let seconds = elapsed.as_secs_f64();
    println!(
        "{} images ({:.0} a second), {} of them in a recovery\n\
         {} lives and {} recoveries with a fault\n\
         seed {}, {} whole rounds, {:.1} minutes",
        counts.images,
        counts.images as f64 / seconds,
        counts.nested_images,
        counts.faulty_lives,
        counts.faulty_recoveries,
        order.seed,
        report.rounds,
        seconds / 60.0,
    );
}
