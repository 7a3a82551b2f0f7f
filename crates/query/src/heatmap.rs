//! A picture of durations over time: calls by period and duration, percentiles of each period.
//!
//! A segment that lies within one period is told by its footer; a chunk that does, by its durations
//! alone. What was found out about a chunk is kept, so a moved range with the same periods costs
//! what is new in it.

use kronicler_format::varint::Cursor;
use kronicler_stats::Sketch;
use kronicler_store::{Snapshot, StoreError};

use crate::answer::Answer;
use crate::axis::Axis;
use crate::filter::Filter;
use crate::history::{histories, sketch_of, unplaced};
use crate::periods::{Periods, steps};
use crate::sketches::Sketches;
use crate::split::Split;
use crate::work::{Of, Work, weight_of};

/// Periods whose sketches are in memory at a time, some 10 KB each.
const PERIODS_PER_STEP: usize = 512;

/// How a heatmap is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The columns. [`Periods::over`] makes such that a moved range is drawn fast.
    pub periods: Periods,
    /// At most so many bins of durations: the rows.
    pub bin_count: usize,
    /// Which quantiles of each period are wanted, each from 0 to 1.
    pub quantiles: Vec<f64>,
}

/// Calls by period and duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heatmap {
    /// The columns.
    pub periods: Periods,
    /// Where bins of durations begin, in nanoseconds, and behind them where the last ends: as in
    /// a [`Histogram`](crate::Histogram).
    pub edges_ns: Vec<u64>,
    /// Calls: for one period after the other those of each bin, from short to long.
    pub counts: Vec<u64>,
    /// For one quantile after the other, that of each period in nanoseconds, within 1 %; `None`
    /// where there is no call.
    pub quantiles_ns: Vec<Option<u64>>,
    /// Calls whose rows have expired: those of hours and days that lie within one period.
    pub expired: u64,
    /// Expired calls of hours and days that do not. They are not in the picture.
    pub unplaced: u64,
}

impl Heatmap {
    /// How many bins of durations there are.
    #[must_use]
    pub const fn bin_count(&self) -> usize {
        self.edges_ns.len().saturating_sub(1)
    }

    /// Calls of a period by bin.
    #[must_use]
    pub fn period(&self, index: usize) -> &[u64] {
        let count = self.bin_count();
        self.counts.get(index * count..(index + 1) * count).unwrap_or_default()
    }
}

/// Draws the wanted calls that ended in one of the periods.
///
/// # Errors
/// When a file cannot be read.
pub fn heatmap(
    snapshot: &Snapshot,
    filter: &Filter,
    grid: &Grid,
) -> Result<Answer<Heatmap>, StoreError> {
    let Grid { periods, bin_count, quantiles } = grid;
    let (past, mut gaps) =
        if filter.is_by_version() { histories(snapshot)? } else { Default::default() };
    let (mut columns, mut expired) = (Columns::default(), 0_u64);
    for (some, of_some) in steps(filter, periods, PERIODS_PER_STEP) {
        let place_of = |of: Of| Some((of.group as usize, weight_of(snapshot, of)));
        let work = Work::new(snapshot, &of_some, Split::Periods(&some), true);
        let (sketches, lacking) = Sketches::count_and_keep(&work, some.len(), &place_of)?;
        gaps.add(lacking);
        for (mut sketch, period) in sketches.into_iter().zip(some.iter()) {
            if !past.is_empty() {
                let of_past = sketch_of(&past, filter, period);
                expired = expired.saturating_add(of_past.count());
                sketch.merge(&of_past);
            }
            columns.push(&sketch, quantiles);
        }
    }
    let axis = columns.axis(*bin_count);
    let counts = columns.counts(&axis);
    Ok(gaps.answer(Heatmap {
        periods: periods.clone(),
        edges_ns: axis.edges_ns(),
        counts,
        quantiles_ns: columns.quantiles_ns(quantiles.len()),
        expired,
        unplaced: unplaced(&past, filter, periods),
    }))
}

/// Sketches of periods, packed: a picture may have very many columns.
#[derive(Default)]
struct Columns {
    bytes: Vec<u8>,
    /// Where each column ends in them.
    ends: Vec<usize>,
    /// First and last bucket of all.
    range: Option<(usize, usize)>,
    /// Column by column.
    quantiles_ns: Vec<Option<u64>>,
}

impl Columns {
    fn push(&mut self, sketch: &Sketch, quantiles: &[f64]) {
        let ends = sketch.buckets().next().zip(sketch.buckets().last());
        if let Some(((first, _), (last, _))) = ends {
            let (low, high) = self.range.unwrap_or((first, last));
            self.range = Some((low.min(first), high.max(last)));
        }
        self.quantiles_ns.extend(quantiles.iter().map(|&q| sketch.quantile(q)));
        sketch.encode(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    fn axis(&self, bin_count: usize) -> Axis {
        let range = self.range;
        range.map_or_else(Axis::empty, |(first, last)| Axis::over(first, last, bin_count))
    }

    fn counts(&self, axis: &Axis) -> Vec<u64> {
        let mut counts = vec![0; self.ends.len() * axis.len()];
        let mut columns = counts.chunks_mut(axis.len().max(1));
        let mut start = 0;
        for &end in &self.ends {
            // They were encoded here.
            let sketch = Sketch::decode(&mut Cursor::new("column", &self.bytes[start..end]));
            start = end;
            if let Some((sketch, column)) = sketch.ok().zip(columns.next()) {
                axis.count(&sketch, column);
            }
        }
        counts
    }

    /// Quantile by quantile.
    fn quantiles_ns(&self, count: usize) -> Vec<Option<u64>> {
        let of = |quantile: usize| self.quantiles_ns.iter().skip(quantile).step_by(count.max(1));
        (0..count).flat_map(of).copied().collect()
    }
}
