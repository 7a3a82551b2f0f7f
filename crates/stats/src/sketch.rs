//! A quantile sketch of 1 % relative error: how many durations fell into each bucket.
//!
//! Invariants:
//! - the bins held are those of whole blocks of [`BLOCK`] buckets, from the block of the shortest
//!   duration to that of the longest: what a sketch has seen alone decides its contents, so equal
//!   means equal, whatever the order;
//! - `count` is the sum of all bins.

use crate::bucket::{BUCKET_COUNT, bounds_of, index_of, representative_of};
use crate::moments::Moments;
use crate::quantile::nearest_rank;

/// Bins are held in blocks of so many, so that growing by one bucket seldom means growing at all.
const BLOCK: usize = 64;

/// Quantiles of durations in nanoseconds within 1 % of the exact nearest-rank value, from counts in
/// fixed buckets (of the DDSketch family, never collapsed).
///
/// Because the buckets are the same in each sketch, merging adds counts: exact, in any order and
/// grouping. Durations up to 127 ns are exact. Takes 8 bytes for each of at most 2,560 bins: 5.5
/// KiB for durations from 2 us to 50 ms.
///
/// ```
/// use kronicler_stats::Sketch;
///
/// let sketch: Sketch = (1..=1_000).map(|us| us * 1_000).collect();
/// let p99_ns = sketch.quantile(0.99).unwrap_or_default();
/// assert!(p99_ns.abs_diff(990_000) as f64 <= Sketch::RELATIVE_ERROR * 990_000.0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    count: u64,
    first: usize,
    bins: Vec<u64>,
}

/// Durations that a sketch does not tell apart, and how many of them it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bin {
    /// The shortest duration of the bin, in nanoseconds.
    pub lower_ns: u64,
    /// The longest duration of the bin, in nanoseconds; itself in the bin.
    pub upper_ns: u64,
    /// How many durations fell into the bin, never 0.
    pub count: u64,
}

impl Sketch {
    /// How far a quantile may lie from the exact one, relative to the exact one.
    pub const RELATIVE_ERROR: f64 = 0.01;

    /// The number of buckets there are: indices of [`buckets`](Self::buckets) lie below it.
    pub const BUCKET_COUNT: usize = BUCKET_COUNT;

    /// A sketch of no durations; it allocates with the first.
    #[must_use]
    pub const fn new() -> Self {
        Self { count: 0, first: 0, bins: Vec::new() }
    }

    /// Puts a stored sketch together again from indices and counts as [`buckets`](Self::buckets)
    /// gives them, in any order; counts of the same bucket add up.
    ///
    /// `None` when an index is not below [`BUCKET_COUNT`](Self::BUCKET_COUNT) or all counts
    /// together exceed 2^64 - 1, as only a damaged file would have it.
    ///
    /// ```
    /// use kronicler_stats::Sketch;
    ///
    /// let sketch: Sketch = [10, 10, 5_000].into_iter().collect();
    /// assert_eq!(Sketch::from_buckets(sketch.buckets()), Some(sketch));
    /// assert_eq!(Sketch::from_buckets([(Sketch::BUCKET_COUNT, 1)]), None);
    /// ```
    #[must_use]
    pub fn from_buckets(buckets: impl IntoIterator<Item = (usize, u64)>) -> Option<Self> {
        let mut sketch = Self::new();
        for (index, count) in buckets {
            let fits = index < BUCKET_COUNT && sketch.count.checked_add(count).is_some();
            if !fits {
                return None;
            }
            sketch.add_to(index, count);
        }
        Some(sketch)
    }

    /// Adds one duration in nanoseconds.
    #[inline]
    pub fn add(&mut self, duration_ns: u64) {
        self.add_to(index_of(duration_ns), 1);
    }

    /// Adds the same duration in nanoseconds `weight` times, which a row of a series with the
    /// weight `weight` stands for. A weight of 0 adds nothing.
    #[inline]
    pub fn add_many(&mut self, duration_ns: u64, weight: u64) {
        self.add_to(index_of(duration_ns), weight);
    }

