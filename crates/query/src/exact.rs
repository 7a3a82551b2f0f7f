//! Exact percentiles in memory that does not grow with the rows.
//!
//! Sketches tell in which of their buckets the wanted rank lies and how many durations lie below
//! it: exact, since sketches count. One pass over the durations then keeps those of the bucket
//! only, and selects among them. A bucket that holds too many to keep is counted in finer steps
//! first. Durations come by series from their own columns: no end and no series page is read
//! unless the filter speaks of rows.
//!
//! Where damage makes footers count rows that cannot be read, what can be read is counted first.

use kronicler_format::{FormatError, Row};
use kronicler_stats::Summary;
use kronicler_store::{Name, Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::durations::Durations;
use crate::filter::Filter;
use crate::name_table::NameTable;
use crate::rank::Ranks;
use crate::sketches::Sketches;
use crate::split::Split;
use crate::work::{ChunkPlace, Of, Sink, Work};

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
    of: &'a (dyn Fn(u32) -> usize + Sync),
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
    let place_of = |of: Of| {
        let series = snapshot.lanes[of.lane as usize].state.names.series();
        let series = series.get(of.series as usize)?;
        let number = table.number(of.lane as usize, series.name)?;
        Some(((grouping.of)(number), u64::from(series.weight)))
    };
    let work = Work::new(snapshot, filter, Split::Whole, true);
    let (sketches, mut gaps) = Sketches::count(&work, grouping.count, &place_of)?;
    let work = work.without_summaries();
    let mut ranks = Ranks::new(&sketches, qs);
    gaps.add(run(&work, &place_of, &mut ranks)?);
    if !ranks.is_exact() {
        let (sketches, lacking) = Sketches::count(&work, grouping.count, &place_of)?;
        gaps.add(lacking);
        ranks = Ranks::new(&sketches, qs);
        gaps.add(run(&work, &place_of, &mut ranks)?);
    }
    Ok(gaps.answer(Some(ranks.into_values())))
}

/// Passes over the wanted durations until all ranks are found.
fn run(
    work: &Work<'_>,
    place_of: &(impl Fn(Of) -> Option<(usize, u64)> + Sync),
    ranks: &mut Ranks,
) -> Result<Gaps, StoreError> {
    let mut gaps = Gaps::default();
    while ranks.begin_pass() {
        let (sinks, lacking) = work.run(|| Pass { ranks: ranks.clone(), place_of })?;
        gaps.add(lacking);
        let mut sinks = sinks.into_iter();
        if let Some(first) = sinks.next() {
            *ranks = first.ranks;
        }
        sinks.for_each(|other| ranks.absorb(other.ranks));
    }
    Ok(gaps)
}

/// A pass of one thread.
struct Pass<'a, P> {
    ranks: Ranks,
    place_of: &'a P,
}

impl<P: Fn(Of) -> Option<(usize, u64)> + Sync> Sink for Pass<'_, P> {
    fn take_encoded(&mut self, _: Of, _: &[u8]) -> Result<(), FormatError> {
        // Only rows have exact durations.
        Ok(())
    }

    fn take_summary(&mut self, _: Of, _: &Summary) {}

    fn take_durations(&mut self, of: Of, _: ChunkPlace, durations: &Durations<'_>) {
        if let Some((group, weight)) = (self.place_of)(of) {
            self.ranks.add(group, weight, durations);
        }
    }

    fn take_row(&mut self, of: Of, _: u64, row: &Row) {
        if let Some((group, weight)) = (self.place_of)(of) {
            self.ranks.add(group, weight, &Durations::One(row.duration_ns));
        }
    }
}
