//! Calls of which the program told who made them.

use std::collections::BTreeMap;

use kronicler_format::{CallContext, Detail, RowDetail};
use kronicler_query::{Filter, PartKind, Why, call_tree, why};
use kronicler_store::{Catalog, Seal, Snapshot};
use proptest::prelude::*;

use crate::model::Call;
use crate::program::{NAMES, awaited, flat, id_of, in_order, sync};
use crate::world::{Process, memory, root};

/// A call, and who made it: the place of an earlier one.
type Made = (Call, Option<usize>);

/// The number of the call at a place.
fn number(place: usize) -> u64 {
    place as u64 + 1
}

fn context(made: &[Made], place: usize) -> CallContext {
    let mut first = place;
    while let Some(by) = made[first].1 {
        first = by;
    }
    let parent = made[place].1.map_or(0, number);
    CallContext { call: number(place), parent, request: number(first) }
}

/// A database with these calls in it, in its log or sealed.
fn stored(made: &[Made], is_sealed: bool) -> Snapshot {
    let mut rows: Vec<(Call, CallContext)> =
        (0..).zip(made).map(|(place, (call, _))| (call.clone(), context(made, place))).collect();
    rows.sort_by_key(|(call, _)| (call.end_ns, std::cmp::Reverse(call.start())));
    let details = (0..).zip(&rows).map(|(seq, (_, context))| {
        let mut bytes = Vec::new();
        Detail { context: Some(*context), ..Detail::default() }.encode(&mut bytes);
        RowDetail { seq, bytes: bytes.into() }
    });
    let details: Vec<RowDetail> = details.collect();
    let storage = memory();
    let mut process = Process::open(&storage, &root());
    process.log(&in_order(rows.into_iter().map(|(call, _)| call).collect()));
    if !details.is_empty() {
        process.writer.append_details(&details).expect("details can be appended");
        process.writer.absorb_into(&mut process.state, &[]);
    }
    if is_sealed {
        process.seal(Seal::All);
    }
    let catalog = Catalog::new(storage, 1 << 20);
    Snapshot { lanes: vec![process.view(&catalog, &[])], ..Snapshot::default() }
}

/// Async calls that overlap as they like, each within the one that made it.
fn programs() -> impl Strategy<Value = Vec<Made>> {
    let step = (any::<prop::sample::Index>(), 0..NAMES.len(), 0..1_000_i64, 0..1_000_i64);
    prop::collection::vec(step, 1..40).prop_map(|steps| {
        let mut made: Vec<Made> = Vec::new();
        for (by, name, from, to) in steps {
            // One call in three has nobody who made it.
            let by = by.index(made.len() + made.len() / 2 + 1);
            let Some((outer, _)) = made.get(by) else {
                let start_ns = from * 10;
                made.push((awaited(NAMES[name], start_ns, start_ns + 5_000 + to), None));
                continue;
            };
            let length_ns = outer.duration_ns.cast_signed();
            let begin_ns = outer.start() - crate::program::BEGIN_NS;
            // Apart from both ends by more than a start is rounded.
            let (first_ns, last_ns) = (begin_ns + 3, begin_ns + length_ns - 3);
            if last_ns - first_ns > 10 {
                let start_ns = first_ns + from % (last_ns - first_ns);
                let end_ns = start_ns + 1 + to % (last_ns - start_ns);
                made.push((awaited(NAMES[name], start_ns, end_ns), Some(by)));
            }
        }
        made
    })
}

/// Calls and their time by path.
fn expected(made: &[Made]) -> Vec<(Vec<String>, u64, u128)> {
    let mut nodes: BTreeMap<Vec<String>, (u64, u128)> = BTreeMap::new();
    for (place, (call, _)) in made.iter().enumerate() {
        let mut path = Vec::new();
        let mut at = Some(place);
        while let Some(place) = at {
            path.insert(0, made[place].0.name.to_owned());
            at = made[place].1;
        }
        let node = nodes.entry(path).or_default();
        node.0 += 1;
        node.1 += u128::from(call.duration_ns);
    }
    nodes.into_iter().map(|(path, (rows, total))| (path, rows, total)).collect()
}

proptest! {
    #[test]
    fn the_tree_of_calls_that_know_who_made_them_is_exact(made in programs()) {
        // Promise: who was told to have made a call has made it, however many others were under
        // way, in the log and in segments.
        for is_sealed in [false, true] {
            let snapshot = stored(&made, is_sealed);
            let answer = call_tree(&snapshot, &Filter::default(), |_| ()).unwrap();
            prop_assert!(!answer.is_partial);
            let nodes = flat(&answer.value).into_iter();
            let found: Vec<_> = nodes.map(|(path, rows, total, _)| (path, rows, total)).collect();
            prop_assert_eq!(found, expected(&made));
        }
    }
}

fn why_of(snapshot: &Snapshot, calls: &[Call], name: &str) -> Why {
    let answer = why(snapshot, id_of(calls, name)).expect("the files can be read");
    answer.value.found().expect("an answer")
}

#[test]
fn who_blocked_a_call_and_who_made_it_is_told() {
    // Promise: of two requests at once it is known whose calls are whose: what blocked one is told
    // as another's, and who made a call is certain, although times would fit both.
    let made: Vec<Made> = vec![
        (awaited("load", 0, 1_000_000), None),
        (awaited("render", 10_000, 1_100_000), None),
        (awaited("check", 20_000, 900_000), Some(0)),
        (sync("leaf", 100_000, 700_000), Some(1)),
        (sync("parse", 750_000, 800_000), Some(2)),
    ];
    let calls = in_order(made.iter().map(|(call, _)| call.clone()).collect());
    for is_sealed in [false, true] {
        let snapshot = stored(&made, is_sealed);
        let check = why_of(&snapshot, &calls, "check");
        let callers: Vec<_> =
            check.callers.iter().map(|by| (&*by.name.name, by.is_certain)).collect();
        assert_eq!(callers, [("load", true)]);
        let blocked = &check.parts[0];
        assert_eq!((blocked.kind, blocked.duration_ns), (PartKind::Blocked, 600_000));
        assert_eq!(blocked.of.as_ref().map(|of| &*of.name), Some("render"));
        let load = why_of(&snapshot, &calls, "load");
        let parts: Vec<_> = load
            .parts
            .iter()
            .map(|part| (part.kind, part.name.as_ref().map(|name| &*name.name)))
            .collect();
        assert!(parts.contains(&(PartKind::Blocked, Some("leaf"))), "{parts:?}");
        assert!(parts.contains(&(PartKind::Awaited, Some("check"))), "{parts:?}");
    }
}

#[test]
fn a_call_whose_caller_has_ended_is_its_requests() {
    // Promise: what goes on after the call that began it stands below the request, if that is still
    // under way, and at the top else.
    let made: Vec<Made> = vec![
        (awaited("load", 0, 1_000_000), None),
        (awaited("render", 1_000, 999_000), None),
        (awaited("check", 10_000, 20_000), Some(0)),
        (awaited("leaf", 15_000, 500_000), Some(2)),
        (awaited("parse", 16_000, 1_500_000), Some(2)),
    ];
    let answer = call_tree(&stored(&made, false), &Filter::default(), |_| ()).unwrap();
    let paths: Vec<String> =
        flat(&answer.value).into_iter().map(|(path, ..)| path.join(" > ")).collect();
    assert_eq!(paths, ["load", "load > check", "load > leaf", "parse", "render"]);
}
