//! Whether there is capturing, by what, and what it costs here.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Instant;

use kronicler::{ClockSource, process_clock};
use kronicler_format::{FORMAT_VERSION, Record, Run};
use kronicler_queue::{Bell, ring};

use super::{Check, Patient};
use crate::units::{counted, duration};

const OWN_VERSION: &str = env!("CARGO_PKG_VERSION");
/// A process that has written so lately is taken to be writing.
const WRITING_NS: i64 = 5_000_000_000;

/// Records of one round, and how many rounds: a few milliseconds.
const RING_CAPACITY: u32 = 8_192;
const ROUND_COUNT: usize = 12;

pub fn look(patient: &Patient<'_>, cost_ns: Option<f64>) -> Vec<Check> {
    let mut checks = vec![capturing(patient), environment(), writers(patient), clock(patient)];
    checks.extend(control(patient));
    checks.push(match cost_ns {
        Some(cost) => Check::fine(
            "capture cost",
            format!(
                "the native part of a capture takes {} here ({} clock, two readings and a record \
                 in a ring); Node's part comes on top, see docs/benchmarks.md",
                duration(cost),
                process_clock().name()
            ),
        ),
        None => Check::warning("capture cost", "it could not be measured", "free some memory"),
    });
    checks
}

/// Whether captures are paused, and whether somebody writes.
fn capturing(patient: &Patient<'_>) -> Check {
    const WHAT: &str = "capturing";
    let program = &patient.context.database.program;
    if let Some(since_ns) = patient.controls.control.paused_ns {
        let since = patient.context.times.second(since_ns);
        let fact = format!("captures are paused in all processes since {since}");
        return Check::warning(WHAT, fact, format!("{program} resume lets them go on"));
    }
    let open = patient.snapshot.lanes.iter().filter(|view| !view.state.is_closed);
    let writing = open
        .clone()
        .filter(|view| patient.now_ns.saturating_sub(view.state.arrival_ns) < WRITING_NS);
    match (writing.count() as u64, open.count() as u64) {
        (0, 0) => Check::fine(WHAT, "not paused; no process has the database open"),
        (0, open) => Check::fine(
            WHAT,
            format!(
                "not paused; nothing came within the last seconds from {}",
                counted(open, "process that may be alive")
                    .replace("process that may be alives", "processes that may be alive")
            ),
        ),
        (writing, _) => {
            let text = counted(writing, "process").replace("processs", "processes");
            Check::fine(WHAT, format!("not paused; {text} wrote within the last seconds"))
        }
    }
}

/// A control file that is damaged: what it was to say is not heeded.
fn control(patient: &Patient<'_>) -> Option<Check> {
    let damage = patient.controls.damage.as_ref()?;
    let program = &patient.context.database.program;
    let fact = damage.to_string();
    let (fact, _) = fact.split_once("; ").unwrap_or((&fact, ""));
    let remedy = format!("say it again: {program} pause, or {program} resume");
    Some(Check::warning("control file", fact, remedy))
}

/// What a service that is started here would make of the environment.
fn environment() -> Check {
    const WHAT: &str = "environment";
    let value = std::env::var("KRONICLER_ENABLED").unwrap_or_default();
    if matches!(value.to_lowercase().as_str(), "0" | "false" | "off") {
        let fact =
            format!("KRONICLER_ENABLED is {value} here: a service started so captures nothing");
        return Check::warning(WHAT, fact, "unset it where calls are wanted");
    }
    let fact = "KRONICLER_ENABLED does not switch capturing off here; that of a running service \
                cannot be seen from its files";
    Check::fine(WHAT, fact)
}

fn last_runs<'a>(patient: &'a Patient<'_>) -> impl Iterator<Item = &'a Run> {
    patient.snapshot.lanes.iter().filter_map(|view| view.state.runs.last())
}

/// Which versions wrote.
fn writers(patient: &Patient<'_>) -> Check {
    const WHAT: &str = "versions";
    let known: BTreeSet<&str> = last_runs(patient).map(|run| run.engine.as_str()).collect();
    let others: Vec<&str> = known
        .iter()
        .copied()
        .filter(|&version| version != OWN_VERSION && !version.is_empty())
        .collect();
    let own = format!("kr {OWN_VERSION}, format {FORMAT_VERSION}");
    if !others.is_empty() {
        let fact = format!("written by Kronicler {}, read by {own}", others.join(", "));
        return Check::warning(WHAT, fact, "use the kr that comes with the package of the service");
    }
    if known.contains("") || known.is_empty() {
        return Check::fine(WHAT, format!("{own}; which version wrote is not known"));
    }
    Check::fine(WHAT, format!("written and read by {own}"))
}

/// Which clock the writers use.
fn clock(patient: &Patient<'_>) -> Check {
    const WHAT: &str = "clock";
    let clocks: BTreeSet<&str> = last_runs(patient).map(|run| run.clock.as_str()).collect();
    let kernel =
        std::fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource")
            .map_or_else(|_| "not known".to_owned(), |text| text.trim().to_owned());
    let here = format!("here it would be {}, the kernel's is {kernel}", process_clock().name());
    if clocks.contains(ClockSource::Os.name()) {
        let fact = format!("a service reads the system's clock, which costs more; {here}");
        let remedy = "unset KRONICLER_CLOCK; if the kernel does not trust the processor's counter \
                      there is nothing to do";
        return Check::warning(WHAT, fact, remedy);
    }
    let list: Vec<&str> = clocks.into_iter().filter(|clock| !clock.is_empty()).collect();
    let used = if list.is_empty() { "not known".to_owned() } else { list.join(", ") };
    Check::fine(WHAT, format!("clock of the services: {used}; {here}"))
}

/// What two readings of the clock and a record in a ring take, in nanoseconds: the fastest of a few
/// rounds, since others use the processor, too.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn cost_ns() -> Option<f64> {
    let clock = process_clock();
    let (mut producer, mut consumer) = ring(RING_CAPACITY, 0, Bell::new()).ok()?;
    let mut best = f64::INFINITY;
    for _ in 0..ROUND_COUNT {
        let begun = Instant::now();
        for site in 0..RING_CAPACITY {
            let start = clock.now();
            producer.push(Record::new(start, clock.now(), black_box(site), 0));
        }
        best = best.min(begun.elapsed().as_nanos() as f64 / f64::from(RING_CAPACITY));
        consumer.drain(usize::MAX, |records| {
            black_box(records);
        });
    }
    Some(best)
}
