//! Histograms, heatmaps and counts by time, compared with those of a list.

use std::collections::BTreeMap;

use kronicler_query::{
    Filter, Grid, Heatmap, Histogram, call_counts, exact_histogram, heatmap, histogram,
};
use kronicler_store::Snapshot;

use crate::grouping::{HOUR_NS, periods};
use crate::model::{Call, quantile, wants};
use crate::questions::{is_of_past, same, wants_past};
use crate::rng::Rng;

/// Asks for one picture or another.
pub fn check_pictures(
    rng: &mut Rng,
    snapshot: &Snapshot,
    filter: &Filter,
    all: &[Call],
    expired: &[Call],
) -> bool {
    let wanted: Vec<&Call> = all.iter().filter(|call| wants(filter, call)).collect();
    let periods = periods(rng, all);
    match rng.below(4) {
        0 => {
            let past = expired.iter().filter(|call| wants_past(filter, call));
            let counted: Vec<u64> =
                wanted.iter().copied().chain(past).map(|call| call.duration_ns).collect();
            let bin_count = 1 + rng.below(90);
            same(histogram(snapshot, filter, bin_count), |found| {
                assert!(found.counts.len() <= bin_count);
                check_histogram(&found, &counted);
            })
        }
        1 => {
            let durations: Vec<u64> = wanted.iter().map(|call| call.duration_ns).collect();
            let edges: Vec<u64> =
                (0..rng.below(6)).map(|_| rng.next() >> rng.below(64)).chain([1_000]).collect();
            same(exact_histogram(snapshot, filter, &edges), |found| {
                check_histogram(&found, &durations);
            })
        }
        2 => same(call_counts(snapshot, filter, &periods), |found| {
            let mut expected: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
            for call in &wanted {
                if let Some(index) = periods.of(call.end_ns) {
                    let counts =
                        expected.entry(call.name).or_insert_with(|| vec![0; periods.len()]);
                    counts[index] += 1;
                }
            }
            let found = found.iter().map(|one| (&*one.name.name, &one.counts));
            assert!(found.eq(expected.iter().map(|(name, counts)| (*name, counts))));
        }),
        _ => {
            let grid =
                Grid { periods, bin_count: 1 + rng.below(70), quantiles: vec![0.5, 0.99, 1.0] };
            let is_whole = check_heatmap(snapshot, filter, &grid, &wanted, expired);
            // What was kept of it must not matter to the next.
            is_whole && check_heatmap(snapshot, filter, &grid, &wanted, expired)
        }
    }
}

/// Every duration is in the bin whose edges it lies between.
fn check_histogram(found: &Histogram, durations: &[u64]) {
    let edges = &found.edges_ns;
    assert!(edges.is_sorted_by(|left, right| left < right), "{edges:?}");
    let mut counts = vec![0; edges.len() + 1];
    for &duration_ns in durations {
        let mut bin = edges.partition_point(|&edge| edge <= duration_ns);
        // The last edge is in the last bin where there is nothing longer.
        if duration_ns == u64::MAX && found.above == 0 && edges.last() == Some(&u64::MAX) {
            bin -= 1;
        }
        counts[bin] += 1;
    }
    let with_ends = [vec![found.below], found.counts.clone(), vec![found.above]].concat();
    let with_ends = if edges.is_empty() { vec![found.below + found.above] } else { with_ends };
    assert_eq!(with_ends, counts, "{edges:?}");
}

fn check_heatmap(
    snapshot: &Snapshot,
    filter: &Filter,
    grid: &Grid,
    wanted: &[&Call],
    expired: &[Call],
) -> bool {
    let periods = &grid.periods;
    let mut columns: Vec<Vec<u64>> = vec![Vec::new(); periods.len()];
    for call in wanted {
        if let Some(index) = periods.of(call.end_ns) {
            columns[index].push(call.duration_ns);
        }
    }
    let (mut placed, mut unplaced) = (0, 0);
    for call in expired.iter().filter(|call| is_of_past(filter, call)) {
        let hour_ns = call.end_ns.div_euclid(HOUR_NS) * HOUR_NS;
        let hour = hour_ns..hour_ns + HOUR_NS;
        let since_ns = filter.since_ns.unwrap_or(i64::MIN);
        let until_ns = filter.until_ns.unwrap_or(i64::MAX);
        let range = periods.range().unwrap_or((0, 0));
        if hour.start >= until_ns.min(range.1) || hour.end <= since_ns.max(range.0) {
            continue;
        }
        let place = periods.iter().position(|(s, e)| s <= hour.start && hour.end <= e);
        if let Some(index) = place {
            columns[index].push(call.duration_ns);
            placed += 1;
        } else {
            unplaced += 1;
        }
    }
    same(heatmap(snapshot, filter, grid), |found: Heatmap| {
        assert_eq!((found.expired, found.unplaced), (placed, unplaced));
        assert!(found.bin_count() <= grid.bin_count);
        for (index, durations) in columns.iter().enumerate() {
            let counts = found.period(index).to_vec();
            let edges_ns = found.edges_ns.clone();
            check_histogram(&Histogram { edges_ns, counts, below: 0, above: 0 }, durations);
            for (at, permille) in [500, 990, 1_000].into_iter().enumerate() {
                let line = found.quantiles_ns[at * periods.len() + index];
                let exact = quantile(durations, permille);
                assert_eq!(line.is_some(), exact.is_some());
                let (line, exact) = (line.unwrap_or(0), exact.unwrap_or(0));
                assert!(line.abs_diff(exact) <= exact / 100 + 1, "{line} instead of {exact}");
            }
        }
    })
}
