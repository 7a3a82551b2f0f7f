//! A logarithmic axis of durations, cut at borders of the bins of sketches: whatever a sketch has
//! counted lies in one bin of the axis, wholly.

use kronicler_stats::Sketch;

/// Steps of the axis in an octave: as many as sketches have buckets there.
const STEPS_PER_OCTAVE: f64 = 42.0;

/// Bins of durations that follow each other, from short to long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Axis {
    /// First bucket of each bin, and behind them the one behind the last.
    buckets: Vec<usize>,
}

impl Axis {
    /// About `count` bins, fewer than that rather than more, from the bucket `first` to the bucket
    /// `last`. All are equally wide on a logarithmic scale, as nearly as buckets allow.
    pub(crate) fn over(first: usize, last: usize, count: usize) -> Self {
        let (low, high) = (step_of(first), step_of(last));
        let count = u32::try_from(count.max(1)).unwrap_or(u32::MAX);
        let width = (high - low + 1).div_ceil(count);
        let mut buckets = vec![first];
        let mut end = low.saturating_add(width);
        for bucket in first..=last {
            if step_of(bucket) >= end {
                buckets.push(bucket);
                // Below 128 ns a bucket may be wider than a bin.
                end = step_of(bucket) - (step_of(bucket) - low) % width + width;
            }
        }
        buckets.push(last + 1);
        Self { buckets }
    }

    /// Over all that some sketches have seen; without bins when that is nothing.
    pub(crate) fn of<'a>(sketches: impl Iterator<Item = &'a Sketch>, count: usize) -> Self {
        let ends = sketches.filter_map(|sketch| {
            let first = sketch.buckets().next()?.0;
            Some((first, sketch.buckets().last().map_or(first, |(last, _)| last)))
        });
        let range = ends.reduce(|all, ends| (all.0.min(ends.0), all.1.max(ends.1)));
        range.map_or_else(Self::empty, |(first, last)| Self::over(first, last, count))
    }

    /// Without bins.
    pub(crate) const fn empty() -> Self {
        Self { buckets: Vec::new() }
    }

    /// How many bins there are.
    pub(crate) const fn len(&self) -> usize {
        self.buckets.len().saturating_sub(1)
    }

    /// Where bins begin, and behind them where the last ends, in nanoseconds.
    pub(crate) fn edges_ns(&self) -> Vec<u64> {
        let edge = |&bucket: &usize| match bucket.checked_sub(1) {
            // Of the last bucket there is the end is itself in it.
            Some(before) => Sketch::bounds_of(before).1.saturating_add(1),
            None => 0,
        };
        self.buckets.iter().map(edge).collect()
    }

    /// Adds what a sketch has counted to the bins of the axis.
    pub(crate) fn count(&self, sketch: &Sketch, counts: &mut [u64]) {
        let mut bin = 0;
        for (bucket, count) in sketch.buckets() {
            while self.buckets.get(bin + 1).is_some_and(|&end| end <= bucket) {
                bin += 1;
            }
            if let Some(sum) = counts.get_mut(bin) {
                *sum = sum.saturating_add(count);
            }
        }
    }
}

/// Where a bucket lies on a logarithmic scale.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a logarithm from 0 to 64"
)]
fn step_of(bucket: usize) -> u32 {
    let lower_ns = Sketch::bounds_of(bucket).0.max(1);
    ((lower_ns as f64).log2() * STEPS_PER_OCTAVE + 0.5) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_cover_everything_once_and_grow_evenly() {
        // Promise: no duration is left out or counted twice, and no more bins are made than asked.
        let all: Sketch = (0..64).map(|shift| 1_u64 << shift).chain([0, u64::MAX]).collect();
        for count in [1, 2, 7, 60, 500, 10_000] {
            let axis = Axis::of([&all].into_iter(), count);
            assert!((1..=count).contains(&axis.len()), "{} of {count}", axis.len());
            let edges = axis.edges_ns();
            assert!(edges.is_sorted_by(|left, right| left < right), "{edges:?}");
            assert_eq!((edges[0], edges[axis.len()]), (0, u64::MAX));
            let mut counts = vec![0; axis.len()];
            axis.count(&all, &mut counts);
            assert_eq!(counts.iter().sum::<u64>(), all.count());
        }
        let usual: Sketch = [2_000, 50_000_000].into_iter().collect();
        let axis = Axis::of([&usual].into_iter(), 60);
        assert!(axis.len() > 50, "{}", axis.len());
        let edges = axis.edges_ns();
        let ratios = edges.windows(2).map(|pair| pair[1] as f64 / pair[0] as f64);
        let inner: Vec<f64> = ratios.take(axis.len() - 1).collect();
        assert!(inner.iter().all(|ratio| (1.15..1.25).contains(ratio)), "{inner:?}");
        assert_eq!(Axis::of([&Sketch::new()].into_iter(), 9).edges_ns(), []);
    }
}
