//! How durations spread, in ways that a few extremes do not govern, or that are about them alone.

use crate::quantile::nearest_rank;
use crate::sketch::{Bin, Sketch};

impl Sketch {
    /// The median distance of the durations from their median (MAD), in nanoseconds: of all
    /// measures of spread the one that extremes move least, for half of all values may be any
    /// (Hampel, "The Influence Curve and Its Role in Robust Estimation", JASA 69, 1974). Times
    /// 1.4826 it is the standard deviation when durations are normal.
    ///
    /// Within 2 % of the median, since a sketch tells durations apart as far as that; `None` when
    /// it is empty.
    ///
    /// ```
    /// use kronicler_stats::Sketch;
    ///
    /// let sketch: Sketch = [10, 12, 11, 9, 1_000_000].into_iter().collect();
    /// assert_eq!(sketch.median_deviation(), Some(1));
    /// ```
    #[must_use]
    pub fn median_deviation(&self) -> Option<u64> {
        let rank = nearest_rank(self.count(), 0.5)?;
        let median = self.quantile(0.5)?;
        let distances = self.bins().map(|bin| (middle(&bin).abs_diff(median), bin.count));
        let mut distances: Vec<(u64, u64)> = distances.collect();
        distances.sort_unstable();
        let mut seen = 0_u64;
        let found = distances.into_iter().find(|(_, count)| {
            seen = seen.wrapping_add(*count);
            seen >= rank
        });
        found.map(|(distance, _)| distance)
    }

    /// The mean of the slowest share of the durations, in nanoseconds, at least of one of them:
    /// how long a call takes when it is one of those. Known as expected shortfall (Acerbi and
    /// Tasche, "On the coherence of expected shortfall", Journal of Banking and Finance 26, 2002);
    /// other than a percentile it also tells of what lies beyond.
    ///
    /// Within 1 %; `None` when the sketch is empty or `share` is not above 0 and at most 1.
    ///
    /// ```
    /// use kronicler_stats::Sketch;
    ///
    /// let sketch: Sketch = (1..=100).collect();
    /// assert_eq!(sketch.mean_of_slowest(0.1), Some(95.5));
    /// ```
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate within 1 % of a share of the durations"
    )]
    pub fn mean_of_slowest(&self, share: f64) -> Option<f64> {
        if self.is_empty() || !(share > 0.0 && share <= 1.0) {
            return None;
        }
        let wanted = ((self.count() as f64 * share) as u64).max(1);
        let (mut left, mut sum) = (wanted, 0.0);
        let bins: Vec<Bin> = self.bins().collect();
        for bin in bins.iter().rev() {
            let taken = bin.count.min(left);
            sum += middle(bin) as f64 * taken as f64;
            left -= taken;
        }
        Some(sum / (wanted - left) as f64)
    }
}

const fn middle(bin: &Bin) -> u64 {
    bin.lower_ns.midpoint(bin.upper_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact_median_deviation(values: &[u64]) -> u64 {
        let median = |values: &mut Vec<u64>| {
            values.sort_unstable();
            values[values.len().div_ceil(2) - 1]
        };
        let of_all = median(&mut values.to_vec());
        median(&mut values.iter().map(|value| value.abs_diff(of_all)).collect())
    }

    /// Durations from a linear congruential generator, some far out.
    fn durations(count: u64, scale: u64) -> Vec<u64> {
        let mut state = 7_u64;
        let values = (0..count).map(|index| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let far = if index % 97 == 0 { 50 } else { 1 };
            far * (scale + (state >> 33) % (2 * scale))
        });
        values.collect()
    }

    #[test]
    fn the_median_deviation_is_as_exact_as_is_told() {
        // Promise: within 2 % of the median of what all values together give.
        for (count, scale) in [(1, 5), (2, 90), (1_000, 100), (999, 40_000), (5_000, 7_000_000)] {
            let values = durations(count, scale);
            let sketch: Sketch = values.iter().copied().collect();
            let (found, exact) =
                (sketch.median_deviation().unwrap(), exact_median_deviation(&values));
            let median = sketch.quantile(0.5).unwrap();
            assert!(found.abs_diff(exact) <= median / 50 + 1, "{found} instead of {exact}");
        }
        assert_eq!(Sketch::new().median_deviation(), None);
    }

    #[test]
    fn the_mean_of_the_slowest_is_as_exact_as_is_told() {
        // Promise: within 1 % of the mean of the slowest values themselves, at least of one.
        for (count, share, slowest) in
            [(1, 0.01, 1), (50, 0.01, 1), (1_000, 0.01, 10), (5_000, 0.3, 1_500), (10, 1.0, 10)]
        {
            let mut values = durations(count, 40_000);
            let sketch: Sketch = values.iter().copied().collect();
            values.sort_unstable_by(|left, right| right.cmp(left));
            let exact = values[..slowest].iter().sum::<u64>() as f64 / slowest as f64;
            let found = sketch.mean_of_slowest(share).unwrap();
            assert!((found - exact).abs() <= exact / 100.0, "{found} instead of {exact}");
        }
        assert_eq!(Sketch::new().mean_of_slowest(0.01), None);
        let sketch: Sketch = [1].into_iter().collect();
        assert_eq!((sketch.mean_of_slowest(0.0), sketch.mean_of_slowest(f64::NAN)), (None, None));
    }
}
