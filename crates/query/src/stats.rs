//! Statistics by function.

use kronicler_format::Outcome;
use kronicler_stats::{Moments, Sketch, exact_quantiles};
use kronicler_store::{Name, RowId, Snapshot, StoreError};

use crate::answer::Answer;
use crate::filter::Filter;
use crate::name_table::NameTable;
use crate::scan::LaneScan;

/// Statistics of a function.
#[derive(Debug, Clone)]
pub struct FunctionStats {
    /// What was called, and where that was wrapped.
    pub name: Name,
    /// Calls that did not end well.
    pub errors: u64,
    /// Exact moments of the durations, in nanoseconds.
    pub moments: Moments,
    /// Quantiles of the durations within 1 %.
    pub sketch: Sketch,
    /// The slowest call.
    pub slowest: Option<RowId>,
}

impl FunctionStats {
    const fn new(name: Name) -> Self {
        Self { name, errors: 0, moments: Moments::new(), sketch: Sketch::new(), slowest: None }
    }

    /// The nearest-rank quantile in nanoseconds, within 1 %, never outside of what was measured.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let (min, max) = (self.moments.min()?, self.moments.max()?);
        self.sketch.quantile(q).map(|value| value.clamp(min, max))
    }

    fn note_slowest(&mut self, id: RowId, duration_ns: u64) {
        let before = self.moments.max().zip(self.slowest);
        // Among equals the earlier row, in whatever order they are looked at.
        let is_slower = |(max, slowest)| duration_ns > max || duration_ns == max && id < slowest;
        if before.is_none_or(is_slower) {
            self.slowest = Some(id);
        }
    }
}

/// Statistics of every function that the filter wants, in the order of their names.
///
/// Costs nothing in rows unless the filter speaks of times or durations.
///
/// # Errors
/// When a log cannot be read.
pub fn stats(
    snapshot: &Snapshot,
    filter: &Filter,
) -> Result<Answer<Vec<FunctionStats>>, StoreError> {
    let table = NameTable::new(snapshot);
    let mut functions: Vec<FunctionStats> =
        table.names().iter().cloned().map(FunctionStats::new).collect();
    let mut is_partial = snapshot.is_partial();
    for mut lane in LaneScan::all(snapshot, filter) {
        add_lane(&mut lane, filter, &table, &mut functions)?;
        is_partial |= lane.is_partial;
    }
    functions.retain(|function| !function.moments.is_empty());
    functions.sort_by(|left, right| left.name.name.cmp(&right.name.name));
    Ok(Answer { value: functions, is_partial })
}

fn add_lane(
    lane: &mut LaneScan<'_>,
    filter: &Filter,
    table: &NameTable,
    functions: &mut [FunctionStats],
) -> Result<(), StoreError> {
    let view = lane.view;
    let index = lane.index;
    let series = view.state.names.series();
    let number: Vec<Option<u32>> =
        series.iter().map(|series| table.number(index, series.name)).collect();
    let mut add = |seq, row: &kronicler_format::Row| {
        let series_index = row.series as usize;
        let function = number[series_index].and_then(|name| functions.get_mut(name as usize));
        if let Some(function) = function {
            function.note_slowest(RowId::new(view.lane(), seq), row.duration_ns);
            function.moments.add(row.duration_ns);
            function.sketch.add(row.duration_ns);
            function.errors += u64::from(series[series_index].flags.outcome() != Outcome::Ok);
        }
    };
    lane.visit_pending(&mut add);
    if !filter.is_by_series() {
        for block in lane.blocks() {
            lane.visit_block(block, &mut add)?;
        }
        return Ok(());
    }
    let wanted = filter.wanted_series(&view.state.names);
    for (series_index, totals) in view.state.totals.iter().enumerate() {
        let name = number[series_index].filter(|_| wanted[series_index]);
        let function = name.and_then(|name| functions.get_mut(name as usize));
        if let (Some(function), Some(max)) = (function, totals.moments.max()) {
            let id = RowId::new(view.lane(), totals.slowest_seq);
            function.note_slowest(id, max);
            function.moments.merge(&totals.moments);
            function.sketch.merge(&totals.sketch);
            let is_error = series[series_index].flags.outcome() != Outcome::Ok;
            function.errors += if is_error { totals.moments.count() } else { 0 };
        }
    }
    Ok(())
}

/// Moments of all calls with this name, whatever the outcome, from running totals.
#[must_use]
pub fn moments(snapshot: &Snapshot, name: &str) -> Moments {
    let mut moments = Moments::new();
    for view in &snapshot.lanes {
        moments.merge(&view.state.moments(name));
        let series = view.state.names.series_of(name);
        for row in view.pending.iter().filter(|row| series.contains(&row.series)) {
            moments.add(row.duration_ns);
        }
    }
    moments
}

/// Names of all functions that have rows, sorted.
#[must_use]
pub fn function_names(snapshot: &Snapshot) -> Vec<Name> {
    let table = NameTable::new(snapshot);
    let mut has_rows = vec![false; table.names().len()];
    for (index, view) in snapshot.lanes.iter().enumerate() {
        let totals = (0..).zip(view.state.totals.iter());
        let logged = totals.filter(|(_, totals)| !totals.moments.is_empty());
        let pending = view.pending.iter().map(|row| row.series);
        for series in logged.map(|(series, _)| series).chain(pending) {
            let name = view.state.names.series().get(series as usize);
            let number = name.and_then(|series| table.number(index, series.name));
            if let Some(has_rows) = number.and_then(|number| has_rows.get_mut(number as usize)) {
                *has_rows = true;
            }
        }
    }
    let named = table.names().iter().zip(has_rows);
    let mut names: Vec<Name> =
        named.filter(|(_, has_rows)| *has_rows).map(|(name, _)| name.clone()).collect();
    names.sort_by(|left, right| left.name.cmp(&right.name));
    names
}

/// Exact nearest-rank quantiles of the durations of all wanted rows, in nanoseconds; `None` when
/// there is no such row or a `q` is not between 0 and 1.
///
/// Reads every wanted duration and holds them in memory, 8 bytes a row.
///
/// # Errors
/// When a log cannot be read.
pub fn exact_percentiles(
    snapshot: &Snapshot,
    filter: &Filter,
    qs: &[f64],
) -> Result<Answer<Option<Vec<u64>>>, StoreError> {
    let mut durations = Vec::new();
    let mut is_partial = snapshot.is_partial();
    for mut lane in LaneScan::all(snapshot, filter) {
        for block in lane.blocks() {
            lane.visit_block(block, |_, row| durations.push(row.duration_ns))?;
        }
        lane.visit_pending(|_, row| durations.push(row.duration_ns));
        is_partial |= lane.is_partial;
    }
    Ok(Answer { value: exact_quantiles(&mut durations, qs), is_partial })
}

/// Nearest-rank quantiles of the durations of all wanted rows within 1 %, in nanoseconds; `None`
/// when there is no such row or a `q` is not between 0 and 1.
///
/// # Errors
/// When a log cannot be read.
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
