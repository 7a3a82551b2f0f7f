//! Amounts of a call's time, whatever the rows are.

use kronicler_format::{Kind, Outcome};
use kronicler_query::{Part, PartKind, Why, why};
use kronicler_store::{RowId, Snapshot};
use proptest::prelude::*;

use crate::model::{Call, Writer};
use crate::program::{BEGIN_NS, call, in_order, run, steps, stored, sync};
use crate::world::{every_view, memory, root};

pub fn explained(snapshot: &Snapshot, id: RowId) -> Why {
    let answer = why(snapshot, id).expect("the files can be read");
    assert!(!answer.is_partial);
    let found = answer.value.found().expect("it is there");
    assert_eq!(found.row.id, id);
    found
}

fn check_sums(found: &Why) {
    let sum: u64 = found.parts.iter().map(|part| part.duration_ns).sum();
    assert_eq!(sum, found.row.duration_ns, "{found:?}");
    assert!(found.parts.is_sorted_by_key(|part| std::cmp::Reverse(part.duration_ns)));
    assert!(found.reason < found.parts.len());
    assert!(found.in_flight.at_start >= 1 && found.in_flight.mean >= 0.99);
    for part in &found.parts {
        for step in &part.path {
            assert!(step.duration_ns <= part.duration_ns, "{part:?}");
        }
        assert!(part.path.is_sorted_by_key(|step| std::cmp::Reverse(step.duration_ns)));
    }
}

/// Calls of all kinds with any times.
fn any_calls() -> impl Strategy<Value = Vec<Call>> {
    let one = (0..4_usize, 0..Kind::ALL.len(), 0..2_u32, -50..300_i64, 0..200_i64, 1..3_u32);
    let one = one.prop_map(|(name, kind, thread, end, length, weight)| {
        let name = ["load", "parse", "GET /", "gc"][name];
        let made = call(name, Kind::ALL[kind], end - length, end);
        Call { thread, weight, ..made }
    });
    prop::collection::vec(one, 1..40)
}

proptest! {
    #[test]
    fn amounts_add_up_to_the_call(calls in any_calls(), is_in_order in any::<bool>()) {
        // Promise: the parts of a call's time make up its duration to the nanosecond, whatever ran
        // meanwhile, in whatever order rows stand, and are the same wherever the rows lie.
        let mut calls = if is_in_order { in_order(calls) } else { calls };
        calls.iter_mut().zip(0..).for_each(|(call, seq)| call.id = RowId::new(0, seq));
        let found: Vec<Why> =
            calls.iter().map(|call| explained(&stored(&calls), call.id)).collect();
        found.iter().for_each(check_sums);
        for (view, snapshot) in every_view(&memory(), &root(), &vec![vec![calls.clone()]]) {
            for (call, expected) in calls.iter().zip(&found).step_by(7) {
                prop_assert_eq!(&explained(&snapshot, call.id), expected, "{}", view);
            }
        }
    }

    #[test]
    fn a_sync_call_is_its_callees_and_its_own_time(steps in steps(1)) {
        // Promise: of a sync call it is exact how much went into each function that it called, how
        // often, and what is left is its own.
        let done = run(&steps);
        let calls: Vec<Call> = done.iter().map(|(call, _)| call.clone()).collect();
        let snapshot = stored(&calls);
        for (index, (call, path)) in done.iter().enumerate() {
            let found = explained(&snapshot, call.id);
            check_sums(&found);
            // Those that ended within it are its callees; those one deeper its direct ones.
            let within = done[..index].iter().filter(|(inner, _)| inner.start() >= call.start());
            let direct: Vec<&Call> =
                within.filter(|(_, inner)| inner.len() == path.len() + 1).map(|(c, _)| c).collect();
            for part in &found.parts {
                let (rows, sum) = match &part.name {
                    Some(name) => {
                        prop_assert_eq!(part.kind, PartKind::Called);
                        let of = direct.iter().filter(|inner| inner.name == &*name.name);
                        (of.clone().count(), of.map(|inner| inner.duration_ns).sum())
                    }
                    None => {
                        prop_assert_eq!(part.kind, PartKind::Own);
                        let sum: u64 = direct.iter().map(|inner| inner.duration_ns).sum();
                        (0, call.duration_ns - sum)
                    }
                };
                prop_assert_eq!((part.rows, part.duration_ns), (rows as u64, sum));
            }
            let names: Vec<&str> = found.callers.iter().map(|one| &*one.name.name).collect();
            let callers: Vec<&str> = path.iter().rev().skip(1).copied().collect();
            prop_assert_eq!(names, callers, "the last caller first");
            prop_assert!(found.callers.iter().all(|caller| caller.is_certain));
        }
    }

    #[test]
    fn time_that_a_thread_was_busy_is_a_union(
        pieces in prop::collection::vec((0..9_i64, 0..20_i64), 0..12),
    ) {
        // Promise: sync calls that kept the thread of an async call count once and clipped to it.
        let mut calls = vec![call("GET /", Kind::Async, 20, 100)];
        let mut at = 0;
        for (pause, length) in pieces {
            calls.push(sync("job", at + pause, at + pause + length));
            at += pause + length;
        }
        let is_busy = |at: i64| {
            let jobs = calls[1..].iter().map(|job| (job.start() - BEGIN_NS, job.end_ns - BEGIN_NS));
            jobs.into_iter().any(|(start, end)| start <= at && at < end)
        };
        let busy = (20..100).filter(|&at| is_busy(at)).count() as u64;
        let calls = in_order(calls);
        let id = crate::program::id_of(&calls, "GET /");
        let found = explained(&stored(&calls), id);
        let of = |part: &&Part| part.name.is_some();
        let sum: u64 = found.parts.iter().filter(of).map(|part| part.duration_ns).sum();
        prop_assert_eq!(sum, busy, "{:?}", found);
        check_sums(&found);
    }
}

#[test]
fn extreme_rows_are_explained() {
    // Promise: no time, however long ago or long, ends in an error or a panic.
    let wide = |kind, end_ns, duration_ns| Call {
        id: RowId::new(0, 0),
        name: "load",
        outcome: Outcome::Ok,
        kind,
        thread: 0,
        end_ns,
        duration_ns,
        weight: u32::MAX,
        writer: Writer::default(),
    };
    let ends = [i64::MIN, -1, 0, i64::MAX];
    let calls: Vec<Call> = [Kind::Sync, Kind::Async, Kind::Manual, Kind::Block]
        .into_iter()
        .flat_map(|kind| ends.map(|end| [wide(kind, end, 0), wide(kind, end, 1 << 62)]))
        .flatten()
        .collect();
    let snapshot = stored(&calls);
    for seq in 0..calls.len() as u64 {
        let answer = why(&snapshot, RowId::new(0, seq)).expect("the files can be read");
        assert!(answer.value.found().is_some_and(|found| !found.parts.is_empty()));
    }
}
