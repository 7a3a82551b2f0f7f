//! How far answers about one call reach: over chunks, segments, processes, what expired and what
//! is damaged.

use std::sync::Arc;

use kronicler_query::{Fetched, Filter, PartKind, call_tree, why};
use kronicler_store::{Catalog, RowId, Seal, Snapshot};

use crate::amounts::explained;
use crate::model::Call;
use crate::program::{awaited, id_of, in_order, stored, sync};
use crate::world::{Process, memory, root};

const MS: i64 = 1_000_000;

/// A long async call over many short ones, and a job that blocks: each part sealed for itself.
fn long_call() -> Vec<Call> {
    let mut calls = vec![awaited("job", MS, 9_000 * MS), sync("cleanUp", 5_000 * MS, 5_400 * MS)];
    for index in 0..600 {
        let at = index * 16 * MS;
        if !(4_990 * MS..5_410 * MS).contains(&at) {
            calls.push(sync("parse", at, at + 10_000));
            calls.push(awaited("GET /", at - 1_000, at + 3 * MS));
        }
    }
    in_order(calls)
}

/// The calls in segments of so many rows.
fn in_segments(calls: &[Call], row_count: usize) -> (Process, Arc<Catalog>) {
    let storage = memory();
    let mut process = Process::open(&storage, &root());
    for part in calls.chunks(row_count) {
        process.log(part);
        process.seal(Seal::All);
    }
    (process, Catalog::new(storage, 1 << 20))
}

fn seen((process, catalog): &mut (Process, Arc<Catalog>)) -> Snapshot {
    Snapshot { lanes: vec![process.view(catalog, &[])], ..Snapshot::default() }
}

#[test]
fn what_ends_long_after_is_found() {
    // Promise: a call that was under way long before and long after is seen, whether its segment's
    // footer knows it as one of the slowest or its rows must be read.
    let calls = long_call();
    for row_count in [7, 100, 500] {
        let snapshot = seen(&mut in_segments(&calls, row_count));
        let whole = stored(&calls);
        let id = id_of(&calls, "cleanUp");
        let found = explained(&snapshot, id);
        assert_eq!(found, explained(&whole, id), "{row_count}");
        let job = id_of(&calls, "job");
        let found = explained(&snapshot, job);
        assert_eq!(found, explained(&whole, job), "{row_count}");
        let cleaning = found.parts.iter().find(|part| part.duration_ns == 400_000_000);
        assert!(cleaning.is_some_and(|part| part.rows == 1), "{found:?}");
        let first = calls.iter().find(|call| call.name == "GET /" && call.start() > 0);
        let found = explained(&snapshot, first.expect("it was called").id);
        assert_eq!(found.in_flight.at_start, 1);
        let trees = [&snapshot, &whole].map(|snapshot| {
            call_tree(snapshot, &Filter::default(), |_| ()).expect("the files can be read").value
        });
        assert_eq!(trees[0], trees[1], "{row_count}");
    }
}

#[test]
fn many_long_calls_are_all_seen() {
    // Promise: more calls under way at once than a footer remembers are all counted.
    let mut calls: Vec<Call> =
        (0..100).map(|index| awaited("job", index, 1_000 * MS + index)).collect();
    calls.push(awaited("job", 500 * MS, 501 * MS));
    let calls = in_order(calls);
    let short = calls[0].id;
    for row_count in [1, 50, 101] {
        let snapshot = seen(&mut in_segments(&calls, row_count));
        assert_eq!(explained(&snapshot, short).in_flight.at_start, 101, "{row_count}");
    }
}

#[test]
fn calls_of_an_earlier_process_do_not_count() {
    // Promise: only rows of the call's own process are looked at, also when the lane and the
    // threads have the same numbers and times overlap, and wherever its rows are.
    let storage = memory();
    for calls in [
        vec![sync("parse", 10 * MS, 20 * MS)],
        vec![sync("load", 0, 100 * MS)],
        vec![sync("start", -MS, 200 * MS)],
    ] {
        let mut process = Process::open(&storage, &root());
        process.log(&calls);
        process.seal(Seal::All);
        while process.merge() {}
        process.close();
    }
    let mut last = Process::open(&storage, &root());
    let catalog = Catalog::new(storage, 1 << 20);
    let snapshot = Snapshot { lanes: vec![last.view(&catalog, &[])], ..Snapshot::default() };
    let found = explained(&snapshot, RowId::new(0, 1));
    assert_eq!(found.parts.len(), 1, "{found:?}");
    assert_eq!(found.parts[0].kind, PartKind::Own);
    assert!(found.callers.is_empty());
}

#[test]
fn rows_that_are_gone_are_told() {
    // Promise: a call that has expired is told as such; of one whose callees may have expired, that
    // is said.
    let mut calls = long_call();
    calls.retain(|call| call.name != "job");
    calls.push(awaited("job", MS, 9_000 * MS));
    let calls = in_order(calls);
    let mut lane = in_segments(&calls, 200);
    lane.0.expire(2, 0);
    let snapshot = seen(&mut lane);
    assert_eq!(why(&snapshot, RowId::new(0, 0)).unwrap().value, Fetched::Expired);
    assert!(explained(&snapshot, id_of(&calls, "job")).is_cut);
    let last = calls.last().expect("there are calls");
    assert!(!explained(&snapshot, last.id).is_cut);
    for id in [RowId::new(0, 1 << 40), RowId::new(7, 0), RowId::from_number(u64::MAX)] {
        assert_eq!(why(&snapshot, id).unwrap().value, Fetched::Unknown);
    }
}
