//! The laws of ranks, with as many durations as need several passes.

use kronicler_stats::exact_quantiles;

use super::*;

const QS: [f64; 5] = [0.0, 0.25, 0.5, 0.99, 1.0];

fn passed(ranks: &mut Ranks, groups: &[Vec<u64>]) -> u32 {
    let mut passes = 0;
    while ranks.begin_pass() {
        passes += 1;
        for (group, durations) in groups.iter().enumerate() {
            durations.iter().for_each(|&one| ranks.add(group, &Durations::One(one)));
        }
    }
    passes
}

fn check(groups: &[Vec<u64>], passes: u32) {
    let sketches: Vec<Sketch> =
        groups.iter().map(|durations| durations.iter().copied().collect()).collect();
    let mut ranks = Ranks::new(&sketches, &QS);
    assert_eq!(passed(&mut ranks, groups), passes);
    assert!(ranks.is_exact());
    for ((count, found), durations) in ranks.into_values().into_iter().zip(groups) {
        let expected = exact_quantiles(&mut durations.clone(), &QS).unwrap_or_default();
        assert_eq!((count, found), (durations.len() as u64, expected));
    }
}

#[test]
fn few_durations_take_one_pass() {
    // Promise: each group has its own exact quantiles, one without durations has none.
    let spread = |step: u64| (0..999).map(|index| index * step % 7_919 * 1_000).collect();
    check(&[spread(31), Vec::new(), spread(977), vec![u64::MAX, 0, u64::MAX - 1]], 1);
    check(&[vec![5; 9], vec![7, 8]], 0);
}

#[test]
fn more_than_can_be_kept_are_counted_first() {
    // Promise: memory stays bounded, however many durations share a bucket of the sketch.
    let count = KEPT_COUNT_MAX + 5;
    let alike: Vec<u64> = (0..count).map(|index| 1_000_000 + index * 7 % 9_001).collect();
    check(&[alike], 2);
    check(&[vec![1_000_000; usize::try_from(count).unwrap()]], 2);
}

#[test]
fn other_durations_than_the_sketch_knew_are_noticed() {
    // Promise: where rows are missing no wrong rank is taken for an exact one.
    let durations: Vec<u64> = (1_000..2_000).collect();
    let sketch: Sketch = durations.iter().copied().collect();
    for lost in [1, 500] {
        let mut ranks = Ranks::new(std::slice::from_ref(&sketch), &QS);
        passed(&mut ranks, &[durations[lost..].to_vec()]);
        assert!(!ranks.is_exact());
    }
}
