//! What became of calls that are not stored, and of rows that cannot be read.

use kronicler_format::Counters;

use super::{Check, Patient};
use crate::units::{count, counted};

pub fn look(patient: &Patient<'_>) -> Vec<Check> {
    let lanes = &patient.snapshot.lanes;
    let mut counters = Counters::default();
    lanes.iter().for_each(|view| counters.merge(&view.state.counters));
    let mut checks = lost_calls(&counters);
    let quarantined: u64 = lanes.iter().map(|view| view.state.quarantined()).sum();
    let tail: u64 = lanes.iter().map(|view| view.state.damage.tail_bytes).sum();
    if quarantined > 0 || tail > 0 || patient.snapshot.unreadable_heads > 0 {
        let fact = format!(
            "{} cannot be read, nor {} at the end of logs and {}",
            counted(quarantined, "row"),
            counted(tail, "byte"),
            counted(patient.snapshot.unreadable_heads.into(), "whole log"),
        );
        let remedy = format!(
            "keep a copy of the files; {} verify says which they are",
            patient.context.database.program
        );
        checks.push(Check::problem("damage", fact, remedy));
    } else {
        checks.push(Check::fine("damage", "none was met; kr verify reads every byte"));
    }
    checks
}

fn lost_details(counters: &Counters) -> Option<Check> {
    (counters.details_dropped > 0).then(|| {
        let fact = format!(
            "of {} only the times could be kept: more failed or were slow at once than there was \
             room for their details",
            counted(counters.details_dropped, "call")
        );
        let remedy = "nothing if that was a storm of errors; else raise `slowMs`, or ask for \
                      fewer `args`";
        Check::warning("dropped: details", fact, remedy)
    })
}

fn lost_calls(counters: &Counters) -> Vec<Check> {
    let calls = |value| counted(value, "call");
    let warning = |what, value, why: &str, remedy: &str| {
        (value > 0).then(|| Check::warning(what, format!("{} {why}", calls(value)), remedy))
    };
    let found = [
        (counters.dropped_store > 0).then(|| {
            let fact = format!(
                "{} dropped because the files could not be written",
                calls(counters.dropped_store)
            );
            let remedy = "health() in the service says why: disk full, no permission, a network \
                          file system";
            Check::problem("dropped: store", fact, remedy)
        }),
        warning(
            "dropped: ring",
            counters.dropped_ring,
            "dropped because a thread's ring was full: they came faster than they could be taken \
             away, or the disk stood still",
            "capture the hottest functions with `every`, see below, or look at the disk",
        ),
        warning(
            "dropped: thread",
            counters.dropped_thread,
            "dropped because no memory was left for the ring of a thread: too many worker threads \
             capture at once",
            "use fewer threads, or capture in some of them only",
        ),
        warning(
            "dropped: closed",
            counters.dropped_closed,
            "dropped because they ended after the database was closed",
            "close it last, or not at all: what is captured is stored at the end of a program",
        ),
        warning(
            "lost: clock",
            counters.lost_clock,
            "lost because the clock jumped, as after a suspend or a move to another machine",
            "nothing if that is so; else set KRONICLER_CLOCK=os",
        ),
        lost_details(counters),
        (counters.lost_at_most > 0).then(|| {
            let fact = format!(
                "at most {} went with processes that did not end in order; how many is not known",
                calls(counters.lost_at_most)
            );
            let remedy = "end services by SIGTERM and a listener that calls process.exit(), or \
                          await flush() there";
            Check::warning("lost: unclean ends", fact, remedy)
        }),
    ];
    let mut checks: Vec<Check> = found.into_iter().flatten().collect();
    if checks.is_empty() {
        let fact = match counters.skipped_every {
            0 => "no call was dropped or lost".to_owned(),
            skipped => format!(
                "no call was dropped or lost; {} left out on purpose, by `every`",
                count(skipped)
            ),
        };
        checks.push(Check::fine("calls", fact));
    }
    checks
}
