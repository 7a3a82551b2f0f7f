//! Statistics by function: from footers and running totals where these speak of wanted rows only,
//! from durations at the edges of a time range.

use std::collections::BTreeMap;

use kronicler_format::{Outcome, Row, SegmentEntry};
use kronicler_stats::{Sketch, SlowRow, Summary};
use kronicler_store::{RowId, Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::cells::{Cell, Cells, Spot};
use crate::filter::Filter;
use crate::function_stats::FunctionStats;
use crate::history::{ALL_TIMES, add_histories, histories, reaches_back};
use crate::name_table::NameTable;
use crate::scan::LaneScan;
use crate::split::Split;
use crate::work::{Of, Work};

/// Statistics of every function that the filter wants, in the order of their names.
///
/// Costs nothing in rows unless the filter speaks of durations or threads; a time range reads the
/// durations of the segments at its edges. A filter that says since when is also about rows that
/// have expired, as far as their statistics are kept.
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
    let answer = stats_by_group(snapshot, filter, table, Split::Whole)?;
    Ok(answer.map(|mut groups| all_of(table, groups.remove(&0).unwrap_or_default())))
}

/// Functions with rows by their number.
pub(crate) type Functions = BTreeMap<u32, FunctionStats>;

/// All functions of a name table, those without rows as well, by their number.
pub(crate) fn all_of(table: &NameTable, mut functions: Functions) -> Vec<FunctionStats> {
    let named = (0..).zip(table.names());
    let all = named.map(|(number, name)| {
        functions.remove(&number).unwrap_or_else(|| FunctionStats::new(name.clone()))
    });
    all.collect()
}

/// Statistics of the kept rows of functions of a name table, by group and number.
pub(crate) fn stats_by_group(
    snapshot: &Snapshot,
    filter: &Filter,
    table: &NameTable,
    split: Split<'_>,
) -> Result<Answer<BTreeMap<u32, Functions>>, StoreError> {
    let (sinks, mut gaps) = Work::new(snapshot, filter, split, true).run(Cells::default)?;
    let mut sinks = sinks.into_iter();
    let mut cells = sinks.next().unwrap_or_default();
    sinks.for_each(|other| cells.merge(other));
    let mut groups: BTreeMap<u32, Functions> = BTreeMap::new();
    let mut spots: Vec<(Of, u32, Spot)> = Vec::new();
    for (of, Cell { summary, spot }) in cells.into_cells() {
        let view = &snapshot.lanes[of.lane as usize];
        let Some(series) = view.state.names.series().get(of.series as usize) else { continue };
        let number = table.number(of.lane as usize, series.name);
        let named = number.and_then(|number| Some((number, table.names().get(number as usize)?)));
        let Some((number, name)) = named else { continue };
        let function = groups.entry(of.group).or_default().entry(number);
        let function = function.or_insert_with(|| FunctionStats::new(name.clone()));
        let is_error = series.flags.outcome() != Outcome::Ok;
        function.add(view.lane(), u64::from(series.weight), is_error, summary);
        spots.extend(spot.map(|spot| (of, number, spot)));
    }
    gaps.add(find_slowest(snapshot, filter, split, spots, &mut groups)?);
    Ok(gaps.answer(groups))
}

/// Tells functions their slowest rows where these are known by their spots.
fn find_slowest(
    snapshot: &Snapshot,
    filter: &Filter,
    split: Split<'_>,
    mut spots: Vec<(Of, u32, Spot)>,
    groups: &mut BTreeMap<u32, Functions>,
) -> Result<Gaps, StoreError> {
    let max_of = |groups: &BTreeMap<u32, Functions>, of: &Of, number: u32| {
        groups.get(&of.group)?.get(&number)?.moments.max()
    };
    spots.retain(|(of, number, spot)| max_of(groups, of, *number) == Some(spot.duration_ns));
    spots.sort_by_key(|(of, _, spot)| (of.lane, spot.chunk, of.group, of.series));
    let mut finder = Finder { snapshot, filter, split, scan: None };
    for (of, number, spot) in spots {
        let functions = groups.get_mut(&of.group);
        let Some(function) = functions.and_then(|all| all.get_mut(&number)) else { continue };
        if let Some(id) = finder.find(&of, &spot)? {
            function.offer_slowest(spot.duration_ns, id);
        }
    }
    for function in groups.values_mut().flat_map(BTreeMap::values_mut) {
        function.end_search();
    }
    Ok(finder.scan.map(|scan| scan.gaps).unwrap_or_default())
}

