//! Statistics of rows that have expired: they are asked when a time range begins before the rows
//! that are kept, and speak of whole hours or days.

use std::collections::HashMap;
use std::sync::Arc;

use kronicler_format::Outcome;
use kronicler_stats::{
    History, HistoryEntry, HistoryFunction, HistorySeries, Period, Sketch, SlowRow,
};
use kronicler_store::{Opened, RowId, Snapshot, StoreError};

use crate::answer::Gaps;
use crate::filter::Filter;
use crate::function_stats::FunctionStats;
use crate::periods::Periods;

/// Whether a question is also about rows that may have expired: one that says since when, and does
/// not ask for what only single rows tell.
pub(crate) const fn reaches_back(filter: &Filter) -> bool {
    filter.since_ns.is_some() && filter.is_by_version()
}

/// Statistics of expired rows, each with its lane.
pub(crate) type Histories = Vec<(u16, Arc<History>)>;

/// Reads what is known of expired rows.
pub(crate) fn histories(snapshot: &Snapshot) -> Result<(Histories, Gaps), StoreError> {
    let mut gaps = Gaps::default();
    let mut histories = Histories::new();
    for view in &snapshot.lanes {
        for entry in view.state.histories.iter() {
            match view.history(entry)? {
                Opened::Found(history) => histories.push((view.lane(), history)),
                Opened::Gone => gaps.note(true),
                Opened::Damaged => gaps.note(false),
            }
        }
    }
    Ok((histories, gaps))
}

/// Adds the expired rows that the filter wants to the statistics of their functions; of these
/// only those of hours and days that lie wholly `within` given times.
pub(crate) fn add_histories(
    histories: &Histories,
    filter: &Filter,
    within: (i64, i64),
    functions: &mut [FunctionStats],
) {
    let numbers = functions.iter().map(|function| function.name.name.to_string());
    let numbers: HashMap<String, usize> = numbers.zip(0..).collect();
    let kept: Vec<Option<u64>> = functions.iter().map(|function| function.moments.max()).collect();
    for (_, history) in histories {
        add_periods(history, filter, within, &numbers, functions);
    }
    for (function, kept) in functions.iter_mut().zip(kept) {
        if function.moments.max() > kept {
            function.slowest = None;
        }
    }
    for (lane, history) in histories {
        find_slowest(history, filter, within, *lane, &numbers, functions);
    }
}

/// The durations of expired calls that the filter wants, of hours and days that lie wholly `within`
/// given times.
pub(crate) fn sketch_of(histories: &Histories, filter: &Filter, within: (i64, i64)) -> Sketch {
    let mut sketch = Sketch::new();
    for (_, history) in histories {
        for entry in entries_within(history, filter, within) {
            let weight = u64::from(entry.series.weight);
            sketch.merge_many(&entry.value().sketch, weight);
        }
    }
    sketch
}

/// Expired calls that the filter wants, of hours and days that lie in none of `periods` wholly.
pub(crate) fn unplaced(histories: &Histories, filter: &Filter, periods: &Periods) -> u64 {
    let (since_ns, until_ns) = filter.range();
    let Some((first_ns, last_ns)) = periods.range() else { return 0 };
    let range = (since_ns.max(first_ns), until_ns.min(last_ns));
    let entries = histories.iter().flat_map(|(_, history)| history.entries(range.0, range.1));
    let unplaced = entries.filter(|entry| {
        let place = periods.of(entry.period.start_ns()).and_then(|index| periods.get(index));
        filter.wants(&entry.series)
            && place.is_none_or(|(_, end_ns)| entry.period.end_ns() > end_ns)
    });
    let counts = unplaced
        .map(|entry| entry.value().moments.count().wrapping_mul(u64::from(entry.series.weight)));
    counts.fold(0, u64::saturating_add)
}

/// All times there are.
pub(crate) const ALL_TIMES: (i64, i64) = (i64::MIN, i64::MAX);

impl Filter {
    fn wants(&self, series: &HistorySeries<'_>) -> bool {
        self.wants_function(&series.function) && self.wants_form(series.flags, series.status_class)
    }

    fn wants_function(&self, function: &HistoryFunction<'_>) -> bool {
        self.wants_version(function.service, function.version) && self.wants_name(function.name)
    }
}

fn add_periods(
    history: &History,
    filter: &Filter,
    within: (i64, i64),
    numbers: &HashMap<String, usize>,
    functions: &mut [FunctionStats],
) {
    for entry in entries_within(history, filter, within) {
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

fn entries_within<'a>(
    history: &'a History,
    filter: &'a Filter,
    within: (i64, i64),
) -> impl Iterator<Item = HistoryEntry<'a>> {
    let (since_ns, until_ns) = filter.range();
    let entries = history.entries(since_ns.max(within.0), until_ns.min(within.1));
    entries.filter(move |entry| {
        filter.wants(&entry.series) && (within == ALL_TIMES || is_within(entry.period, within))
    })
}

fn is_within(period: Period, (since_ns, until_ns): (i64, i64)) -> bool {
    period.start_ns() >= since_ns && period.end_ns() <= until_ns
}

/// The slowest rows of a function and day are remembered: one of them may be the slowest of all.
fn find_slowest(
    history: &History,
    filter: &Filter,
    within: (i64, i64),
    lane: u16,
    numbers: &HashMap<String, usize>,
    functions: &mut [FunctionStats],
) {
    // Which outcome, kind and status they had is not remembered.
    if filter.asks_for_form() {
        return;
    }
    let (since_ns, until_ns) = filter.range();
    let (since_ns, until_ns) = (since_ns.max(within.0), until_ns.min(within.1));
    let days = history.slowest(since_ns, until_ns);
    for day in days.filter(|day| filter.wants_function(&day.function)) {
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
