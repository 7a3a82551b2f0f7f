//! Statistics of rows that have expired: they are asked when a time range begins before the rows
//! that are kept, and speak of whole hours or days.

use std::collections::HashMap;
use std::sync::Arc;

use kronicler_format::Outcome;
use kronicler_stats::{History, HistorySeries, Period, SlowRow};
use kronicler_store::{Opened, RowId, Snapshot, StoreError};

use crate::answer::Gaps;
use crate::filter::Filter;
use crate::function_stats::FunctionStats;

/// Whether a question is also about rows that may have expired: one that says since when, and does
/// not ask for the durations of single rows.
pub(crate) const fn reaches_back(filter: &Filter) -> bool {
    filter.since_ns.is_some() && filter.min_duration_ns == 0
}

/// Adds the expired rows that the filter wants to the statistics of their functions.
pub(crate) fn add_history(
    snapshot: &Snapshot,
    filter: &Filter,
    functions: &mut [FunctionStats],
) -> Result<Gaps, StoreError> {
    let mut gaps = Gaps::default();
    let mut histories: Vec<(u16, Arc<History>)> = Vec::new();
    for view in &snapshot.lanes {
        for entry in view.state.histories.iter() {
            match view.history(entry)? {
                Opened::Found(history) => histories.push((view.lane(), history)),
                Opened::Gone => gaps.note(true),
                Opened::Damaged => gaps.note(false),
            }
        }
    }
    let numbers = functions.iter().map(|function| function.name.name.to_string());
    let numbers: HashMap<String, usize> = numbers.zip(0..).collect();
    let kept: Vec<Option<u64>> = functions.iter().map(|function| function.moments.max()).collect();
    for (_, history) in &histories {
        add_periods(history, filter, &numbers, functions);
    }
    for (function, kept) in functions.iter_mut().zip(kept) {
        if function.moments.max() > kept {
            function.slowest = None;
        }
    }
    for (lane, history) in &histories {
        find_slowest(history, filter, *lane, &numbers, functions);
    }
    Ok(gaps)
}

impl Filter {
    /// From when to before when.
    fn range(&self) -> (i64, i64) {
        (self.since_ns.unwrap_or(i64::MIN), self.until_ns.unwrap_or(i64::MAX))
    }

    fn wants(&self, series: &HistorySeries<'_>) -> bool {
        self.wants_name(series.function.name)
            && self.outcome.is_none_or(|outcome| series.flags.outcome() == outcome)
    }
}

fn add_periods(
    history: &History,
    filter: &Filter,
    numbers: &HashMap<String, usize>,
    functions: &mut [FunctionStats],
) {
    let (since_ns, until_ns) = filter.range();
    for entry in history.entries(since_ns, until_ns).filter(|entry| filter.wants(&entry.series)) {
        let number = numbers.get(entry.series.function.name);
        let Some(function) = number.and_then(|&number| functions.get_mut(number)) else { continue };
        let value = entry.value();
        let weight = u64::from(entry.series.weight);
        let count = value.moments.count().wrapping_mul(weight);
        let resolution = entry.period.resolution();
        function.rows += value.moments.count();
        function.expired += count;
        // A day is the lesser of the two.
        function.resolution = Some(function.resolution.map_or(resolution, |r| r.min(resolution)));
        function.errors += if entry.series.flags.outcome() == Outcome::Ok { 0 } else { count };
        function.moments.merge_many(&value.moments, weight);
        function.sketch.merge_many(&value.sketch, weight);
    }
}

/// The slowest rows of a function and day are remembered: one of them may be the slowest of all.
fn find_slowest(
    history: &History,
    filter: &Filter,
    lane: u16,
    numbers: &HashMap<String, usize>,
    functions: &mut [FunctionStats],
) {
    // Which outcome they had is not remembered.
    if filter.outcome.is_some() {
        return;
    }
    let (since_ns, until_ns) = filter.range();
    for day in history.slowest(since_ns, until_ns) {
        let number = numbers.get(day.function.name);
        let Some(function) = number.and_then(|&number| functions.get_mut(number)) else { continue };
        let max_ns = function.moments.max();
        let is_slowest = |row: &&SlowRow| {
            let is_in_range = Period::hour_of(row.end_ns).overlaps(since_ns, until_ns);
            is_in_range && max_ns == Some(row.duration_ns)
        };
        let found = day.rows.iter().find(is_slowest).map(|row| RowId::new(lane, row.seq));
        function.slowest = function.slowest.or(found);
    }
}
