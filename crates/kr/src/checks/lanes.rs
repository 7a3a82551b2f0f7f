//! The lanes: who has them, what waits in them, how far back they reach.

use kronicler_format::limits::{LANE_COUNT_MAX, NAME_COUNT_MAX, OTHER_NAME};
use kronicler_store::{LaneView, Opened};

use super::{Check, Patient};
use crate::failure::Failure;
use crate::units::{count, counted, size, span};

/// Lanes from which on there is little room for more processes.
const LANES_MANY: usize = 900;
/// Names from which on there is little room for more.
const NAMES_MANY: usize = 90_000;
/// Unsealed rows of a lane that nobody writes from which on `kr compact` is worth it.
const UNSEALED_MANY: u64 = 16_384;

pub fn look(patient: &Patient<'_>) -> Result<Vec<Check>, Failure> {
    let mut checks = vec![owners(patient), sealing(patient), names(patient)];
    checks.extend(cleared(patient));
    checks.push(rows_reach(patient));
    checks.push(memory_reaches(patient)?);
    Ok(checks)
}

fn owners(patient: &Patient<'_>) -> Check {
    const WHAT: &str = "lanes";
    let lanes = &patient.snapshot.lanes;
    let closed = lanes.iter().filter(|view| view.state.is_closed).count();
    let fact = format!(
        "{} of {LANE_COUNT_MAX}: {} ended in order, {} open (alive, or ended without a word)",
        counted(lanes.len() as u64, "lane"),
        count(closed as u64),
        count((lanes.len() - closed) as u64),
    );
    if lanes.len() >= LANES_MANY {
        let remedy =
            "use a directory for each group of processes: calls of further ones are dropped";
        return Check::warning(WHAT, fact, remedy);
    }
    Check::fine(WHAT, fact)
}

fn unsealed(view: &LaneView) -> u64 {
    view.state.windows.iter().map(|window| window.row_count).sum()
}

fn sealing(patient: &Patient<'_>) -> Check {
    const WHAT: &str = "unsealed rows";
    let lanes = &patient.snapshot.lanes;
    let all: u64 = lanes.iter().map(unsealed).sum();
    let segments: u64 = lanes.iter().map(|view| view.state.segments.len() as u64).sum();
    let fact = format!("{} in logs, the others in {}", count(all), counted(segments, "segment"));
    let left = lanes.iter().filter(|view| view.state.is_closed).map(unsealed).sum::<u64>();
    if left >= UNSEALED_MANY {
        let program = &patient.context.database.program;
        let fact = format!("{fact}; {} of lanes that nobody writes", count(left));
        return Check::warning(WHAT, fact, format!("{program} compact makes them smaller"));
    }
    Check::fine(WHAT, fact)
}

fn names(patient: &Patient<'_>) -> Check {
    const WHAT: &str = "names";
    let lanes = &patient.snapshot.lanes;
    let most = lanes.iter().map(|view| view.state.names.names().len()).max().unwrap_or(0);
    let has_other = lanes.iter().any(|view| !view.state.names.series_of(OTHER_NAME).is_empty());
    let fact =
        format!("at most {} of {} in a lane", count(most as u64), count(NAME_COUNT_MAX.into()));
    let remedy = "names must not hold what differs from call to call, such as ids: name the \
                  function, or the route";
    if has_other {
        let fact = format!("{fact}; calls of further names count under {OTHER_NAME}");
        return Check::problem(WHAT, fact, remedy);
    }
    if most >= NAMES_MANY {
        return Check::warning(WHAT, fact, remedy);
    }
    Check::fine(WHAT, fact)
}

fn cleared(patient: &Patient<'_>) -> Option<Check> {
    let lanes = patient.snapshot.cleared_lanes.len() as u64;
    let fact = format!(
        "{} cleared, whose files are still there: the owner has not captured since",
        counted(lanes, "lane")
    );
    let remedy = "nothing: the next call, or the next process to take the lane, removes them";
    (lanes > 0).then(|| Check::warning("cleared lanes", fact, remedy))
}

fn rows_reach(patient: &Patient<'_>) -> Check {
    const WHAT: &str = "rows reach";
    let lanes = &patient.snapshot.lanes;
    let states = || lanes.iter().map(|view| &view.state);
    let first = states()
        .flat_map(|state| {
            let sealed = state.segments.iter().map(|segment| segment.first_arrival_ns);
            sealed.chain(state.windows.iter().map(|window| window.first_arrival_ns))
        })
        .filter(|&ns| ns > 0)
        .min();
    let max_age = last_runs_max(patient, |run| run.max_age_ns);
    let limit = max_age.map_or_else(
        || "how long they are kept is not known".to_owned(),
        |ns| format!("they are kept for {}", span(ns)),
    );
    let expired: u64 = states().map(|state| state.floor_seq).sum();
    match first {
        Some(first_ns) => {
            let age = patient.now_ns.saturating_sub(first_ns).max(0).unsigned_abs();
            let fact = format!(
                "the oldest were written {} ago; {limit}; {} expired so far",
                span(age),
                count(expired)
            );
            Check::fine(WHAT, fact)
        }
        None => Check::fine(WHAT, format!("no row tells when it was written; {limit}")),
    }
}

/// The largest of what the last processes were told.
pub fn last_runs_max(
    patient: &Patient<'_>,
    of: impl Fn(&kronicler_format::Run) -> u64,
) -> Option<u64> {
    let lanes = patient.snapshot.lanes.iter();
    let runs = lanes.filter_map(|view| view.state.runs.last());
    runs.map(of).filter(|&value| value > 0).max()
}

fn memory_reaches(patient: &Patient<'_>) -> Result<Check, Failure> {
    const WHAT: &str = "history";
    let mut first_ns = None;
    let mut bytes = 0;
    for view in &patient.snapshot.lanes {
        for entry in view.state.histories.iter() {
            bytes += entry.size_bytes;
            if let Opened::Found(history) = view.history(entry)? {
                let entries = history.entries(i64::MIN, i64::MAX);
                let starts = entries.map(|entry| entry.period.start_ns());
                first_ns = first_ns.into_iter().chain(starts).min();
            }
        }
    }
    Ok(match first_ns {
        Some(ns) => Check::fine(
            WHAT,
            format!(
                "statistics of expired rows reach back to {} and take {}",
                patient.context.times.second(ns),
                size(bytes)
            ),
        ),
        None => Check::fine(WHAT, "no rows have expired into it yet"),
    })
}
