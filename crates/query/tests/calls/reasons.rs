//! Why a call was slow: the part that is named, for the cases that users meet.

use kronicler_format::Kind;
use kronicler_query::{PartKind, Why};

use crate::amounts::explained;
use crate::model::Call;
use crate::program::{awaited, call, id_of, in_order, stored, sync};

const MS: i64 = 1_000_000;

/// Calls that are as usual, many, so that medians and habits are known: `GET /` begins with `parse`
/// and waits for `query`.
fn usual() -> Vec<Call> {
    let mut calls = Vec::new();
    for index in 0..200 {
        let at = 1_000 * MS + index * 20 * MS;
        calls.push(sync("parse", at + 1_000, at + 11_000));
        calls.push(awaited("query", at + 12_000, at + 2 * MS));
        calls.push(awaited("GET /", at, at + 2 * MS + 5_000));
    }
    calls
}

fn ask(more: Vec<Call>, name: &str) -> Why {
    let mut calls = usual();
    calls.extend(more);
    let calls = in_order(calls);
    let named = calls.iter().filter(|call| call.name == name);
    let slowest = named.max_by_key(|call| call.duration_ns).expect("such a call");
    explained(&stored(&calls), slowest.id)
}

/// Kind, function, amount, usual amount and rows of the reason.
fn reason(why: &Why) -> (PartKind, &str, u64, u64, u64) {
    let part = &why.parts[why.reason];
    let name = part.name.as_ref().map_or("", |name| &*name.name);
    (part.kind, name, part.duration_ns, part.usual_ns, part.rows)
}

#[test]
fn a_callee_that_was_slow_is_named_with_the_way_to_it() {
    // Promise: of a slow sync call, the callee that took more than usual is named, and within it
    // the function that holds most of the time.
    let why = ask(
        vec![
            sync("leaf", 20 * MS, 390 * MS),
            sync("render", 10 * MS, 395 * MS),
            sync("load", 2 * MS, 398 * MS),
            sync("start", 0, 402 * MS),
        ],
        "start",
    );
    assert_eq!(reason(&why).0, PartKind::Called);
    let path: Vec<(&str, u64)> = why.parts[why.reason]
        .path
        .iter()
        .map(|step| (&*step.name.name, step.duration_ns))
        .collect();
    assert_eq!(path, [("load", 396_000_000), ("render", 385_000_000), ("leaf", 370_000_000)]);
    assert_eq!(why.parts.len(), 2);
    assert_eq!((why.parts[1].kind, why.parts[1].duration_ns), (PartKind::Own, 6_000_000));
    assert_eq!(why.tree.len(), 4);
}

#[test]
fn others_that_block_the_loop_are_named() {
    // Promise: an async call that waited although its answer was there is explained by the sync
    // call that kept the thread, and by whose that was.
    let slow = vec![
        sync("parse", 1_000, 11_000),
        awaited("query", 12_000, 402 * MS - 9_000),
        awaited("GET /", 0, 402 * MS),
        // Another request begins meanwhile, and hashes a password.
        sync("hashPassword", 4 * MS + 2_000, 392 * MS + 2_000),
        awaited("POST /login", 4 * MS, 392 * MS + 9_000),
    ];
    let mut calls = slow;
    for index in 0..50 {
        let at = 10_000 * MS + index * 700 * MS;
        calls.push(sync("hashPassword", at + 2_000, at + 388 * MS));
        calls.push(awaited("POST /login", at, at + 388 * MS + 7_000));
    }
    let why = ask(calls, "GET /");
    assert_eq!(reason(&why), (PartKind::Blocked, "hashPassword", 388_000_000, 0, 1));
    let of = why.parts[why.reason].of.as_ref().map(|of| &*of.name);
    assert_eq!(of, Some("POST /login"));
    assert_eq!(why.standing.of_all.count, 201);
    assert!(why.standing.of_all.is_slowest);
}

#[test]
fn what_was_waited_for_is_named() {
    // Promise: an async call that is slow because of one that it waited for is explained by that.
    let why = ask(
        vec![
            sync("parse", 1_000, 11_000),
            awaited("query", 12_000, 300 * MS),
            awaited("GET /", 0, 300 * MS + 5_000),
        ],
        "GET /",
    );
    let (kind, name, amount, usual, rows) = reason(&why);
    assert_eq!((kind, name, amount, rows), (PartKind::Awaited, "query", 299_988_000, 1));
    assert!(usual.abs_diff(2 * MS.unsigned_abs()) < 40_000, "{usual}");
    let parse = &why.parts.iter().find(|part| part.kind == PartKind::Called).expect("parse");
    assert_eq!((parse.duration_ns, parse.rows), (10_000, 1));
}

