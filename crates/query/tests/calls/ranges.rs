//! What a filter chooses of a call tree.

use kronicler_format::{Kind, Outcome};
use kronicler_query::{CallTree, Filter, call_tree};
use kronicler_store::Snapshot;

use crate::model::Call;
use crate::program::{BEGIN_NS, call, flat, in_order, stored, sync};
use crate::world::{every_view, memory, root};

fn ask(snapshot: &Snapshot, filter: &Filter) -> CallTree {
    let answer = call_tree(snapshot, filter, |_| ()).expect("the files can be read");
    assert!(!answer.is_partial);
    answer.value
}

/// Paths with the calls on each.
fn paths(tree: &CallTree) -> Vec<(String, u64)> {
    flat(tree).into_iter().map(|(path, rows, ..)| (path.join(" "), rows)).collect()
}

#[track_caller]
fn same(found: &[(String, u64)], expected: &[(&str, u64)]) {
    let found: Vec<(&str, u64)> = found.iter().map(|(path, rows)| (&**path, *rows)).collect();
    assert_eq!(found, expected);
}

/// Two calls of `load`, one from 0 to 100 and one from 200 to 300, each with two of `parse` in it,
/// the first of which calls `leaf`.
fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    for begin in [0, 200] {
        calls.extend([
            sync("leaf", begin + 12, begin + 18),
            sync("parse", begin + 10, begin + 20),
            sync("parse", begin + 60, begin + 90),
            sync("load", begin, begin + 100),
        ]);
    }
    calls[7].outcome = Outcome::Error;
    in_order(calls)
}

#[test]
fn a_call_at_the_top_brings_what_it_called() {
    // Promise: time, duration and outcome choose the calls at the top; what these called comes
    // along, also what ended before the range, and nothing of a call that ends after it. In every
    // view.
    let all = calls();
    let time = |since: Option<i64>, until: Option<i64>| Filter {
        since_ns: since.map(|since| BEGIN_NS + since),
        until_ns: until.map(|until| BEGIN_NS + until),
        ..Filter::default()
    };
    let one = [("load", 1), ("load parse", 2), ("load parse leaf", 1)];
    let both = [("load", 2), ("load parse", 4), ("load parse leaf", 2)];
    for (view, snapshot) in every_view(&memory(), &root(), &vec![vec![all.clone()]]) {
        if view.contains("half") {
            continue;
        }
        let found = |filter: &Filter| paths(&ask(&snapshot, filter));
        same(&found(&Filter::default()), &both);
        same(&found(&time(Some(100), Some(101))), &one);
        same(&found(&time(Some(250), None)), &one);
        same(&found(&time(Some(101), Some(300))), &[]);
        same(&found(&time(None, Some(300))), &one);
        same(&found(&Filter { min_duration_ns: 50, ..Filter::default() }), &both);
        same(&found(&Filter { outcome: Some(Outcome::Error), ..Filter::default() }), &one);
    }
}

#[test]
fn a_name_puts_its_calls_at_the_top() {
    // Promise: calls of the functions asked for stand at the top, wherever they were made, with all
    // that they called; one within another counts below that one.
    let snapshot = stored(&calls());
    let parse = ask(&snapshot, &Filter::name("parse"));
    same(&paths(&parse), &[("parse", 4), ("parse leaf", 2)]);
    assert_eq!((parse.rows, parse.total_ns), (4, 80));
    let pattern = Filter { names: vec!["l*".to_owned()], ..Filter::default() };
    let both = ask(&snapshot, &pattern);
    same(&paths(&both), &[("load", 2), ("load parse", 4), ("load parse leaf", 2)]);
    same(&paths(&ask(&snapshot, &Filter::name("leaf"))), &[("leaf", 2)]);
}

#[test]
fn rows_that_stand_for_several_calls_are_told() {
    // Promise: a tree says of which functions not every call has a row.
    let mut all = calls();
    all.iter_mut().filter(|call| call.name == "leaf").for_each(|call| call.weight = 100);
    let tree = ask(&stored(&all), &Filter::default());
    let sampled: Vec<(&str, u32)> =
        tree.sampled.iter().map(|(name, weight)| (&*name.name, *weight)).collect();
    assert_eq!(sampled, [("leaf", 100)]);
    assert_eq!(tree.nodes.last().map(|node| node.rows), Some(2), "rows are counted, not calls");
}

#[test]
fn rows_that_are_no_calls_stand_in_no_tree() {
    // Promise: times given by hand and signals of the runtime are not taken for calls.
    let mut all = calls();
    all.push(call("check", Kind::Manual, 2, 30));
    all.push(call("gc", Kind::Signal, 2, 5));
    let snapshot = stored(&in_order(all));
    let both = [("load", 2), ("load parse", 4), ("load parse leaf", 2)];
    same(&paths(&ask(&snapshot, &Filter::default())), &both);
}