    /// Adds durations in nanoseconds, each `base` plus what is in `values`, and each `weight`
    /// times: faster than one by one.
    ///
    /// ```
    /// use kronicler_stats::Sketch;
    ///
    /// let mut sketch = Sketch::new();
    /// sketch.add_above(1_000, &[0_u16, 7, 500], 1);
    /// assert_eq!(sketch, [1_000, 1_007, 1_500].into_iter().collect());
    /// ```
    pub fn add_above<T: Copy + Ord + Into<u64>>(&mut self, base: u64, values: &[T], weight: u64) {
        let Some(&first) = values.first().filter(|_| weight > 0) else { return };
        let bounds = values
            .iter()
            .fold((first, first), |(min, max), &value| (min.min(value), max.max(value)));
        let (min, max): (u64, u64) = (bounds.0.into(), bounds.1.into());
        if base.checked_add(max).is_none() {
            let durations = values.iter().map(|&value| base.wrapping_add(value.into()));
            return durations.for_each(|duration_ns| self.add_many(duration_ns, weight));
        }
        let (start, end) = (index_of(base + min), index_of(base + max));
        let bins = self.bins_mut(start, end - start + 1);
        for &value in values {
            // No value is outside; without the check there would be another.
            if let Some(bin) = bins.get_mut(index_of(base + value.into()).wrapping_sub(start)) {
                *bin = bin.wrapping_add(weight);
            }
        }
        self.note(weight.wrapping_mul(values.len() as u64));
    }

    /// The index of the bucket in which a duration in nanoseconds lies.
    #[must_use]
    pub const fn bucket_of(duration_ns: u64) -> usize {
        index_of(duration_ns)
    }

    /// The shortest and the longest duration of a bucket in nanoseconds, both within it.
    #[must_use]
    pub const fn bounds_of(index: usize) -> (u64, u64) {
        bounds_of(index)
    }

    /// Adds everything that `other` has seen: exact, associative and commutative.
    ///
    /// Wraps rather than panics if both together had seen 2^64 durations, which only forged files
    /// could claim; quantiles of such a sketch may be `None`.
    pub fn merge(&mut self, other: &Self) {
        let (Some(last), false) = (other.bins.len().checked_sub(1), other.is_empty()) else {
            return;
        };
        self.cover(other.first);
        self.cover(other.first + last);
        let bins = self.bins.iter_mut().skip(other.first - self.first);
        for (bin, count) in bins.zip(&other.bins) {
            *bin = bin.wrapping_add(*count);
        }
        self.count = self.count.wrapping_add(other.count);
    }

    /// Adds everything that `other` has seen `weight` times: the sketch of a series whose rows
    /// stand for so many calls each. A weight of 0 adds nothing.
    ///
    /// Wraps as [`merge`](Self::merge) does.
    pub fn merge_many(&mut self, other: &Self, weight: u64) {
        for (index, count) in other.buckets() {
            self.add_to(index, count.wrapping_mul(weight));
        }
    }

