//! Which call was made within which.

use std::collections::BTreeMap;

use kronicler_query::{Filter, call_tree};
use kronicler_store::{Catalog, RowId, Snapshot};
use proptest::prelude::*;

use crate::model::Call;
use crate::program::{awaited, call, flat, in_order, run, steps, stored, sync};
use crate::world::{Process, every_view, memory, root};
use kronicler_format::Kind;

type Flat = Vec<(Vec<String>, u64, u128, u128)>;

fn whole_tree(snapshot: &Snapshot) -> Flat {
    let answer = call_tree(snapshot, &Filter::default(), |_| ()).expect("the files can be read");
    assert!(!answer.is_partial);
    flat(&answer.value)
}

/// The tree of calls whose paths are known: self time is what no call directly below has.
fn expected(calls: &[(Call, Vec<&'static str>)]) -> Flat {
    let mut nodes: BTreeMap<Vec<String>, (u64, u128, u128)> = BTreeMap::new();
    for (call, path) in calls {
        let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
        let node = nodes.entry(path).or_default();
        node.0 += 1;
        node.1 += u128::from(call.duration_ns);
    }
    let within = |path: &[String]| -> u128 {
        let below = nodes
            .iter()
            .filter(|(other, _)| other.len() == path.len() + 1 && other.starts_with(path));
        below.map(|(_, node)| node.1).sum()
    };
    let flat = nodes
        .iter()
        .map(|(path, (rows, total, _))| (path.clone(), *rows, *total, total - within(path)));
    flat.collect()
}

proptest! {
    #[test]
    fn the_tree_of_a_program_is_that_of_its_calls(steps in steps(1)) {
        // Promise: of sync calls it is exact what called what, and which time was whose own,
        // wherever the rows lie.
        let done = run(&steps);
        let expected = expected(&done);
        let calls: Vec<Call> = done.into_iter().map(|(call, _)| call).collect();
        let half = calls.len() / 2;
        let lanes = vec![vec![calls[..half].to_vec(), calls[half..].to_vec()]];
        prop_assert_eq!(&whole_tree(&stored(&calls)), &expected);
        if !calls.is_empty() {
            // Two processes had the lane one after the other: nothing nests across.
            let first = whole_tree(&stored(&calls[..half]));
            let second = whole_tree(&stored(&calls[half..]));
            let rows: u64 = first.iter().chain(&second).map(|node| node.1).sum();
            for (view, snapshot) in every_view(&memory(), &root(), &lanes) {
                if !view.contains("pending") {
                    let found = whole_tree(&snapshot);
                    prop_assert_eq!(found.iter().map(|node| node.1).sum::<u64>(), rows, "{}", view);
                    let at_top = |tree: &Flat| -> u64 {
                        tree.iter().filter(|node| node.0.len() == 1).map(|node| node.1).sum()
                    };
                    prop_assert_eq!(at_top(&found), at_top(&first) + at_top(&second), "{}", view);
                }
            }
        }
    }

    #[test]
    fn errors_of_the_clock_change_no_path(
        steps in steps(100),
        noise in prop::collection::vec((0..30_usize, -40..40_i64), 1..20),
    ) {
        // Promise: rows that were drained at different times, and so placed by different readings
        // of the system clock, nest as they did, while no call is as short as the clock is wrong.
        let done = run(&steps);
        let expected = expected(&done);
        let mut calls: Vec<Call> = done.into_iter().map(|(call, _)| call).collect();
        let mut at = 0;
        for (count, error) in noise.iter().cycle() {
            let end = calls.len().min(at + count + 1);
            for (index, call) in calls[at..end].iter_mut().enumerate() {
                // Ends and durations are rounded as well.
                call.end_ns += error + i64::from(index % 3 == 0) - i64::from(index % 5 == 0);
            }
            at = end;
            if at == calls.len() {
                break;
            }
        }
        let found = whole_tree(&stored(&calls));
        let slack = 100 * calls.len() as u128;
        prop_assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert_eq!((&found.0, found.1, found.2), (&expected.0, expected.1, expected.2));
            prop_assert!(found.3.abs_diff(expected.3) <= slack, "{:?} {:?}", found, expected);
        }
    }

    #[test]
    fn calls_that_touch_nest_as_their_intervals_say(
        steps in steps(0),
        threads in prop::collection::vec(0..3_u32, 1..9),
    ) {
        // Promise: of calls that begin or end at once, too, the caller is the next to end of those
        // that contain them, on the same thread: what looking at every pair says.
        let mut calls: Vec<Call> = run(&steps).into_iter().map(|(call, _)| call).collect();
        for (call, thread) in calls.iter_mut().zip(threads.iter().cycle()) {
            call.thread = *thread;
        }
        let caller = |index: usize| {
            let call: &Call = &calls[index];
            let later = index + 1..calls.len();
            let later = later.filter(|&later| calls[later].thread == call.thread);
            let middle = i64::midpoint(call.start(), call.end_ns);
            let mut contains = later.filter(|&later| calls[later].start() <= middle);
            contains.next()
        };
        let path = |index: usize| {
            let mut path = vec![calls[index].name];
            let mut next = caller(index);
            while let Some(index) = next {
                path.insert(0, calls[index].name);
                next = caller(index);
            }
            path
        };
        let known: Vec<_> =
            calls.iter().cloned().enumerate().map(|(index, call)| (call, path(index))).collect();
        let mut expected = expected(&known);
        expected.sort();
        prop_assert_eq!(whole_tree(&stored(&calls)), expected);
    }
}

#[test]
fn processes_and_threads_are_kept_apart() {
    // Promise: a call nests in no call of another process or thread, whatever their times.
    let storage = memory();
    let inner = [sync("leaf", 10, 20)];
    let outer = [sync("load", 0, 100)];
    for calls in [&inner[..], &outer] {
        let mut process = Process::open(&storage, &root());
        process.log(calls);
        process.close();
    }
    let mut last = Process::open(&storage, &root());
    let catalog = Catalog::new(storage, 1 << 20);
    let snapshot = Snapshot { lanes: vec![last.view(&catalog, &[])], ..Snapshot::default() };
    let paths = |snapshot: &Snapshot| -> Vec<Vec<String>> {
        whole_tree(snapshot).into_iter().map(|node| node.0).collect()
    };
    assert_eq!(paths(&snapshot), [["leaf"], ["load"]]);
    let mut calls = in_order(vec![sync("leaf", 10, 20), sync("load", 0, 100)]);
    calls[0].thread = 1;
    assert_eq!(paths(&stored(&calls)), [["leaf"], ["load"]]);
    calls[0].thread = 0;
    assert_eq!(paths(&stored(&calls)), [vec!["load"], vec!["load", "leaf"]]);
}

#[test]
fn a_clock_that_is_set_back_nests_nothing_across() {
    // Promise: after the system clock was set, calls from before lie in none of those after.
    let mut calls = vec![sync("leaf", 5_000_000, 5_000_100), sync("load", 0, 4_000_000)];
    calls.iter_mut().zip(0..).for_each(|(call, seq)| call.id = RowId::new(0, seq));
    let paths: Vec<_> = whole_tree(&stored(&calls)).into_iter().map(|node| node.0).collect();
    assert_eq!(paths, [["leaf"], ["load"]]);
}

#[test]
fn blocks_nest_unless_they_were_async() {
    // Promise: a block is a caller like a sync function, unless an async call ended meanwhile,
    // which shows that it was not on the stack; two that overlap in part share their time.
    let paths = |calls: Vec<Call>| -> Vec<Vec<String>> {
        whole_tree(&stored(&in_order(calls))).into_iter().map(|node| node.0).collect()
    };
    let block = |start, end| call("check", Kind::Block, start, end);
    let leaf = || sync("leaf", 10, 20);
    assert_eq!(paths(vec![leaf(), block(0, 100)]), [vec!["check"], vec!["check", "leaf"]]);
    let with_async =
        vec![leaf(), awaited("load", -50, 50), block(0, 100), awaited("load", -9, 200)];
    assert!(paths(with_async).contains(&vec!["leaf".to_owned()]));
    let overlapping = vec![
        call("check", Kind::Block, 10_000, 50_000),
        call("parse", Kind::Block, 30_000, 80_000),
        sync("load", 0, 100_000),
    ];
    let tree = whole_tree(&stored(&in_order(overlapping)));
    assert_eq!(tree[0], (vec!["load".to_owned()], 1, 100_000, 30_000), "{tree:?}");
}

#[test]
fn a_block_may_begin_a_little_before_its_caller() {
    // Promise: what the clock is wrong by at most does not tear a block out of its caller; a block
    // that began earlier than that was not made by it.
    let path_of_block = |begun: i64| -> Vec<String> {
        let calls = vec![sync("load", 0, 100_000), call("check", Kind::Block, begun, 50_000)];
        let tree = whole_tree(&stored(&in_order(calls)));
        let paths = tree.into_iter().map(|node| node.0);
        paths.into_iter().find(|path| path.contains(&"check".to_owned())).expect("it is there")
    };
    for begun in [0, -400, -999] {
        assert_eq!(path_of_block(begun), ["load", "check"], "{begun}");
    }
    for begun in [-1_001, -1_500, -40_000] {
        assert_eq!(path_of_block(begun), ["check"], "{begun}");
    }
}

#[test]
fn calls_that_follow_at_once_are_taken_to_be_made() {
    // Promise: however many calls are under way, one that follows within 20 us of another's
    // beginning, time and again, was made by it; one that follows later need not have been.
    let rows_below_load = |gap_ns: i64| -> u64 {
        let mut calls = Vec::new();
        for index in 0..200 {
            let at = index * 100_000;
            calls.push(awaited("load", at, at + 10_000_000));
            calls.push(sync("parse", at + gap_ns, at + gap_ns + 5_000));
        }
        let tree = whole_tree(&stored(&in_order(calls)));
        tree.iter().filter(|node| node.0 == ["load", "parse"]).map(|node| node.1).sum()
    };
    assert_eq!(rows_below_load(1_000), 200);
    assert_eq!(rows_below_load(20_000), 200);
    // Only the first has nobody beside it.
    assert!(rows_below_load(20_001) <= 1);
    assert!(rows_below_load(50_000) <= 1);
}

#[test]
fn recursion_is_told_to_a_depth() {
    // Promise: a function that calls itself ten thousand times is told, to a depth, and the rest
    // counts as the last one's own time.
    let depth = 10_000;
    let calls = (0..depth).map(|level| sync("leaf", -level - 1, level + 1)).collect();
    let answer = call_tree(&stored(&in_order(calls)), &Filter::default(), |_| ()).unwrap().value;
    assert_eq!(answer.nodes.len(), 129);
    assert_eq!(answer.folded_rows + answer.nodes.len() as u64, depth.unsigned_abs());
    assert_eq!((answer.rows, answer.total_ns), (1, 20_000));
    let own: u128 = answer.nodes.iter().map(|node| node.self_ns).sum();
    assert_eq!(own, answer.total_ns);
}
