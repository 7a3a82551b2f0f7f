//! Order and grouping of merging never matter, and answers agree with naive references.

use kronicler_stats::{Moments, Sketch, exact_quantiles};
use proptest::prelude::*;

/// Durations of every magnitude, and often several equal ones.
fn durations(count_max: usize) -> impl Strategy<Value = Vec<u64>> {
    let duration = prop_oneof![
        (any::<u64>(), 0..64_u32).prop_map(|(wide, shift)| wide >> shift),
        2_000..50_000_000_u64,
        0..200_u64,
        u64::MAX - 9..=u64::MAX,
    ];
    prop::collection::vec(duration, 0..count_max)
}

/// Merges the parts in pairs that `choices` picks, until one is left.
fn merge_all<T: Default>(mut parts: Vec<T>, choices: &[usize], merge: impl Fn(&mut T, &T)) -> T {
    let mut choices = choices.iter().copied().cycle();
    while parts.len() > 1 {
        let taken = parts.swap_remove(choices.next().unwrap_or(0) % parts.len());
        let place = choices.next().unwrap_or(0) % parts.len();
        merge(&mut parts[place], &taken);
    }
    parts.pop().unwrap_or_default()
}

/// Cuts the durations into parts of the given lengths over and over; a length of 0 is an empty
/// part.
fn parts<T: FromIterator<u64>>(mut durations: &[u64], lengths: &[usize]) -> Vec<T> {
    let mut parts = Vec::new();
    for &length in lengths.iter().cycle() {
        let (part, rest) = durations.split_at(length.min(durations.len()));
        parts.push(part.iter().copied().collect());
        durations = rest;
        if durations.is_empty() {
            return parts;
        }
    }
    parts
}

/// Sum of positive terms with the error of each addition carried along (Neumaier, 1974).
fn compensated_sum(terms: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for term in terms {
        let next = sum + term;
        lost += if sum >= term { (sum - next) + term } else { (term - next) + sum };
        sum = next;
    }
    sum + lost
}

fn assert_close(left: Option<f64>, right: f64) {
    let left = left.expect("there are enough durations");
    assert!((left - right).abs() <= right * 1e-12, "{left} against {right}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn merging_in_any_order_and_grouping_equals_adding_one_by_one(
        (original, shuffled) in durations(300)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        lengths in prop::collection::vec(0..40_usize, 1..9).prop_filter(
            "some part has a row", |lengths| lengths.iter().any(|&length| length > 0)),
        choices in prop::collection::vec(any::<usize>(), 1..20),
    ) {
        // Promise: whoever merges, in whatever order and grouping, gets bit for bit the same.
        let moments: Moments = original.iter().copied().collect();
        let merged = merge_all(parts(&shuffled, &lengths), &choices, Moments::merge);
        prop_assert_eq!(&merged, &moments);
        prop_assert_eq!(
            merged.variance().map(f64::to_bits),
            moments.variance().map(f64::to_bits)
        );

        let sketch: Sketch = original.iter().copied().collect();
        let merged = merge_all(parts(&shuffled, &lengths), &choices, Sketch::merge);
        prop_assert_eq!(merged, sketch);
    }

    #[test]
    fn mean_and_variance_agree_with_references_that_cannot_cancel(all in durations(60)) {
        // Promise: mean and variance are right to 1e-12, whatever the magnitudes.
        let moments: Moments = all.iter().copied().collect();
        let count = all.len() as f64;
        prop_assert_eq!(moments.min(), all.iter().copied().min());
        prop_assert_eq!(moments.max(), all.iter().copied().max());
        prop_assert_eq!(moments.sum(), all.iter().map(|&duration| u128::from(duration)).sum());
        if !all.is_empty() {
            assert_close(moments.mean(), compensated_sum(all.iter().map(|&ns| ns as f64)) / count);
        }
        if all.len() > 1 {
            // The variance as the mean square of all differences: every term is exact before it is
            // squared, and none is negative.
            let pairs = all.iter().enumerate().flat_map(|(place, one)| {
                all[place + 1..].iter().map(move |other| one.abs_diff(*other) as f64)
            });
            let sum = compensated_sum(pairs.map(|difference| difference * difference));
            let variance = sum / (count * (count - 1.0));
            assert_close(moments.variance(), variance);
            assert_close(moments.std_dev(), variance.sqrt());
            assert_close(moments.std_err(), (variance / count).sqrt());
        }
    }

    #[test]
    fn quantiles_are_within_one_percent_of_the_exact_ones(
        mut all in durations(300),
        qs in prop::collection::vec(0.0..=1.0_f64, 1..20),
    ) {
        // Promise: every quantile of the sketch is within 1 % of the nearest-rank value.
        let sketch: Sketch = all.iter().copied().collect();
        prop_assert_eq!(sketch.count(), all.len() as u64);
        let answers = sketch.quantiles(&qs);
        let exact = exact_quantiles(&mut all, &qs);
        prop_assert_eq!(answers.is_some(), exact.is_some());
        let pairs = answers.into_iter().flatten().zip(exact.into_iter().flatten());
        for (answer, exact) in pairs {
            let error = u128::from(answer.abs_diff(exact));
            prop_assert!(error * 100 <= u128::from(exact), "{} instead of {}", answer, exact);
        }
    }
}
