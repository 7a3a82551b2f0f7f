//! Every answer against a naive model, from every view of the same rows.

use std::sync::Arc;

use kronicler_format::{Kind, Outcome};
use kronicler_query::Filter;
use kronicler_store::{Disk, RowId, Storage};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::checks::{check, check_all};
use crate::model::{Call, Lanes, NAMES, Writer, filter, filter_by_series, lanes, with_ids};
use crate::world::{every_view, memory, root};

fn check_views(
    storage: &Arc<dyn Storage>,
    root: &std::path::Path,
    lanes: &Lanes,
    filters: &[Filter],
) {
    let all: Vec<Call> = lanes.iter().flatten().flatten().cloned().collect();
    for (view, snapshot) in every_view(storage, root, lanes) {
        check_all(&snapshot, &all, &view);
        for filter in filters {
            check(&snapshot, &all, filter, &view);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(12)
    })]
    #[test]
    fn every_view_gives_the_same_right_answers(
        lanes in lanes(),
        filters in prop::collection::vec(filter(), 3),
        by_series in prop::collection::vec(filter_by_series(), 2),
    ) {
        // Promise: a query answers the same, and right, with rows in memory, in the log, in
        // another process and after reopening.
        let filters = [vec![Filter::default()], filters, by_series].concat();
        check_views(&memory(), &root(), &lanes, &filters);
    }
}

#[test]
fn many_blocks_on_a_real_disk_give_the_same_answers() {
    // Promise: the same for lanes of many blocks, in files.
    let mut runner = TestRunner::deterministic();
    let mut draw = || lanes().new_tree(&mut runner).expect("there are lanes").current();
    let pool: Vec<Call> = (0..60).flat_map(|_| draw()).flatten().flatten().collect();
    assert!(pool.len() > 1_000, "{}", pool.len());
    let many = |count| pool.iter().cycle().take(count).cloned().collect::<Vec<Call>>();
    let lanes = with_ids(vec![vec![many(9_000), many(50), many(300)], vec![many(500)]]);
    let dir = tempfile::tempdir().unwrap();
    let filters: Vec<Filter> =
        (0..3).map(|_| filter().new_tree(&mut runner).unwrap().current()).collect();
    check_views(&(Arc::new(Disk) as Arc<dyn Storage>), &dir.path().join("data"), &lanes, &filters);
}

#[test]
fn among_equals_the_earlier_row_wins_wherever_it_lies() {
    // Promise: ties are the same from every view, also where a later block holds the slowest row.
    let call = |rank: u32| Call {
        id: RowId::new(0, 0),
        name: NAMES[0],
        outcome: Outcome::Ok,
        kind: Kind::Sync,
        thread: 0,
        end_ns: i64::from(rank),
        duration_ns: u64::from(rank),
        weight: 1,
        writer: Writer::default(),
    };
    let session = |ranks: &[u32]| ranks.iter().map(|&rank| call(rank)).collect::<Vec<Call>>();
    let first = vec![session(&[1, 1]), session(&[2, 1]), session(&[0, 2, 1, 2])];
    let lanes = with_ids(vec![first, vec![session(&[2, 1, 2, 2])]]);
    check_views(&memory(), &root(), &lanes, &[Filter::default()]);
}

#[test]
fn nothing_has_no_answer() {
    // Promise: an empty database is no error, and has no mean of 0.
    check_views(&memory(), &root(), &vec![vec![vec![]]], &[Filter::default(), Filter::name("x")]);
    let none = kronicler_store::Snapshot::default();
    check_all(&none, &[], "no lane");
    check(&none, &[], &Filter::default(), "no lane");
}
