//! Which of many ordered values is a quantile: the nearest-rank definition, and its exact answer.
//!
//! Nearest rank is definition 1 of Hyndman and Fan, "Sample Quantiles in Statistical Packages",
//! The American Statistician 50(4), 1996: the smallest value that at least the share `q` of all
//! values does not exceed. It is always a value that was measured, never one between two.

/// How far, relative to itself, a product `q * count` may lie beside a whole number and still mean
/// it: half a unit in the last place from writing `q` in binary and another from the product make
/// one `EPSILON`; twice that leaves room for a `q` that was itself computed, such as `1.0 - 0.05`.
const RANK_TOLERANCE: f64 = 2.0 * f64::EPSILON;

/// The 1-based rank of the quantile `q` among `count` ordered values: `ceil(q * count)`, at least 1
/// and at most `count`.
///
/// `None` when there are no values, or when `q` is not a number from 0 to 1.
///
/// The decimal the caller wrote is meant, not its binary neighbour: `0.07 * 100` is
/// 7.000000000000001 in floating point, and the rank is 7 all the same. Exact for counts below
/// 2^49; above, the rank may be off by as much as an `f64` cannot tell apart.
///
/// ```
/// use kronicler_stats::nearest_rank;
///
/// assert_eq!(nearest_rank(100, 0.07), Some(7));
/// assert_eq!(nearest_rank(10, 0.99), Some(10));
/// assert_eq!(nearest_rank(10, 0.0), Some(1));
/// assert_eq!(nearest_rank(0, 0.5), None);
/// assert_eq!(nearest_rank(10, 1.5), None);
/// ```
#[must_use]
pub fn nearest_rank(count: u64, q: f64) -> Option<u64> {
    if count == 0 || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let product = q * count as f64;
    let nearest = product.round();
    let is_whole = (product - nearest).abs() <= product * RANK_TOLERANCE;
    let rank = if is_whole { nearest } else { product.ceil() };
    #[expect(clippy::cast_possible_truncation, reason = "whole, and clamped to count behind it")]
    let rank = rank as u64;
    Some(rank.clamp(1, count))
}

/// The exact nearest-rank quantiles of `values`, in the order of `qs` and in the values' unit.
///
/// Reorders `values`. Takes time linear in their number for a handful of quantiles, since nothing
/// is sorted: each quantile is selected among the values that the next greater one left below it.
///
/// `None` when a quantile cannot be given, because there are no values or because one of `qs` is
/// not a number from 0 to 1: an answer shorter than the question would be read wrongly.
///
/// ```
/// use kronicler_stats::exact_quantiles;
///
/// let mut durations_ns = [50, 10, 40, 20, 30];
/// assert_eq!(exact_quantiles(&mut durations_ns, &[0.5, 1.0, 0.0]), Some(vec![30, 50, 10]));
/// assert_eq!(exact_quantiles(&mut durations_ns, &[f64::NAN]), None);
/// assert_eq!(exact_quantiles(&mut [], &[0.5]), None);
/// ```
#[must_use]
pub fn exact_quantiles(values: &mut [u64], qs: &[f64]) -> Option<Vec<u64>> {
    let count = values.len() as u64;
    let mut wanted = Vec::with_capacity(qs.len());
    for (place, &q) in qs.iter().enumerate() {
        let rank = nearest_rank(count, q)?;
        wanted.push((usize::try_from(rank).ok()? - 1, place));
    }
    wanted.sort_unstable();
    let mut answers = vec![0; qs.len()];
    let mut below = values;
    let mut last: Option<(usize, u64)> = None;
    for (index, place) in wanted.into_iter().rev() {
        if let Some((_, value)) = last.filter(|&(selected, _)| selected == index) {
            answers[place] = value;
            continue;
        }
        let (smaller, &mut value, _) = below.select_nth_unstable(index);
        answers[place] = value;
        last = Some((index, value));
        below = smaller;
    }
    Some(answers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_percent_of_every_round_count_has_the_rank_its_decimal_means() {
        // Promise: the rank is ceil(q * n) of the decimal, whatever binary makes of it.
        for hundreds in 1..=1_000_u64 {
            for percent in 0..=100_u64 {
                let rank = nearest_rank(hundreds * 100, percent as f64 / 100.0);
                assert_eq!(rank, Some((hundreds * percent).max(1)), "{percent} % of {hundreds}00");
            }
        }
    }

    #[test]
    fn every_permille_of_small_counts_is_the_integer_ceiling() {
        // Promise: a product that is not whole is rounded up, never to the nearest.
        for count in 1..=2_000_u64 {
            for permille in 0..=1_000_u64 {
                let rank = nearest_rank(count, permille as f64 / 1_000.0);
                let ceiling = (count * permille).div_ceil(1_000);
                assert_eq!(rank, Some(ceiling.max(1)), "{permille} of 1,000 of {count}");
            }
        }
    }

    #[test]
    fn ranks_stay_within_the_values_at_both_ends() {
        // Promise: a rank is always that of a value, from the first to the last.
        for count in [1, 2, 3, 1 << 53, (1 << 53) + 1, u64::MAX] {
            assert_eq!(nearest_rank(count, 0.0), Some(1));
            assert_eq!(nearest_rank(count, f64::MIN_POSITIVE), Some(1));
        }
        assert_eq!(nearest_rank(1 << 53, 1.0), Some(1 << 53));
        assert_eq!(nearest_rank(u64::MAX, 1.0), Some(u64::MAX));
    }

    #[test]
    fn a_quantile_that_is_none_is_refused() {
        // Promise: what is not a number from 0 to 1 has no rank.
        for q in [f64::NAN, -0.001, 1.001, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(nearest_rank(10, q), None);
            assert_eq!(exact_quantiles(&mut [1, 2], &[0.5, q]), None);
        }
        assert_eq!(nearest_rank(10, -0.0), Some(1));
        assert_eq!(exact_quantiles(&mut [], &[]), Some(vec![]));
    }

    proptest! {
        #[test]
        fn selection_equals_sorting(
            mut values in prop::collection::vec(0_u64..100, 1..200),
            qs in prop::collection::vec(0.0..=1.0_f64, 0..20),
        ) {
            // Promise: exact quantiles are those of the sorted values, in the order of the
            // question.
            let answers = exact_quantiles(&mut values, &qs).unwrap();
            values.sort_unstable();
            prop_assert_eq!(answers.len(), qs.len());
            for (q, answer) in qs.iter().zip(answers) {
                let rank = nearest_rank(values.len() as u64, *q).unwrap();
                prop_assert_eq!(answer, values[usize::try_from(rank).unwrap() - 1]);
            }
        }
    }
}
