//! Statistics by function: from footers and running totals where these speak of wanted rows only,
//! from rows at the edges of a time range.

use kronicler_format::{Outcome, Row, SegmentEntry};
use kronicler_stats::Summary;
use kronicler_store::{Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::filter::{Bounds, Filter};
use crate::function_stats::FunctionStats;
use crate::history::{add_history, reaches_back};
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
        gaps.add(add_history(snapshot, filter, &mut functions)?);
    }
    functions.retain(|function| !function.moments.is_empty());
    functions.sort_by(|left, right| left.name.name.cmp(&right.name.name));
    Ok(gaps.answer(functions))
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
        for (function, of_lane) in functions.iter_mut().zip(lane.functions) {
            function.add(scan.view.lane(), of_lane.errors, of_lane.summary);
        }
    }
    Ok(gaps.answer(functions))
}

/// What is known of the rows of a function in one lane.
#[derive(Debug, Clone, Default)]
struct LaneStats {
    summary: Summary,
    errors: u64,
}

/// What is known of the wanted rows in one lane.
struct LaneTotals {
    functions: Vec<LaneStats>,
    /// By series: the number of its function, and whether its calls did not end well.
    series: Vec<Option<(u32, bool)>>,
}

impl LaneTotals {
    fn new(scan: &LaneScan<'_>, table: &NameTable) -> Self {
        let series = scan.view.state.names.series().iter().map(|series| {
            let is_error = series.flags.outcome() != Outcome::Ok;
            table.number(scan.index, series.name).map(|number| (number, is_error))
        });
        let functions = vec![LaneStats::default(); table.names().len()];
        Self { functions, series: series.collect() }
    }

    fn add_all(&mut self, scan: &mut LaneScan<'_>) -> Result<(), StoreError> {
        for entry in scan.segments() {
            if scan.limits.holds(&Bounds::from(entry)) {
                self.add_segment(scan, entry)?;
            } else {
                scan.visit_segment(entry, |seq, row| self.add_row(seq, row))?;
            }
        }
        for window in &scan.view.state.windows {
            let bounds = Bounds::from(window);
            if scan.limits.holds(&bounds) {
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

    fn add_segment(
        &mut self,
        scan: &mut LaneScan<'_>,
        entry: &SegmentEntry,
    ) -> Result<(), StoreError> {
        let Some(reader) = scan.segment(entry)? else { return Ok(()) };
        let footer = reader.footer().clone();
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
        Ok(())
    }

    #[inline]
    fn add_row(&mut self, seq: u64, row: &Row) {
        self.of(row.series, |summary| summary.add(seq, row));
    }

    /// Lets `add` add rows of a series.
    #[inline]
    fn of(&mut self, series: u32, add: impl FnOnce(&mut Summary)) {
        let function = self.series.get(series as usize).copied().flatten();
        let Some((number, is_error)) = function else { return };
        let Some(function) = self.functions.get_mut(number as usize) else { return };
        let before = function.summary.moments.count();
        add(&mut function.summary);
        if is_error {
            function.errors += function.summary.moments.count() - before;
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
