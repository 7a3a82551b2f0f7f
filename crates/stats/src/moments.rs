//! Exact moments of durations: count, sum, sum of squares, least and greatest.
//!
//! Invariants, for `count` < 2^64 durations below 2^64 each:
//! - `sum` <= (2^64 - 1)^2 < 2^128, and the sum of squares <= (2^64 - 1)^3 < 2^192, so neither
//!   field can overflow;
//! - `count * sum of squares` and `sum^2` are below 2^256, so the variance's numerator fits as
//!   well, and by Cauchy and Schwarz the first is never below the second;
//! - an empty value has `min` = `u64::MAX` and `max` = 0, the neutral elements of merging.
//!
//! The counter is the only one that could wrap: after 2^64 rows, 584 years at one each nanosecond.

use crate::wide::U256;

/// Moments of durations in nanoseconds, exact however many there are and in whatever order and
/// grouping they were added and merged.
///
/// 64 bytes; the arithmetic is in integers, a number becomes an `f64` when it is asked for.
///
/// ```
/// use kronicler_stats::Moments;
///
/// let mut moments = Moments::new();
/// for duration_ns in [2, 4, 4, 4, 5, 5, 7, 9] {
///     moments.add(duration_ns);
/// }
/// assert_eq!(moments.mean(), Some(5.0));
/// assert_eq!(moments.variance(), Some(32.0 / 7.0));
/// assert_eq!((moments.min(), moments.max()), (Some(2), Some(9)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moments {
    count: u64,
    sum: u128,
    squares_low: u128,
    squares_high: u64,
    min: u64,
    max: u64,
}

impl Moments {
    /// Moments of no durations.
    #[must_use]
    pub const fn new() -> Self {
        Self { count: 0, sum: 0, squares_low: 0, squares_high: 0, min: u64::MAX, max: 0 }
    }

    /// Puts stored moments together again: durations in nanoseconds, the sum of squares as
    /// [`sum_of_squares`](Self::sum_of_squares) gives it.
    ///
    /// `None` when no durations have such moments, so that a damaged file cannot make a mean
    /// outside of its minimum and maximum, or a negative variance. With a `count` of 0 everything
    /// else must be 0, too.
    ///
    /// ```
    /// use kronicler_stats::Moments;
    ///
    /// let moments: Moments = [3, 5].into_iter().collect();
    /// assert_eq!(Moments::from_parts(2, 8, (0, 34), 3, 5), Some(moments));
    /// assert_eq!(Moments::from_parts(2, 11, (0, 34), 3, 5), None);
    /// ```
    #[must_use]
    pub fn from_parts(
        count: u64,
        sum: u128,
        sum_of_squares: (u64, u128),
        min: u64,
        max: u64,
    ) -> Option<Self> {
        let (squares_high, squares_low) = sum_of_squares;
        if count == 0 {
            let is_empty = sum == 0 && sum_of_squares == (0, 0) && min == 0 && max == 0;
            return is_empty.then(Self::new);
        }
        let bounds = u128::from(min) * u128::from(count)..=u128::from(max) * u128::from(count);
        let moments = Self { count, sum, squares_low, squares_high, min, max };
        // Every square is a duration times at most the greatest one: together at most sum * max.
        // The bound from below is Cauchy's and Schwarz's, with which the numerator is not negative.
        let squares = U256::new(u128::from(squares_high), squares_low);
        let fits =
            min <= max && bounds.contains(&sum) && squares <= U256::product(sum, u128::from(max));
        (fits && moments.numerator().is_some()).then_some(moments)
    }

    /// Adds one duration in nanoseconds.
    #[inline]
    pub fn add(&mut self, duration_ns: u64) {
        let duration = u128::from(duration_ns);
        let (squares_low, carry) = self.squares_low.overflowing_add(duration * duration);
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(duration);
        self.squares_low = squares_low;
        self.squares_high = self.squares_high.wrapping_add(u64::from(carry));
        self.min = self.min.min(duration_ns);
        self.max = self.max.max(duration_ns);
    }

