//! The laws of ranks, with as many durations as need several passes.

use kronicler_stats::exact_quantiles;

use super::*;

const QS: [f64; 5] = [0.0, 0.25, 0.5, 0.99, 1.0];

fn passed(ranks: &mut Ranks, groups: &[Vec<u64>]) -> u32 {
    let mut passes = 0;
    while ranks.begin_pass() {
        passes += 1;
        for (group, durations) in groups.iter().enumerate() {
            durations.iter().for_each(|&one| ranks.add(group, 1, &Durations::One(one)));
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

#[test]
fn a_duration_that_stands_for_many_counts_so_often() {
    // Promise: ranks are those of all calls, also of those that rows only stand for.
    let rows: Vec<(u64, u64)> =
        (0..999_u64).map(|index| (index * 31 % 977 * 1_000, 1 + index % 3 * 4)).collect();
    let huge = [(5_000_000, KEPT_COUNT_MAX), (5_000_001, 2 * KEPT_COUNT_MAX), (5_000_002, 3)];
    for rows in [&rows[..], &huge[..]] {
        let mut sketch = Sketch::new();
        rows.iter().for_each(|&(duration_ns, weight)| sketch.add_many(duration_ns, weight));
        let mut ranks = Ranks::new(&[sketch], &QS);
        while ranks.begin_pass() {
            rows.iter().for_each(|&(one, weight)| ranks.add(0, weight, &Durations::One(one)));
        }
        assert!(ranks.is_exact());
        let each = |&(one, weight)| (0..weight).map(move |_| one);
        let mut all: Vec<u64> = rows.iter().flat_map(each).collect();
        let count = all.len() as u64;
        let expected = exact_quantiles(&mut all, &QS).unwrap();
        assert_eq!(ranks.into_values(), [(count, expected)]);
    }
}

#[test]
fn a_weight_that_files_only_claim_takes_no_memory() {
    // Promise: rows of a forged weight are noticed before they fill the memory.
    let sketch: Sketch = [1_000_000, 1_000_001, 1_000_002].into_iter().collect();
    let mut ranks = Ranks::new(&[sketch], &QS);
    while ranks.begin_pass() {
        (0..9).for_each(|_| ranks.add(0, u64::MAX, &Durations::One(1_000_001)));
    }
    assert!(!ranks.is_exact());
}
