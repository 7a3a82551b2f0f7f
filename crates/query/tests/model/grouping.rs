//! Statistics by group, compared with those of the calls of each group in a list.

use std::collections::BTreeMap;

use kronicler_query::{Filter, Group, GroupBy, Periods, stats_by};
use kronicler_store::Snapshot;

use crate::model::{Call, wants};
use crate::questions::{check_stats, same, wants_past};
use crate::rng::Rng;

pub const HOUR_NS: i64 = 3_600_000_000_000;

/// Asks for groups of one kind or another.
pub fn check_groups(
    rng: &mut Rng,
    snapshot: &Snapshot,
    filter: &Filter,
    all: &[Call],
    expired: &[Call],
) -> bool {
    let by = match rng.below(9) {
        0 => GroupBy::Version,
        1 => GroupBy::Instance,
        2 => GroupBy::Outcome,
        3 => GroupBy::Kind,
        4 => GroupBy::Thread,
        5 => GroupBy::Status,
        _ => GroupBy::Periods(periods(rng, all)),
    };
    // Of expired calls neither instance nor thread is known.
    let has_past = !matches!(by, GroupBy::Instance | GroupBy::Thread);
    let mut groups: BTreeMap<Group, Vec<&Call>> = BTreeMap::new();
    let mut unplaced = 0;
    for call in all.iter().filter(|call| wants(filter, call)) {
        if let Some(group) = group_of(&by, call, call.end_ns..call.end_ns + 1) {
            groups.entry(group).or_default().push(call);
        }
    }
    for call in expired.iter().filter(|call| has_past && wants_past(filter, call)) {
        let hour_ns = call.end_ns.div_euclid(HOUR_NS) * HOUR_NS;
        match group_of(&by, call, hour_ns..hour_ns + HOUR_NS) {
            Some(group) => groups.entry(group).or_default().push(call),
            None => unplaced += u64::from(can_lie_in(&by, filter, hour_ns)),
        }
    }
    same(stats_by(snapshot, filter, &by), |grouped| {
        assert_eq!(grouped.unplaced, unplaced, "{by:?}");
        let names: Vec<&str> = grouped.rows.iter().map(|row| &*row.stats.name.name).collect();
        assert!(names.is_sorted(), "one function after the other");
        let mut found: BTreeMap<Group, Vec<_>> = BTreeMap::new();
        for row in grouped.rows {
            found.entry(row.group).or_default().push(row.stats);
        }
        assert!(found.keys().eq(groups.keys()), "{by:?}: the same groups have calls");
        for (functions, calls) in found.values().zip(groups.values()) {
            check_stats(functions, calls);
        }
    })
}

/// Periods whose bounds are often those of a row, or hours.
pub fn periods(rng: &mut Rng, all: &[Call]) -> Periods {
    let ends: Vec<i64> = all.iter().map(|call| call.end_ns).collect();
    let (Some(&first), Some(&last)) = (ends.iter().min(), ends.iter().max()) else {
        return Periods::between(Vec::new());
    };
    match rng.below(3) {
        0 => Periods::over(first, last + 1, 1 + rng.below(5)),
        1 => Periods::every(-HOUR_NS, HOUR_NS, 1 + rng.below(3)),
        _ => Periods::between((0..rng.below(6)).map(|_| *rng.pick(&ends)).collect()),
    }
}

/// The group of a call of which it is known that it ended at one of some times.
fn group_of(by: &GroupBy, call: &Call, times: std::ops::Range<i64>) -> Option<Group> {
    Some(match by {
        GroupBy::Version => {
            Group::Version { service: String::new(), version: call.writer.version.to_owned() }
        }
        GroupBy::Instance => {
            Group::Instance { service: String::new(), instance: call.writer.instance() }
        }
        GroupBy::Outcome => Group::Outcome(call.outcome),
        GroupBy::Kind => Group::Kind(call.kind),
        GroupBy::Status => Group::Status(call.status_class()),
        GroupBy::Thread => Group::Thread(call.thread),
        GroupBy::Periods(periods) => {
            let holds = |(start_ns, end_ns)| start_ns <= times.start && times.end <= end_ns;
            let (start_ns, end_ns) = periods.iter().find(|&period| holds(period))?;
            Group::Period { start_ns, end_ns }
        }
    })
}

/// Whether a part of an hour lies in what is asked for.
fn can_lie_in(by: &GroupBy, filter: &Filter, hour_ns: i64) -> bool {
    let GroupBy::Periods(periods) = by else { return true };
    periods.range().is_some_and(|(first, last)| {
        hour_ns < last.min(filter.until_ns.unwrap_or(i64::MAX))
            && hour_ns + HOUR_NS > first.max(filter.since_ns.unwrap_or(i64::MIN))
    })
}
