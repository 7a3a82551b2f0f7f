//! A service with many requests under way at once, whose callers are known.

use std::collections::BTreeMap;

use kronicler_format::Kind;
use kronicler_query::{Filter, PartKind, call_tree, why};

use crate::model::Call;
use crate::program::{awaited, in_order, stored, sync};

/// What a route does: a sync function at once, an async one that it waits for, a sync one after.
struct Route {
    name: &'static str,
    first: &'static str,
    waits_for: &'static str,
    last: &'static str,
}

const ROUTES: [Route; 3] = [
    Route { name: "GET /a", first: "checkA", waits_for: "queryA", last: "renderA" },
    Route { name: "GET /b", first: "checkB", waits_for: "queryB", last: "renderB" },
    Route { name: "GET /c", first: "checkC", waits_for: "queryC", last: "renderC" },
];

/// Numbers that look random and are the same each time.
fn noise(seed: u64) -> i64 {
    let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    i64::try_from((bits ^ (bits >> 27)) >> 40).expect("24 bits")
}

/// What a thread is to do at some time.
enum Task {
    Begin(usize),
    Answer { route: usize, begun: i64, asked: i64 },
}

/// Runs requests, a new one each `every_ns` on average, on one thread; waits take about 2 ms.
fn service(request_count: u64, every_ns: i64) -> Vec<Call> {
    let mut tasks: BTreeMap<(i64, u64), Task> = BTreeMap::new();
    let mut at = 0;
    for index in 0..request_count {
        at += noise(index) % (2 * every_ns);
        let route = usize::try_from(noise(index + 1_000_000) % 3).expect("small");
        tasks.insert((at, index), Task::Begin(route));
    }
    let mut calls = Vec::new();
    let mut now = 0;
    while let Some(((due, index), task)) = tasks.pop_first() {
        // The loop takes its time between two tasks.
        now = due.max(now + 60_000);
        match task {
            Task::Begin(route) => {
                let begun = now;
                now += 500;
                let first = now;
                now += 3_000 + noise(index) % 5_000;
                calls.push(sync(ROUTES[route].first, first, now));
                now += 700;
                let asked = now;
                let wait = 1_000_000 + noise(index + 7) % 2_000_000;
                let task = Task::Answer { route, begun, asked };
                tasks.insert((now + wait, request_count + index), task);
                now += 2_000;
            }
            Task::Answer { route, begun, asked } => {
                calls.push(awaited(ROUTES[route].waits_for, asked, now));
                now += 300;
                let last = now;
                now += 4_000;
                calls.push(sync(ROUTES[route].last, last, now));
                now += 300;
                calls.push(awaited(ROUTES[route].name, begun, now));
            }
        }
    }
    in_order(calls)
}

/// The tree, and how many of its calls stand below a function that did not make them.
fn check(calls: &[Call]) -> (BTreeMap<Vec<String>, u64>, u64) {
    let tree = call_tree(&stored(calls), &Filter::default(), |_| ()).expect("it can be read").value;
    let mut wrong = 0;
    for node in &tree.nodes {
        let Some(caller) = node.caller else { continue };
        let caller = &*tree.nodes[caller].name.name;
        let makes = |route: &Route| {
            route.name == caller
                && [route.first, route.waits_for, route.last].contains(&&*node.name.name)
        };
        wrong += if ROUTES.iter().any(makes) { 0 } else { node.rows };
    }
    let paths = crate::program::flat(&tree).into_iter().map(|(path, rows, ..)| (path, rows));
    (paths.collect(), wrong)
}

#[test]
fn callees_stand_below_their_route_however_many_requests_are_under_way() {
    // Promise: no function is shown below one that did not call it; what a route calls before it
    // first waits stands below it, also with dozens of requests under way at once.
    for every_ns in [20_000_000, 1_000_000, 100_000] {
        let calls = service(4_000, every_ns);
        let (paths, wrong) = check(&calls);
        assert_eq!(wrong, 0, "{every_ns}: {paths:?}");
        for route in &ROUTES {
            let all = calls.iter().filter(|call| call.name == route.name).count() as u64;
            let rows = |callee: &str| {
                paths.get(&vec![route.name.to_owned(), callee.to_owned()]).copied().unwrap_or(0)
            };
            assert_eq!(rows(route.first), all, "{every_ns} {}", route.first);
            assert_eq!(rows(route.waits_for), all, "{every_ns} {}", route.waits_for);
            // What follows a wait is told where little else is under way.
            if every_ns >= 20_000_000 {
                assert_eq!(rows(route.last), all, "{every_ns} {}", route.last);
            }
        }
    }
}

#[test]
fn a_job_that_blocks_is_not_taken_for_a_callee() {
    // Promise: a call that was slow because of a job of others is explained by that job, and by
    // nothing that it did itself.
    let mut calls = service(2_000, 2_000_000);
    // A timer that fires now and then, between the tasks of the service.
    let query = calls.iter().filter(|call| call.name == "queryA").nth(300).expect("it is called");
    let (from, to) = (query.start() + 500_000, query.start() + 300_500_000);
    let begin = crate::program::BEGIN_NS;
    for call in &mut calls {
        let (start, end) = (call.start(), call.end_ns);
        let late = |at: i64| if at > from { at + 300_000_000 } else { at };
        (call.end_ns, call.duration_ns) = (late(end), late(end).abs_diff(late(start)));
    }
    calls.push(sync("cleanUp", from - begin, to - begin));
    let calls = in_order(calls);
    let slowest = calls.iter().filter(|call| call.name.starts_with("GET"));
    let slowest = slowest.max_by_key(|call| call.duration_ns).expect("there are calls");
    let found = why(&stored(&calls), slowest.id).expect("it can be read").value;
    let found = found.found().expect("it is there");
    let reason = &found.parts[found.reason];
    assert_eq!(reason.name.as_ref().map(|name| &*name.name), Some("cleanUp"), "{found:?}");
    assert!(matches!(reason.kind, PartKind::Busy | PartKind::Blocked), "{reason:?}");
    assert!(reason.duration_ns.abs_diff(300_000_000) < 1_000, "{reason:?}");
    assert_eq!(found.row.kind, Kind::Async);
}
