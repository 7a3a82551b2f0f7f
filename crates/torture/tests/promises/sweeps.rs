//! What a sweep finds.

use std::time::Duration;

use kronicler_torture::{CANARIES, Case, Order, sweep};

const ORDER: Order =
    Order { seed: 1, image_count: 1, time: None, has_faults: false, forgotten: None };

#[test]
fn planted_faults_are_found() {
    // Promise: a writer that forgets to sync directories, or files, does not get past a sweep.
    for forgotten in CANARIES {
        let report = sweep(Order { forgotten: Some(forgotten), ..ORDER });
        assert!(!report.violations.is_empty(), "{forgotten:?}");
        assert!(report.counts.images < 20_000, "{forgotten:?}: {:?}", report.counts);
        let (_, first) = report.violations.values().next().unwrap();
        let line = first.split("replay: ").nth(1).unwrap();
        assert!(Case::parse(line.split(' ')).is_ok(), "{line}");
    }
}

#[test]
fn crashes_cost_nothing_that_was_synced() {
    // Promise: whenever power goes, and again in recovery, the database opens with all its rows.
    let report = sweep(Order { time: Some(Duration::from_secs(5)), ..ORDER });
    assert!(report.violations.is_empty(), "{:#?}", report.violations);
    assert!(report.counts.images > 100, "{:?}", report.counts);
}
