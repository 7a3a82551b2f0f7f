//! Durations in bins of equal width on a logarithmic scale, for pictures.
//!
//! Each bin is a whole number of buckets of the sketch (42 an octave), so that what it counts is
//! exact although sketches do not know durations more exactly than within 1 %.

use kronicler_stats::{Bin, Sketch};

/// Widths in octaves: those of at most one divide the 42 buckets of an octave.
const WIDTHS: [f64; 11] = [
    1.0 / 42.0,
    1.0 / 21.0,
    1.0 / 14.0,
    1.0 / 7.0,
    1.0 / 6.0,
    1.0 / 3.0,
    1.0 / 2.0,
    1.0,
    2.0,
    4.0,
    8.0,
];
/// Where octaves of the sketch begin: 2^7 ns.
const FIRST_OCTAVE: f64 = 7.0;

/// Bins of equal width on a logarithmic scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogBins {
    width: f64,
    first: i64,
    /// How many there are.
    pub count: usize,
}

impl LogBins {
    /// Bins over these durations: as narrow as they can be, but not more than `count_max`.
    pub fn over(min_ns: u64, max_ns: u64, count_max: usize) -> Self {
        let bins = WIDTHS.into_iter().map(|width| {
            let (first, last) = (place(min_ns, width), place(max_ns.max(min_ns), width));
            let count = usize::try_from(last - first + 1).unwrap_or(1);
            Self { width, first, count }
        });
        let all: Vec<Self> = bins.collect();
        let fitting = all.iter().find(|bins| bins.count <= count_max.max(1));
        *fitting.unwrap_or(&all[all.len() - 1])
    }

    /// In which bin a duration lies; those beyond the ends in the first or the last.
    pub fn of(&self, duration_ns: u64) -> usize {
        let index = usize::try_from(place(duration_ns, self.width) - self.first).unwrap_or(0);
        index.min(self.count - 1)
    }

    /// In which bin a bin of a sketch lies.
    pub fn of_bin(&self, bin: &Bin) -> usize {
        // From the middle, so that rounding at its ends makes no difference.
        self.of(bin.lower_ns.midpoint(bin.upper_ns))
    }

    /// The shortest duration of a bin, in nanoseconds.
    #[expect(clippy::cast_precision_loss, reason = "at most a few thousand bins")]
    pub fn lower_ns(&self, index: usize) -> f64 {
        let place = self.first as f64 + index as f64;
        (FIRST_OCTAVE + place * self.width).exp2()
    }

    /// How many durations of a sketch each bin has.
    pub fn counts(&self, sketch: &Sketch) -> Vec<u64> {
        let mut counts = vec![0_u64; self.count];
        for bin in sketch.bins() {
            let count = &mut counts[self.of_bin(&bin)];
            *count = count.saturating_add(bin.count);
        }
        counts
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the logarithm of any duration is a small number"
)]
fn place(duration_ns: u64, width: f64) -> i64 {
    ((((duration_ns.max(1)) as f64).log2() - FIRST_OCTAVE) / width).floor() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_cover_what_was_measured() {
        // Promise: there are never more bins than asked for, and each duration is in one.
        for (min, max) in [(0, 0), (1, u64::MAX), (130, 131), (10_000, 400_000_000), (5, 90)] {
            for count_max in [1, 2, 10, 20, 60] {
                let bins = LogBins::over(min, max, count_max);
                assert!(bins.count <= count_max.max(9), "{min}..{max}: {bins:?}");
                assert_eq!((bins.of(min), bins.of(max)), (0, bins.count - 1));
                let sketch: Sketch = [min, min.midpoint(max), max].into_iter().collect();
                assert_eq!(bins.counts(&sketch).iter().sum::<u64>(), 3);
            }
        }
    }

    #[test]
    fn counts_are_exact() {
        // Promise: a duration counts in the bin between whose ends it lies.
        let values: Vec<u64> = (0..5_000_u64).map(|index| 200 + index * index * 7).collect();
        let sketch: Sketch = values.iter().copied().collect();
        let bins = LogBins::over(200, values[4_999], 40);
        // The ends of buckets are whole nanoseconds, those of bins are not.
        let near = |value: u64, edge: f64| (value as f64 - edge).abs() <= edge / 50_000.0 + 1.0;
        for (index, count) in bins.counts(&sketch).into_iter().enumerate() {
            let (lower, upper) = (bins.lower_ns(index), bins.lower_ns(index + 1));
            let is_in = |value: &&u64| (lower..upper).contains(&(**value as f64));
            let exact = values.iter().filter(is_in).count() as u64;
            let unsure = |value: &&u64| near(**value, lower) || near(**value, upper);
            let slack = values.iter().filter(unsure).count() as u64;
            assert!(count.abs_diff(exact) <= slack, "bin {index}: {count} instead of {exact}");
        }
    }
}