    /// Adds durations in nanoseconds, each `base` plus what is in `values`: faster than one by one,
    /// most so where these are narrow.
    ///
    /// ```
    /// use kronicler_stats::Moments;
    ///
    /// let mut moments = Moments::new();
    /// moments.add_above(1_000, &[0_u16, 7, 500]);
    /// assert_eq!(moments, [1_000, 1_007, 1_500].into_iter().collect());
    /// ```
    pub fn add_above<T: Copy + Ord + Into<u64>>(&mut self, base: u64, values: &[T]) {
        let (Some(&first), count) = (values.first(), values.len() as u64) else { return };
        let bounds = values
            .iter()
            .fold((first, first), |(min, max), &value| (min.min(value), max.max(value)));
        let (min, max): (u64, u64) = (bounds.0.into(), bounds.1.into());
        if base.checked_add(max).is_none() || max > u64::from(u32::MAX) {
            let durations = values.iter().map(|&value| base.wrapping_add(value.into()));
            return durations.for_each(|duration_ns| self.add(duration_ns));
        }
        // Below 2^32 each: of fewer than 2^32 the sum has its place in 64 bits.
        let (mut sum, mut squares) = (0_u128, 0_u128);
        for part in values.chunks(1 << 31) {
            let mut of_part = 0_u64;
            for &value in part {
                let value: u64 = value.into();
                of_part += value;
                squares += u128::from(value * value);
            }
            sum += u128::from(of_part);
        }
        let (base_wide, rows) = (u128::from(base), u128::from(count));
        // Squares of base + v: those of v and twice base x v stay below 2^128 for all slices that
        // memory has room for, base^2 x count needs more.
        let mixed = 2 * base_wide * sum + squares;
        let (high, low) = U256::product(base_wide * base_wide, rows).halves();
        #[expect(clippy::cast_possible_truncation, reason = "a product of 128 and 64 bits has 192")]
        let high = high as u64;
        let (low, carry) = low.overflowing_add(mixed);
        self.merge(&Self {
            count,
            sum: base_wide * rows + sum,
            squares_low: low,
            squares_high: high + u64::from(carry),
            min: base + min,
            max: base + max,
        });
    }

    /// Adds the same duration in nanoseconds `weight` times, which a row of a series with the
    /// weight `weight` stands for. A weight of 0 adds nothing.
    pub fn add_many(&mut self, duration_ns: u64, weight: u64) {
        self.merge_many(&Self::from_iter([duration_ns]), weight);
    }

    /// Adds everything that `other` has seen `weight` times: the moments of a series whose rows
    /// stand for so many calls each. A weight of 0 adds nothing.
    ///
    /// Wraps as [`merge`](Self::merge) does.
    pub fn merge_many(&mut self, other: &Self, weight: u64) {
        if weight == 0 {
            return;
        }
        let (carry, squares_low) = U256::product(other.squares_low, u128::from(weight)).halves();
        #[expect(clippy::cast_possible_truncation, reason = "a product of 128 and 64 bits has 192")]
        let carry = carry as u64;
        self.merge(&Self {
            count: other.count.wrapping_mul(weight),
            sum: other.sum.wrapping_mul(u128::from(weight)),
            squares_low,
            squares_high: other.squares_high.wrapping_mul(weight).wrapping_add(carry),
            ..other.clone()
        });
    }

    /// Adds everything that `other` has seen: exact, associative and commutative.
    ///
    /// Wraps rather than panics if both together had seen 2^64 durations, which only forged
    /// files could claim; the variance of such a value is at worst `None`.
    pub fn merge(&mut self, other: &Self) {
        let (squares_low, carry) = self.squares_low.overflowing_add(other.squares_low);
        self.count = self.count.wrapping_add(other.count);
        self.sum = self.sum.wrapping_add(other.sum);
        self.squares_low = squares_low;
        self.squares_high =
            self.squares_high.wrapping_add(other.squares_high).wrapping_add(u64::from(carry));
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
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

    /// The sum of all durations, in nanoseconds.
    #[must_use]
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// The sum of the squares of all durations, in square nanoseconds, for storing: `(high, low)`
    /// stand for `high * 2^128 + low`.
    #[must_use]
    pub const fn sum_of_squares(&self) -> (u64, u128) {
        (self.squares_high, self.squares_low)
    }

    /// The shortest duration in nanoseconds; `None` when there is none.
    #[must_use]
    pub fn min(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.min)
    }

