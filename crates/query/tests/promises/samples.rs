//! What comparisons are made of: how many rows functions have, and samples of their calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use kronicler_compare::Sample;
use kronicler_format::Outcome;
use kronicler_query::{Filter, FunctionSample, function_rows, samples};
use kronicler_store::{Memory, Snapshot, Storage};
use proptest::prelude::*;

use crate::model::{Call, Lanes, lanes, wants};
use crate::world::{every_view, root};

/// The wanted calls of each function, in the order of their ids.
fn by_name<'a>(all: &'a [Call], filter: &Filter) -> BTreeMap<&'a str, Vec<&'a Call>> {
    let mut by_name: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in all.iter().filter(|call| wants(filter, call)) {
        by_name.entry(call.name).or_default().push(call);
    }
    by_name
}

fn is_error(call: &Call) -> bool {
    call.outcome != Outcome::Ok
}

fn check_rows(snapshot: &Snapshot, all: &[Call], filter: &Filter) {
    let answer = function_rows(snapshot, filter).expect("the log can be read");
    assert!(!answer.is_partial);
    let found: Vec<_> = (answer.value.iter())
        .map(|one| (&*one.name.name, one.rows, one.count, one.errors))
        .collect();
    let count = |calls: &[&Call], wants: fn(&Call) -> bool| -> u64 {
        calls.iter().filter(|call| wants(call)).map(|call| u64::from(call.weight)).sum()
    };
    let expected: Vec<_> = by_name(all, filter)
        .into_iter()
        .map(|(name, calls)| {
            (name, calls.len() as u64, count(&calls, |_| true), count(&calls, is_error))
        })
        .collect();
    assert_eq!(found, expected);
}

/// Samples are the same as those that are made by hand. Ticks count from the first end there is;
/// they are nanoseconds while these fit into 32 bits, else as few times 2 of them as do.
fn check_samples(snapshot: &Snapshot, all: &[Call], shift: u32) {
    let filter = &Filter::default();
    let first = all.iter().map(|call| call.end_ns).min().unwrap_or(0);
    let answer = samples(snapshot, filter, |name| name != "getUser").expect("it can be read");
    assert!(!answer.is_partial);
    let found: Vec<String> =
        (answer.value.iter()).map(|one| format!("{} {:?}", one.name.name, one.sample)).collect();
    let expected: Vec<String> = by_name(all, filter)
        .into_iter()
        .filter(|(name, _)| *name != "getUser")
        .map(|(name, calls)| {
            let mut sample = Sample::new();
            for call in calls {
                let tick = u32::try_from(call.end_ns.abs_diff(first) >> shift).expect("it fits");
                sample.add(tick, call.duration_ns, call.weight, is_error(call));
            }
            format!("{name} {sample:?}")
        })
        .collect();
    assert_eq!(found, expected);
}

/// Samples hold as many calls as are wanted.
fn check_counts(snapshot: &Snapshot, filter: &Filter) {
    let rows = function_rows(snapshot, filter).expect("the log can be read").value;
    let samples = samples(snapshot, filter, |_| true).expect("it can be read").value;
    let of_rows = rows.iter().map(|one| (&one.name, one.rows, one.count, one.errors));
    let of_samples = samples.iter().map(|FunctionSample { name, sample }| {
        (name, sample.rows(), sample.count(), sample.errors())
    });
    assert!(of_rows.eq(of_samples));
}

/// The calls of a world, each moved to another end.
fn moved(lanes: Lanes, end_ns: impl Fn(&Call) -> i64) -> Lanes {
    let session = |calls: Vec<Call>| {
        calls.into_iter().map(|call| Call { end_ns: end_ns(&call), ..call }).collect()
    };
    lanes.into_iter().map(|lane| lane.into_iter().map(session).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn samples_hold_the_wanted_calls(made in lanes(), time in 0..1_000_000_i64) {
        // Promise: whatever the writers did with their files, a sample holds each wanted call of a
        // function with its time, duration, weight and outcome, and counts are those of a list.
        let made = moved(made, |call| call.end_ns.rem_euclid(1_000_000));
        let all: Vec<Call> = made.iter().flatten().flatten().cloned().collect();
        let storage: Arc<dyn Storage> = Arc::new(Memory::default());
        for (_, snapshot) in every_view(&storage, &root(), &made) {
            check_samples(&snapshot, &all, 0);
            for filter in [
                Filter::default(),
                Filter { outcome: Some(Outcome::Error), ..Filter::default() },
                Filter { since_ns: Some(time), min_duration_ns: 3, ..Filter::default() },
                Filter {
                    until_ns: Some(time),
                    names: vec!["get*".to_owned()],
                    ..Filter::default()
                },
            ] {
                check_rows(&snapshot, &all, &filter);
                check_counts(&snapshot, &filter);
            }
        }
    }

    #[test]
    fn long_times_are_told_by_longer_ticks(made in lanes(), hours in 2..100_000_i64) {
        // Promise: ticks are as short as 32 bits allow, so that the order of calls stays.
        const HOUR_NS: i64 = 3_600_000_000_000;
        let (end, begin) = (hours * HOUR_NS, -HOUR_NS);
        let mut made = moved(made, |call| call.end_ns.rem_euclid(end));
        // Both ends of the scale are there.
        for (call, end_ns) in made.iter_mut().flatten().flatten().zip([begin, end]) {
            call.end_ns = end_ns;
        }
        let all: Vec<Call> = made.iter().flatten().flatten().cloned().collect();
        prop_assume!(all.len() > 1);
        let span = (hours + 1) * HOUR_NS;
        let shift = 32 - span.leading_zeros();
        let storage: Arc<dyn Storage> = Arc::new(Memory::default());
        for (_, snapshot) in every_view(&storage, &root(), &made) {
            check_samples(&snapshot, &all, shift);
        }
    }
}
