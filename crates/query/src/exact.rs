//! Exact percentiles in memory that does not grow with the rows.
//!
//! Sketches tell in which of their buckets the wanted rank lies and how many durations lie below
//! it: exact, since sketches count. One pass over the durations then keeps those of the bucket
//! only, and selects among them. A bucket that holds too many to keep is counted in finer steps
//! first. Durations come by series from their own columns: no end and no series page is read
//! unless the filter speaks of rows.
//!
//! Where damage makes footers count rows that cannot be read, what can be read is counted first.

use kronicler_stats::Sketch;
use kronicler_store::{Name, Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::durations::{Durations, visit_durations};
use crate::filter::Filter;
use crate::name_table::NameTable;
use crate::rank::Ranks;
use crate::scan::LaneScan;
use crate::stats::stats_by_number;

/// Exact percentiles of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionPercentiles {
    /// What was called, and where that was wrapped.
    pub name: Name,
    /// Calls.
    pub count: u64,
    /// Nearest-rank quantiles in nanoseconds, in the order they were asked for.
    pub values_ns: Vec<u64>,
}

/// Exact nearest-rank quantiles of the durations of all wanted rows, in nanoseconds; `None` when
/// there is no such row or a `q` is not between 0 and 1.
///
/// Reads every wanted duration, but holds few of them in memory.
///
/// # Errors
/// When a file cannot be read.
pub fn exact_percentiles(
    snapshot: &Snapshot,
    filter: &Filter,
    qs: &[f64],
) -> Result<Answer<Option<Vec<u64>>>, StoreError> {
    let table = NameTable::new(snapshot);
    let is_one = |_| 0;
    let answer = percentiles_of(snapshot, filter, qs, &table, &Grouping { count: 1, of: &is_one })?;
    Ok(answer.map(|groups| groups?.into_iter().next().filter(|(count, _)| *count > 0).map(values)))
}

/// As [`exact_percentiles`], of every function that the filter wants, in the order of their names.
/// `None` when a `q` is not between 0 and 1.
///
/// # Errors
/// When a file cannot be read.
pub fn exact_percentiles_by_function(
    snapshot: &Snapshot,
    filter: &Filter,
    qs: &[f64],
) -> Result<Answer<Option<Vec<FunctionPercentiles>>>, StoreError> {
    let table = NameTable::new(snapshot);
    let grouping = Grouping { count: table.names().len(), of: &|number| number as usize };
    let answer = percentiles_of(snapshot, filter, qs, &table, &grouping)?;
    Ok(answer.map(|groups| {
        let named = table.names().iter().zip(groups?);
        let mut functions: Vec<FunctionPercentiles> = named
            .filter(|(_, (count, _))| *count > 0)
            .map(|(name, (count, values_ns))| {
                let name = name.clone();
                FunctionPercentiles { name, count, values_ns }
            })
            .collect();
        functions.sort_by(|left, right| left.name.name.cmp(&right.name.name));
        Some(functions)
    }))
}

fn values((_, values): (u64, Vec<u64>)) -> Vec<u64> {
    values
}

/// Which functions are asked about together.
struct Grouping<'a> {
    count: usize,
    /// The group of a function, by its number.
    of: &'a dyn Fn(u32) -> usize,
}

/// Count and quantiles of each group.
type Groups = Vec<(u64, Vec<u64>)>;

fn percentiles_of(
    snapshot: &Snapshot,
    filter: &Filter,
    qs: &[f64],
    table: &NameTable,
    grouping: &Grouping<'_>,
) -> Result<Answer<Option<Groups>>, StoreError> {
    if qs.iter().any(|q| !(0.0..=1.0).contains(q)) {
        return Ok(Gaps::of(snapshot).answer(None));
    }
    let mut pass = Pass { snapshot, filter, table, grouping, gaps: Gaps::of(snapshot) };
    let mut sketches = vec![Sketch::new(); grouping.count];
    let known = stats_by_number(snapshot, filter, table)?;
    for (number, function) in (0..).zip(known.value) {
        if let Some(sketch) = sketches.get_mut((grouping.of)(number)) {
            sketch.merge(&function.sketch);
        }
    }
    let mut ranks = Ranks::new(&sketches, qs);
    pass.run(&mut ranks)?;
    if !ranks.is_exact() {
        let mut sketches = vec![Sketch::new(); grouping.count];
        pass.visit(|group, weight, durations| {
            durations.for_each(|duration_ns| sketches[group].add_many(duration_ns, weight));
        })?;
        ranks = Ranks::new(&sketches, qs);
        pass.run(&mut ranks)?;
    }
    let (is_partial, is_stale) = (known.is_partial, known.is_stale);
    pass.gaps.add(Gaps { is_partial, is_stale });
    Ok(pass.gaps.answer(Some(ranks.into_values())))
}

/// Passes over the wanted durations of a snapshot.
struct Pass<'a> {
    snapshot: &'a Snapshot,
    filter: &'a Filter,
    table: &'a NameTable,
    grouping: &'a Grouping<'a>,
    gaps: Gaps,
}

impl Pass<'_> {
    /// Passes over them until all ranks are found.
    fn run(&mut self, ranks: &mut Ranks) -> Result<(), StoreError> {
        while ranks.begin_pass() {
            self.visit(|group, weight, durations| ranks.add(group, weight, durations))?;
        }
        Ok(())
    }

    /// Calls `visit` with group, weight and durations for all wanted rows.
    fn visit(
        &mut self,
        mut visit: impl FnMut(usize, u64, &Durations<'_>),
    ) -> Result<(), StoreError> {
        for mut scan in LaneScan::all(self.snapshot, self.filter) {
            let series = scan.view.state.names.series().iter();
            let groups: Vec<Option<(usize, u64)>> = series
                .map(|series| {
                    let number = self.table.number(scan.index, series.name)?;
                    Some(((self.grouping.of)(number), u64::from(series.weight)))
                })
                .collect();
            visit_durations(&mut scan, |series, durations| {
                if let Some((group, weight)) = groups.get(series as usize).copied().flatten() {
                    visit(group, weight, &durations);
                }
            })?;
            self.gaps.add(scan.gaps);
        }
        Ok(())
    }
}