    /// How many durations were added.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether no duration was added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The quantile `q` in nanoseconds: within [`RELATIVE_ERROR`](Self::RELATIVE_ERROR) of the
    /// exact nearest-rank value, see [`nearest_rank`].
    ///
    /// It may lie beyond the shortest or longest duration by as much; who knows these, clamps it.
    /// `None` when the sketch is empty, or `q` is not a number from 0 to 1.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<u64> {
        let rank = nearest_rank(self.count, q)?;
        let mut seen = 0_u64;
        for (place, count) in self.bins.iter().enumerate() {
            seen = seen.wrapping_add(*count);
            if seen >= rank {
                return Some(representative_of(self.first + place));
            }
        }
        None
    }

    /// The [quantile](Self::quantile) for each of `qs`, in their order; `None` when any of them is.
    ///
    /// ```
    /// use kronicler_stats::Sketch;
    ///
    /// let sketch: Sketch = (1..=100).collect();
    /// assert_eq!(sketch.quantiles(&[0.5, 0.99]), Some(vec![50, 99]));
    /// assert_eq!(sketch.quantiles(&[0.5, 1.1]), None);
    /// ```
    #[must_use]
    pub fn quantiles(&self, qs: &[f64]) -> Option<Vec<u64>> {
        qs.iter().map(|&q| self.quantile(q)).collect()
    }

    /// The bins that are not empty, from short to long: a histogram of what was added.
    ///
    /// ```
    /// use kronicler_stats::{Bin, Sketch};
    ///
    /// let sketch: Sketch = [7, 1_000, 1_001].into_iter().collect();
    /// let bins: Vec<Bin> = sketch.bins().collect();
    /// assert_eq!(bins[0], Bin { lower_ns: 7, upper_ns: 7, count: 1 });
    /// assert_eq!(bins[1], Bin { lower_ns: 991, upper_ns: 1_007, count: 2 });
    /// ```
    pub fn bins(&self) -> impl Iterator<Item = Bin> + '_ {
        self.buckets().map(|(index, count)| {
            let (lower_ns, upper_ns) = bounds_of(index);
            Bin { lower_ns, upper_ns, count }
        })
    }

    /// Index and count of the buckets that are not empty, by ascending index, for storing.
    pub fn buckets(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let buckets = (self.first..).zip(self.bins.iter().copied());
        buckets.filter(|&(_, count)| count > 0)
    }

    /// Whether this can be the sketch of the durations with these moments: as many, and shortest
    /// and longest in the first and last bucket.
    pub(crate) fn is_of(&self, moments: &Moments) -> bool {
        let first = self.bins.iter().position(|&count| count > 0);
        let last = self.bins.iter().rposition(|&count| count > 0);
        let index = |place: Option<usize>| place.map(|place| place + self.first);
        self.count == moments.count()
            && index(first) == moments.min().map(index_of)
            && index(last) == moments.max().map(index_of)
    }

    /// The bins of the `length` buckets from `index` on, all below [`BUCKET_COUNT`], for whoever
    /// adds to them, to the first and to the last at least, and then [counts](Self::note) it.
    pub(crate) fn bins_mut(&mut self, index: usize, length: usize) -> &mut [u64] {
        self.cover(index);
        self.cover(index + length.saturating_sub(1));
        let at = index - self.first;
        &mut self.bins[at..at + length]
    }

    /// Counts durations that were added to the bins.
    pub(crate) const fn note(&mut self, count: u64) {
        self.count = self.count.wrapping_add(count);
    }

    #[inline]
    pub(crate) fn add_to(&mut self, index: usize, count: u64) {
        // An index below `first` wraps to one beyond all bins.
        if self.bins.get(index.wrapping_sub(self.first)).is_none() {
            if count == 0 {
                return;
            }
            self.cover(index);
        }
        let bin = &mut self.bins[index - self.first];
        *bin = bin.wrapping_add(count);
        self.count = self.count.wrapping_add(count);
    }

    /// Grows the bins by whole blocks until they hold the bucket `index`.
    #[cold]
    fn cover(&mut self, index: usize) {
        let start = index / BLOCK * BLOCK;
        if self.bins.is_empty() {
            self.first = start;
        }
        if start < self.first {
            let missing = self.first - start;
            self.bins.splice(..0, std::iter::repeat_n(0, missing));
            self.first = start;
        }
        let length = start + BLOCK - self.first;
        if length > self.bins.len() {
            self.bins.resize(length, 0);
        }
    }
}