#[test]
fn of_calls_waited_for_at_once_the_last_to_end_counts() {
    // Promise: of two calls waited for together, time counts for the one that kept the other
    // waiting.
    let mut calls = Vec::new();
    for index in 0..20 {
        let at = index * 20 * MS;
        calls.push(awaited("cache", at + 1_000, at + MS));
        calls.push(awaited("query", at + 2_000, at + 3 * MS));
        calls.push(awaited("GET /both", at, at + 3 * MS + 500));
    }
    let calls = in_order(calls);
    let why = explained(&stored(&calls), id_of(&calls, "GET /both"));
    let parts: Vec<(&str, u64)> = why
        .parts
        .iter()
        .map(|part| (part.name.as_ref().map_or("", |name| &*name.name), part.duration_ns))
        .collect();
    assert_eq!(parts, [("query", 2_998_000), ("", 1_500), ("cache", 1_000)]);
}

#[test]
fn who_began_a_call_and_went_on_is_named() {
    // Promise: a call that could not go on because its own caller kept the thread says so, and
    // knows for certain who that was.
    let why = ask(
        vec![
            awaited("query", 5 * MS, 110 * MS),
            sync("leaf", 20 * MS, 30 * MS),
            sync("main", 0, 100 * MS),
        ],
        "query",
    );
    assert_eq!(reason(&why), (PartKind::Began, "main", 95_000_000, 0, 1));
    let callers: Vec<(&str, bool)> =
        why.callers.iter().map(|one| (&*one.name.name, one.is_certain)).collect();
    assert_eq!(callers, [("main", true)]);
}

#[test]
fn signals_explain_what_nothing_else_does() {
    // Promise: a signal of the runtime on the call's thread takes time that no captured call has,
    // and none that one has.
    let signal = |thread, start, end| Call { thread, ..call("gc", Kind::Signal, start, end) };
    let why = ask(
        vec![
            sync("leaf", 10 * MS, 40 * MS),
            signal(0, 30 * MS, 50 * MS),
            signal(0, 45 * MS, 55 * MS),
            signal(1, 60 * MS, 90 * MS),
            sync("start", 0, 100 * MS),
        ],
        "start",
    );
    let amounts: Vec<(PartKind, u64)> =
        why.parts.iter().map(|part| (part.kind, part.duration_ns)).collect();
    let expected = [
        (PartKind::Own, 55_000_000),
        (PartKind::Called, 30_000_000),
        (PartKind::Signal, 15_000_000),
    ];
    assert_eq!(amounts, expected);
}

#[test]
fn a_minute_that_was_slow_for_all_is_told_from_a_slow_call() {
    // Promise: medians of the minute and of all time are compared, for the function and the others.
    let mut calls = usual();
    for index in 0..20 {
        let at = 300_000 * MS + index * 100 * MS;
        calls.push(sync("parse", at + 1_000, at + 41_000));
        calls.push(awaited("query", at + 42_000, at + 20 * MS));
        calls.push(awaited("GET /", at, at + 20 * MS + 5_000));
    }
    let calls = in_order(calls);
    let last = calls.iter().rfind(|call| call.name == "GET /").expect("it was called");
    let standing = explained(&stored(&calls), last.id).standing;
    assert_eq!((standing.of_all.count, standing.of_minute.count), (220, 20));
    assert!(standing.of_minute.median_ns > 9 * standing.of_all.median_ns);
    assert_eq!((standing.others.function_count, standing.others.slowed_count), (2, 2));
    let first = explained(&stored(&calls), id_of(&calls, "GET /")).standing;
    assert_eq!((first.of_minute.count, first.others.slowed_count), (200, 0));
    let faster = last.duration_ns.abs_diff(20_005_000);
    assert_eq!(faster, 0);
}

#[test]
fn calls_at_once_are_counted_as_now_and_as_usual() {
    // Promise: how many calls of a function were under way when one began, and usually are.
    let mut calls = usual();
    let at = 500_000 * MS;
    for index in 0..5 {
        calls.push(awaited("GET /", at + index * MS, at + 100 * MS + index));
    }
    let calls = in_order(calls);
    let of_route = calls.iter().filter(|call| call.name == "GET /");
    let last = of_route.max_by_key(|call| call.start()).expect("it was called");
    let flight = explained(&stored(&calls), last.id).in_flight;
    assert_eq!((flight.at_start, flight.usual), (5, 1));
    assert!((4.9..=5.0).contains(&flight.mean), "{flight:?}");
}