    /// The longest duration in nanoseconds; `None` when there is none.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        (!self.is_empty()).then_some(self.max)
    }

    /// The arithmetic mean in nanoseconds; `None` when there are no durations.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sum as f64 / self.count as f64)
    }

    /// The sample variance in square nanoseconds, `None` for fewer than two durations:
    /// `(n * sum of squares - sum^2) / (n * (n - 1))`.
    ///
    /// In floating point this formula is known to lose all digits when the durations are large and
    /// alike (Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance", The American
    /// Statistician 37(3), 1983). Here numerator and denominator are exact integers, so the result
    /// is three roundings away from the true value: at most 4e-16 of it.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        if self.count < 2 {
            return None;
        }
        let denominator = u128::from(self.count) * u128::from(self.count - 1);
        Some(self.numerator()?.to_f64() / denominator as f64)
    }

    /// The sample standard deviation in nanoseconds: the square root of the
    /// [variance](Self::variance), `None` for fewer than two durations.
    #[must_use]
    pub fn std_dev(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }

    /// The standard error of the mean in nanoseconds: the standard deviation over the square root
    /// of the count, `None` for fewer than two durations.
    #[must_use]
    pub fn std_err(&self) -> Option<f64> {
        self.variance().map(|variance| (variance / self.count as f64).sqrt())
    }

    /// `n * sum of squares - sum^2`; `None` if that were negative, which no durations can bring
    /// about.
    fn numerator(&self) -> Option<U256> {
        let count = u128::from(self.count);
        let high = U256::new(u128::from(self.squares_high) * count, 0);
        let scaled = U256::product(self.squares_low, count).checked_add(high)?;
        scaled.checked_sub(U256::product(self.sum, self.sum))
    }
}

impl Default for Moments {
    fn default() -> Self {
        Self::new()
    }
}