impl FromIterator<u64> for Sketch {
    fn from_iter<I: IntoIterator<Item = u64>>(durations_ns: I) -> Self {
        let mut sketch = Self::new();
        durations_ns.into_iter().for_each(|duration_ns| sketch.add(duration_ns));
        sketch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn of_nothing_there_is_no_quantile() {
        // Promise: an empty sketch answers None, and a weight of nought leaves it empty.
        let mut empty = Sketch::new();
        empty.add_many(1_000, 0);
        assert!(empty.is_empty());
        assert_eq!((empty.quantile(0.5), empty.bins().count()), (None, 0));
        assert_eq!(empty, Sketch::default());
    }

    #[test]
    fn a_quantile_that_is_none_is_refused() {
        // Promise: what is not a number from 0 to 1 has no answer.
        let sketch: Sketch = [1, 2, 3].into_iter().collect();
        for q in [f64::NAN, -0.1, 1.1] {
            assert_eq!((sketch.quantile(q), sketch.quantiles(&[0.5, q])), (None, None));
        }
        assert_eq!(sketch.quantiles(&[]), Some(vec![]));
    }

    #[test]
    fn memory_is_bounded_by_the_range_of_durations() {
        // Promise: 704 bins at most for 2 us to 50 ms, 2,560 for everything there is.
        let usual: Sketch = [50_000_000, 2_000].into_iter().collect();
        assert!(usual.bins.len() <= 11 * BLOCK, "{}", usual.bins.len());
        let all: Sketch = [u64::MAX, 0].into_iter().collect();
        assert_eq!(all.bins.len(), BUCKET_COUNT.next_multiple_of(BLOCK));
        assert_eq!(all.quantiles(&[0.5]), Some(vec![0]));
    }

    #[test]
    fn impossible_buckets_are_refused() {
        // Promise: buckets that no sketch has, as a damaged file may hold, are not taken.
        assert_eq!(Sketch::from_buckets([(BUCKET_COUNT, 0)]), None);
        assert_eq!(Sketch::from_buckets([(usize::MAX, 1)]), None);
        assert_eq!(Sketch::from_buckets([(3, u64::MAX), (900, 1)]), None);
        assert_eq!(Sketch::from_buckets([(900, 0)]), Some(Sketch::new()));
    }

    #[test]
    fn forged_counts_do_no_harm() {
        // Promise: more rows than can be counted give None or a number, never a panic.
        let mut forged = Sketch::from_buckets([(3, u64::MAX), (900, 0)]).unwrap_or_default();
        forged.merge(&forged.clone());
        forged.add(3);
        let _ = forged.quantiles(&[0.0, 0.5, 1.0]);
        forged.add_many(5_000, 1);
        forged.merge(&Sketch::new());
        let _ = (forged.quantile(1.0), forged.bins().count());
    }

    proptest! {
        #[test]
        fn slices_are_their_durations(
            base: u64,
            shift in 0..64_u32,
            weight in 0..3_u64,
            wide in prop::collection::vec(any::<u64>(), 0..9),
        ) {
            // Promise: durations added by the slice count as those added one by one.
            let (base, mut slice, mut single) = (base >> shift, Sketch::new(), Sketch::new());
            slice.add_above(base, &wide, weight);
            let durations = wide.iter().map(|&value| base.wrapping_add(value));
            durations.for_each(|duration_ns| single.add_many(duration_ns, weight));
            prop_assert!(slice.buckets().eq(single.buckets()));
            prop_assert_eq!(slice.count(), single.count());
        }

        #[test]
        fn storing_and_weights_keep_everything(
            rows in prop::collection::vec((any::<u64>(), 0..64_u32, 0..9_u64), 0..50)
        ) {
            // Promise: a weight stands for so many rows, and stored buckets come back the same.
            let (mut weighted, mut repeated) = (Sketch::new(), Sketch::new());
            for (wide, shift, weight) in rows {
                weighted.add_many(wide >> shift, weight);
                (0..weight).for_each(|_| repeated.add(wide >> shift));
            }
            prop_assert_eq!(&weighted, &repeated);
            prop_assert_eq!(weighted.count(), weighted.bins().map(|bin| bin.count).sum::<u64>());
            let backwards: Vec<_> = weighted.buckets().collect();
            let stored = Sketch::from_buckets(backwards.into_iter().rev());
            prop_assert_eq!(stored, Some(weighted));
            let (mut thrice, mut merged) = (Sketch::new(), Sketch::new());
            (0..3).for_each(|_| thrice.merge(&repeated));
            merged.merge_many(&repeated, 0);
            merged.merge_many(&repeated, 3);
            prop_assert_eq!(merged, thrice);
        }
    }
}
