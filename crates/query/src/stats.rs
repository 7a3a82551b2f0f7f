//! Statistics by function: from footers and running totals where these speak of wanted rows only,
//! from rows at the edges of a time range.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kronicler_format::{Footer, Outcome, Row};
use kronicler_stats::Summary;
use kronicler_store::{Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::filter::Filter;
use crate::function_stats::FunctionStats;
use crate::history::{ALL_TIMES, add_histories, histories, reaches_back};
use crate::name_table::NameTable;
use crate::scan::LaneScan;

/// Statistics of every function that the filter wants, in the order of their names.
///
/// Costs nothing in rows unless the filter speaks of durations; a time range reads the rows of the
/// segments at its edges. A filter that says since when is also about rows that have expired, as
/// far as their statistics are kept.
///
/// # Errors
/// When a file cannot be read.
pub fn stats(
    snapshot: &Snapshot,
    filter: &Filter,
) -> Result<Answer<Vec<FunctionStats>>, StoreError> {
    let table = NameTable::new(snapshot);
    let Answer { value: mut functions, is_partial, is_stale } =
        stats_by_number(snapshot, filter, &table)?;
    let mut gaps = Gaps { is_partial, is_stale };
    if reaches_back(filter) {
        let (histories, lacking) = histories(snapshot)?;
        gaps.add(lacking);
        add_histories(&histories, filter, ALL_TIMES, &mut functions);
    }
    Ok(gaps.answer(by_name(functions)))
}

/// Those of functions that have rows, in the order of their names.
pub(crate) fn by_name(mut functions: Vec<FunctionStats>) -> Vec<FunctionStats> {
    functions.retain(|function| !function.moments.is_empty());
    functions.sort_by(|left, right| left.name.name.cmp(&right.name.name));
    functions
}

/// Statistics of the kept rows of all functions of a name table, by their number.
pub(crate) fn stats_by_number(
    snapshot: &Snapshot,
    filter: &Filter,
    table: &NameTable,
) -> Result<Answer<Vec<FunctionStats>>, StoreError> {
    let mut functions: Vec<FunctionStats> =
        table.names().iter().cloned().map(FunctionStats::new).collect();
    let mut gaps = Gaps::of(snapshot);
    for mut scan in LaneScan::all(snapshot, filter) {
        let mut lane = LaneTotals::new(&scan, table);
        lane.add_all(&mut scan)?;
        gaps.add(scan.gaps);
        lane.give_to(scan.view.lane(), &mut functions);
    }
    Ok(gaps.answer(functions))
}

/// Statistics of the kept rows of all functions of a snapshot's name table, by thread.
pub(crate) fn stats_by_thread(
    snapshot: &Snapshot,
    filter: &Filter,
) -> Result<Answer<BTreeMap<u32, Vec<FunctionStats>>>, StoreError> {
    let table = NameTable::new(snapshot);
    let mut threads: BTreeMap<u32, Vec<FunctionStats>> = BTreeMap::new();
    let mut gaps = Gaps::of(snapshot);
    for mut scan in LaneScan::all(snapshot, filter) {
        let empty = LaneTotals::new(&scan, &table);
        let mut lanes: BTreeMap<u32, LaneTotals> = BTreeMap::new();
        let mut add = |seq, row: &Row| {
            lanes.entry(row.thread).or_insert_with(|| empty.clone()).add_row(seq, row);
        };
        for entry in scan.segments() {
            scan.visit_segment(entry, &mut add)?;
        }
        for block in scan.blocks() {
            scan.visit_block(block, &mut add)?;
        }
        scan.visit_pending(&mut add);
        gaps.add(scan.gaps);
        for (thread, lane) in lanes {
            let functions = threads
                .entry(thread)
                .or_insert_with(|| table.names().iter().cloned().map(FunctionStats::new).collect());
            lane.give_to(scan.view.lane(), functions);
        }
    }
    Ok(gaps.answer(threads))
}

/// What is known of the rows of a function in one lane that stand for equally many calls.
#[derive(Clone)]
struct Part {
    number: u32,
    weight: u64,
    summary: Summary,
    failed_rows: u64,
}

/// What is known of the wanted rows in one lane.
#[derive(Clone)]
struct LaneTotals {
    parts: Vec<Part>,
    /// By series: the index of its part, and whether its calls did not end well.
    series: Vec<Option<(usize, bool)>>,
}

impl LaneTotals {
    fn new(scan: &LaneScan<'_>, table: &NameTable) -> Self {
        let mut parts = Vec::new();
        let mut places: HashMap<(u32, u32), usize> = HashMap::new();
        let series = scan.view.state.names.series().iter().map(|series| {
            let number = table.number(scan.index, series.name)?;
            let place = *places.entry((number, series.weight)).or_insert_with(|| {
                let weight = u64::from(series.weight);
                parts.push(Part { number, weight, summary: Summary::default(), failed_rows: 0 });
                parts.len() - 1
            });
            Some((place, series.flags.outcome() != Outcome::Ok))
        });
        let series = series.collect();
        Self { parts, series }
    }

    fn give_to(self, lane: u16, functions: &mut [FunctionStats]) {
        for part in self.parts {
            if let Some(function) = functions.get_mut(part.number as usize) {
                function.add(lane, part.weight, part.failed_rows, part.summary);
            }
        }
    }

    fn add_all(&mut self, scan: &mut LaneScan<'_>) -> Result<(), StoreError> {
        for entry in scan.segments() {
            let Some(reader) = scan.segment(entry)? else { continue };
            let footer = Arc::clone(reader.footer());
            if scan.holds_segment(entry, &footer) {
                self.add_footer(scan, &footer);
            } else {
                scan.visit_segment(entry, |seq, row| self.add_row(seq, row))?;
            }
        }
        for window in &scan.view.state.windows {
            if scan.holds_window(window) {
                let totals = window.totals.iter();
                for (series, summary) in totals.filter(|(series, _)| scan.wants_series(*series)) {
                    self.of(series, |into| into.merge(summary));
                }
            } else {
                for block in scan.blocks_of(window) {
                    scan.visit_block(block, |seq, row| self.add_row(seq, row))?;
                }
            }
        }
        scan.visit_pending(|seq, row| self.add_row(seq, row));
        Ok(())
    }

    fn add_footer(&mut self, scan: &mut LaneScan<'_>, footer: &Footer) {
        for series in &footer.series {
            if !scan.wants_series(series.series) {
                continue;
            }
            let mut result = Ok(());
            self.of(series.series, |into| result = into.merge_encoded(&series.statistics));
            if result.is_err() {
                scan.gaps.note(false);
            }
        }
    }

    #[inline]
    fn add_row(&mut self, seq: u64, row: &Row) {
        self.of(row.series, |summary| summary.add(seq, row));
    }

    /// Lets `add` add rows of a series.
    #[inline]
    fn of(&mut self, series: u32, add: impl FnOnce(&mut Summary)) {
        let place = self.series.get(series as usize).copied().flatten();
        let Some((place, is_error)) = place else { return };
        let Some(part) = self.parts.get_mut(place) else { return };
        let before = part.summary.moments.count();
        add(&mut part.summary);
        if is_error {
            part.failed_rows += part.summary.moments.count() - before;
        }
    }
}

/// Nearest-rank quantiles of the durations of all wanted rows within 1 %, in nanoseconds; `None`
/// when there is no such row or a `q` is not between 0 and 1.
///
/// # Errors
/// When a file cannot be read.
pub fn percentiles(
    snapshot: &Snapshot,
    filter: &Filter,
    qs: &[f64],
) -> Result<Answer<Option<Vec<u64>>>, StoreError> {
    let answer = stats(snapshot, filter)?;
    Ok(answer.map(|functions| {
        let mut all = functions.into_iter();
        let mut total = all.next()?;
        for function in all {
            total.moments.merge(&function.moments);
            total.sketch.merge(&function.sketch);
        }
        qs.iter().map(|&q| total.quantile(q)).collect()
    }))
}