/// Finds the rows of spots.
struct Finder<'a> {
    snapshot: &'a Snapshot,
    filter: &'a Filter,
    split: Split<'a>,
    scan: Option<LaneScan<'a>>,
}

impl<'a> Finder<'a> {
    /// The first row of a chunk that has the series, the group and the duration of a spot.
    fn find(&mut self, of: &Of, spot: &Spot) -> Result<Option<RowId>, StoreError> {
        let index = of.lane as usize;
        let view = &self.snapshot.lanes[index];
        let segments = &view.state.segments;
        let Some(entry) = segments.iter().find(|entry| entry.id == spot.chunk.segment) else {
            return Ok(None);
        };
        if self.scan.as_ref().is_none_or(|scan| scan.index != index) {
            let before = self.scan.take().map(|scan| scan.gaps).unwrap_or_default();
            let mut scan = LaneScan::new(index, view, self.filter).stops_early();
            scan.gaps.add(before);
            self.scan = Some(scan);
        }
        let Some(scan) = &mut self.scan else { return Ok(None) };
        let is_it = |row: &Row| {
            row.series == of.series
                && row.duration_ns == spot.duration_ns
                && self.split.of_row(row) == Some(of.group)
        };
        if let Some(seq) = known_slowest(scan, entry, of.series, spot, is_it)? {
            return Ok(Some(RowId::new(view.lane(), seq)));
        }
        let limits = scan.limits;
        (scan.limits.min_duration_ns, scan.limits.max_duration_ns) =
            (spot.duration_ns, spot.duration_ns);
        let mut found: Option<u64> = None;
        let is_meant = |series| series == of.series;
        let visited = scan.visit_chunk_where(entry, spot.chunk.index, is_meant, |seq, row| {
            if found.is_none() && is_it(row) {
                found = Some(seq);
            }
        });
        scan.limits = limits;
        visited?;
        Ok(found.map(|seq| RowId::new(view.lane(), seq)))
    }
}

/// The sequence of a row that a footer tells as one of the slowest of its series. Among equals a
/// footer knows the earliest, so if it knows one that is wanted, that is the earliest of these.
fn known_slowest(
    scan: &mut LaneScan<'_>,
    entry: &SegmentEntry,
    series: u32,
    spot: &Spot,
    is_it: impl Fn(&Row) -> bool,
) -> Result<Option<u64>, StoreError> {
    let wanted = scan.wanted_rows(entry, spot.chunk.index)?;
    let limits = scan.limits;
    let Some(reader) = scan.segment(entry)? else { return Ok(None) };
    let footer = reader.footer();
    let place = footer.series.binary_search_by_key(&series, |one| one.series);
    let Some(statistics) = place.ok().map(|place| &footer.series[place].statistics) else {
        return Ok(None);
    };
    let slowest = Summary::slowest_encoded(statistics, spot.duration_ns, &mut Sketch::new());
    let slowest = slowest.unwrap_or_default();
    let found = slowest.rows().iter().find(|&&SlowRow { duration_ns, seq, end_ns, thread }| {
        let row = Row { series, thread, end_ns, duration_ns };
        let index = seq.checked_sub(spot.chunk.first_seq).and_then(|at| u32::try_from(at).ok());
        let is_there = index.is_some_and(|at| wanted.iter().any(|rows| rows.contains(&at)));
        is_there && limits.wants_row(&row) && is_it(&row)
    });
    Ok(found.map(|row| row.seq))
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
