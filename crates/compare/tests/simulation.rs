//! How often comparisons are wrong: a small form of `examples/false_alarms`, which says more.

#[expect(dead_code, reason = "the example has more shapes")]
#[path = "../examples/false_alarms/load.rs"]
mod load;
#[expect(dead_code, reason = "the example prints all of it")]
#[path = "../examples/false_alarms/trial.rs"]
mod trial;

use crate::load::{Load, Shape};
use crate::trial::compare;

const PAIRS: u32 = 200;

#[test]
fn where_there_is_no_difference_none_is_found() {
    // Promise: at most 64 alarms of 1,000 pairs that do not differ, also when no difference is too
    // small to be one. The same of 200: at most 12.
    for (calls, spread) in [(2_000, 0.5), (10_000, 1.0)] {
        let load = Load { calls, spread, shape: Shape::Independent };
        let found = compare(&load, 1.0, PAIRS, 11);
        assert!(found.differences <= 12, "{found:?}");
        assert!(found.small_differences <= 12, "{found:?}");
        assert!(found.small_differences > 0, "so strict a test would find nothing: {found:?}");
    }
}

#[test]
fn a_median_slower_by_a_tenth_is_found() {
    // Promise: found in at least 95 % of pairs, with 2,000 calls a side at a spread of 0.5, and
    // with 10,000 at 1.0.
    for (calls, spread) in [(2_000, 0.5), (10_000, 1.0)] {
        let load = Load { calls, spread, shape: Shape::Independent };
        let found = compare(&load, 1.1, PAIRS, 12);
        assert!(found.regressions >= 190, "{found:?}");
    }
}

#[test]
fn slow_minutes_do_not_fool_it() {
    // Promise: calls that are alike because they lie in the same minute are not taken for more
    // evidence than they are; a test that takes them to be independent finds nothing but ghosts.
    let shape = Shape::SlowMinutes { parts: 60.0, share: 0.1, slower: 2.0 };
    let found = compare(&Load { calls: 5_000, spread: 0.5, shape }, 1.0, PAIRS, 13);
    assert!(found.small_differences <= 20, "{found:?}");
    assert!(found.rank_sums > 80, "{found:?}");
}
