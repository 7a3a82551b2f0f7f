//! How durations are spread: a histogram on a logarithmic axis from sketches, or one with any
//! edges from the durations themselves.

use kronicler_format::{FormatError, Row};
use kronicler_stats::{Sketch, Summary};
use kronicler_store::{Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::axis::Axis;
use crate::durations::{Durations, Take};
use crate::filter::Filter;
use crate::history::{ALL_TIMES, histories, reaches_back, sketch_of};
use crate::sketches::Sketches;
use crate::split::Split;
use crate::work::{ChunkPlace, Of, Sink, Work, weight_of};

/// How many durations lie in each of some bins. Counts are exact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Where bins begin, in nanoseconds, and behind them where the last ends. A duration on an
    /// edge is in the bin that begins there; only the longest duration there can be is in the bin
    /// that it ends.
    pub edges_ns: Vec<u64>,
    /// Calls in each bin: one fewer than edges.
    pub counts: Vec<u64>,
    /// Calls shorter than all bins.
    pub below: u64,
    /// Calls longer than all bins.
    pub above: u64,
}

/// The durations of all wanted calls in at most `bin_count` bins of equal width on a logarithmic
/// axis, whose edges are those of the bins of a [`Sketch`]: from the shortest to the longest call.
/// There are no bins when there is no call.
///
/// Reads no rows where [`stats`](crate::stats()) reads none, and is about the same calls.
///
/// # Errors
/// When a file cannot be read.
pub fn histogram(
    snapshot: &Snapshot,
    filter: &Filter,
    bin_count: usize,
) -> Result<Answer<Histogram>, StoreError> {
    let place_of = |of: Of| Some((0, weight_of(snapshot, of)));
    let work = Work::new(snapshot, filter, Split::Whole, true);
    let (sketches, mut gaps) = Sketches::count(&work, 1, &place_of)?;
    let mut all = sketches.into_iter().next().unwrap_or_default();
    if reaches_back(filter) {
        let (histories, lacking) = histories(snapshot)?;
        gaps.add(lacking);
        all.merge(&sketch_of(&histories, filter, ALL_TIMES));
    }
    let axis = Axis::of([&all].into_iter(), bin_count);
    let mut counts = vec![0; axis.len()];
    axis.count(&all, &mut counts);
    Ok(gaps.answer(Histogram { edges_ns: axis.edges_ns(), counts, below: 0, above: 0 }))
}

/// The durations of all wanted calls in bins between any edges, in nanoseconds and any order.
///
/// Reads every wanted duration, so it knows nothing of calls whose rows have expired.
///
/// # Errors
/// When a file cannot be read.
pub fn exact_histogram(
    snapshot: &Snapshot,
    filter: &Filter,
    edges_ns: &[u64],
) -> Result<Answer<Histogram>, StoreError> {
    let mut edges_ns = edges_ns.to_vec();
    edges_ns.sort_unstable();
    edges_ns.dedup();
    let weight = |of: Of| weight_of(snapshot, of);
    let work = Work::new(snapshot, filter, Split::Whole, false);
    let make = || Counts { table: Table::new(&edges_ns), weight: &weight };
    let (sinks, gaps): (Vec<Counts<'_, _>>, Gaps) = work.run(make)?;
    let mut counts = vec![0_u64; edges_ns.len() + 1];
    for sink in sinks {
        for (sum, count) in counts.iter_mut().zip(&sink.table.counts) {
            *sum = sum.saturating_add(*count);
        }
    }
    let above = counts.pop().unwrap_or(0);
    let below = if counts.is_empty() { 0 } else { counts.remove(0) };
    Ok(gaps.answer(Histogram { edges_ns, counts, below, above }))
}

/// Counts by bin: those below the first edge first, those from the last edge on last.
struct Table<'a> {
    edges_ns: &'a [u64],
    counts: Vec<u64>,
    /// By bucket of a sketch: the bin, where all of the bucket is in one.
    bins: Vec<Option<usize>>,
}

impl<'a> Table<'a> {
    fn new(edges_ns: &'a [u64]) -> Self {
        let bin_of = |duration_ns: u64| edges_ns.partition_point(|&edge| edge <= duration_ns);
        let bins = (0..Sketch::BUCKET_COUNT).map(|bucket| {
            let (lower_ns, upper_ns) = Sketch::bounds_of(bucket);
            let bin = bin_of(lower_ns);
            (bin == bin_of(upper_ns)).then_some(bin)
        });
        Self { edges_ns, counts: vec![0; edges_ns.len() + 1], bins: bins.collect() }
    }

    #[inline]
    fn add(&mut self, duration_ns: u64, weight: u64) {
        let bin = self.bins.get(Sketch::bucket_of(duration_ns)).copied().flatten();
        let search = || self.edges_ns.partition_point(|&edge| edge <= duration_ns);
        if let Some(count) = self.counts.get_mut(bin.unwrap_or_else(search)) {
            *count = count.saturating_add(weight);
        }
    }
}

struct Counts<'a, W> {
    table: Table<'a>,
    weight: &'a W,
}

impl<W: Fn(Of) -> u64 + Sync> Sink for Counts<'_, W> {
    fn take_encoded(&mut self, _: Of, _: &[u8]) -> Result<(), FormatError> {
        // Only rows have exact durations.
        Ok(())
    }

    fn take_summary(&mut self, _: Of, _: &Summary) {}

    fn take_durations(&mut self, of: Of, _: ChunkPlace, durations: &Durations<'_>) {
        let weight = (self.weight)(of);
        durations.give_to(&mut Slice { table: &mut self.table, weight });
    }

    fn take_row(&mut self, of: Of, _: u64, row: &Row) {
        self.table.add(row.duration_ns, (self.weight)(of));
    }
}

struct Slice<'a, 'b> {
    table: &'b mut Table<'a>,
    weight: u64,
}

impl Take for Slice<'_, '_> {
    fn take<T: Copy + Ord + Into<u64>>(&mut self, base: u64, values: &[T]) {
        for &value in values {
            self.table.add(base.wrapping_add(value.into()), self.weight);
        }
    }
}