impl FromIterator<u64> for Moments {
    fn from_iter<I: IntoIterator<Item = u64>>(durations_ns: I) -> Self {
        let mut moments = Self::new();
        durations_ns.into_iter().for_each(|duration_ns| moments.add(duration_ns));
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stored(moments: &Moments) -> Option<Moments> {
        let (min, max) = (moments.min().unwrap_or(0), moments.max().unwrap_or(0));
        let squares = moments.sum_of_squares();
        Moments::from_parts(moments.count(), moments.sum(), squares, min, max)
    }

    #[test]
    fn of_nothing_there_is_no_mean() {
        // Promise: without durations every answer but count and sum is None.
        let empty = Moments::default();
        assert!(empty.is_empty());
        assert_eq!((empty.count(), empty.sum(), empty.min(), empty.max()), (0, 0, None, None));
        assert_eq!((empty.mean(), empty.variance()), (None, None));
        assert_eq!((empty.std_dev(), empty.std_err()), (None, None));
    }

    #[test]
    fn one_duration_has_a_mean_but_no_deviation() {
        // Promise: the deviation is that of a sample, so one duration has none.
        let one: Moments = [7].into_iter().collect();
        assert_eq!((one.mean(), one.min(), one.max()), (Some(7.0), Some(7), Some(7)));
        assert_eq!((one.variance(), one.std_dev(), one.std_err()), (None, None, None));
    }

    #[test]
    fn large_and_alike_durations_keep_their_variance() {
        // Promise: no cancellation, where floating-point squares would have lost every digit.
        let alike: Moments = [u64::MAX, u64::MAX - 1, u64::MAX - 2].into_iter().collect();
        assert_eq!((alike.variance(), alike.std_dev()), (Some(1.0), Some(1.0)));
        assert_eq!(alike.std_err(), Some((1.0_f64 / 3.0).sqrt()));
    }

    #[test]
    fn the_most_and_longest_durations_fit() {
        // Promise: 2^64 - 1 rows of 2^64 - 1 ns each reach every bound and overflow none.
        let mut most = Moments::new();
        most.add_many(u64::MAX, u64::MAX);
        let max = u128::from(u64::MAX);
        assert_eq!((most.count(), most.sum()), (u64::MAX, max * max));
        // (2^64 - 1)^3 = 2^192 - 3 * 2^128 + 3 * 2^64 - 1
        assert_eq!(most.sum_of_squares(), (u64::MAX - 2, (3 << 64) - 1));
        assert_eq!((most.mean(), most.variance()), (Some(u64::MAX as f64), Some(0.0)));
        assert_eq!(stored(&most), Some(most));
    }

    #[test]
    fn the_widest_spread_fits() {
        // Promise: the greatest numerator there is, half the rows 0 and half 2^64 - 1, is exact.
        let mut spread = Moments::new();
        spread.add_many(0, 1 << 63);
        spread.add_many(u64::MAX, (1 << 63) - 1);
        let variance = spread.variance().unwrap();
        let expected = 2.0_f64.powi(126);
        assert!((variance - expected).abs() <= expected * f64::EPSILON, "{variance}");
        assert_eq!(stored(&spread), Some(spread));
    }

    #[test]
    fn impossible_parts_are_refused() {
        // Promise: moments that no durations have, as a damaged file may hold, are not taken.
        let good = |sum, squares, min, max| Moments::from_parts(3, sum, squares, min, max);
        assert!(good(12, (0, 50), 3, 5).is_some());
        assert!(good(12, (0, 50), 5, 3).is_none());
        assert!(good(16, (0, 86), 3, 5).is_none());
        assert!(good(8, (0, 25), 3, 5).is_none());
        assert!(good(12, (0, 61), 3, 5).is_none());
        assert!(good(12, (0, 47), 3, 5).is_none());
        assert!(good(12, (1, 50), 3, 5).is_none());
        assert!(Moments::from_parts(0, 1, (0, 0), 0, 0).is_none());
        assert_eq!(Moments::from_parts(0, 0, (0, 0), 0, 0), Some(Moments::new()));
    }

    proptest! {
        #[test]
        fn slices_are_their_durations(
            base: u64, shift in 0..64_u32, wide in prop::collection::vec(any::<u64>(), 0..9)
        ) {
            // Promise: durations added by the slice count as those added one by one, also where a
            // sum has no place in 64 bits or a forged base wraps.
            let base = base >> shift;
            let cut = |value: &u64, limit: u64| value % (limit + 1);
            let narrow = wide.iter().map(|value| cut(value, u16::MAX.into()).try_into().unwrap());
            let narrow: Vec<u16> = narrow.collect();
            let middle = wide.iter().map(|value| cut(value, u32::MAX.into()).try_into().unwrap());
            let middle: Vec<u32> = middle.collect();
            let one_by_one = |values: &mut dyn Iterator<Item = u64>| {
                values.map(|value| base.wrapping_add(value)).collect::<Moments>()
            };
            let mut slices = [Moments::new(), Moments::new(), Moments::new()];
            slices[0].add_above(base, &narrow);
            slices[1].add_above(base, &middle);
            slices[2].add_above(base, &wide);
            let expected = [
                one_by_one(&mut narrow.iter().map(|&value| value.into())),
                one_by_one(&mut middle.iter().map(|&value| value.into())),
                one_by_one(&mut wide.iter().copied()),
            ];
            prop_assert_eq!(slices, expected);
        }

        #[test]
        fn weights_are_repetitions(
            durations in prop::collection::vec((any::<u64>(), 0..9_u64), 0..9)
        ) {
            // Promise: a weight stands for so many rows, and nought for none.
            let (mut weighted, mut repeated) = (Moments::new(), Moments::new());
            for (duration_ns, weight) in durations {
                weighted.add_many(duration_ns, weight);
                (0..weight).for_each(|_| repeated.add(duration_ns));
            }
            prop_assert_eq!(&weighted, &repeated);
            prop_assert_eq!(stored(&weighted), Some(weighted));
            let (mut thrice, mut merged) = (Moments::new(), Moments::new());
            (0..3).for_each(|_| thrice.merge(&repeated));
            merged.merge_many(&repeated, 0);
            merged.merge_many(&repeated, 3);
            prop_assert_eq!(merged, thrice);
        }

        #[test]
        fn any_parts_are_answered_without_panic(
            count: u64, sum: u128, squares: (u64, u128), max: u64
        ) {
            // Promise: forged moments give None or numbers, also after merging, and never a panic.
            for (sum, squares) in [(sum, squares), (sum >> 64, squares), (sum, (0, sum))] {
                let forged = Moments::from_parts(count, sum, squares, 0, max);
                let mut forged = forged.unwrap_or_default();
                forged.merge(&forged.clone());
                forged.add(max);
                let _ = (forged.mean(), forged.std_err());
            }
        }
    }
}
