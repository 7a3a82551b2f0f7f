//! Compares every answer with the model's.

use std::collections::BTreeMap;

use kronicler_format::Outcome;
use kronicler_query::{
    Fetched, Filter, FunctionStats, RowBatch, RowStream, exact_percentiles,
    exact_percentiles_by_function, fetch, function_names, moments, newest, percentiles, slowest,
    stats,
};
use kronicler_store::{RowId, Snapshot};

use crate::model::{Call, NAMES, call_of, durations, quantile, source_of, wants};

const PERMILLES: [u64; 8] = [0, 10, 250, 500, 750, 900, 990, 1_000];

fn qs() -> Vec<f64> {
    PERMILLES.iter().map(|&permille| permille as f64 / 1_000.0).collect()
}

fn calls_of(batch: &RowBatch) -> Vec<Call> {
    assert_eq!(batch.iter().count(), batch.len(), "every row can be named");
    batch.iter().map(|row| call_of(&row)).collect()
}

/// Every answer about what `filter` wants, complete and equal to the model's.
pub fn check(snapshot: &Snapshot, all: &[Call], filter: &Filter, view: &str) {
    let wanted: Vec<Call> = all.iter().filter(|call| wants(filter, call)).cloned().collect();
    check_stats(snapshot, &wanted, filter, view);
    check_percentiles(snapshot, &wanted, filter, view);
    check_ranked(snapshot, &wanted, filter, view);
    check_stream(snapshot, &wanted, filter, view);
}

fn check_stats(snapshot: &Snapshot, wanted: &[Call], filter: &Filter, view: &str) {
    let mut by_name: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    wanted.iter().for_each(|call| by_name.entry(call.name).or_default().push(call));
    let answer = stats(snapshot, filter).expect("the log can be read");
    assert!(!answer.is_partial, "{view}");
    let names: Vec<&str> = answer.value.iter().map(|function| &*function.name.name).collect();
    assert_eq!(names, by_name.keys().copied().collect::<Vec<_>>(), "{view}");
    for function in &answer.value {
        check_function(function, &by_name[&*function.name.name], view);
    }
    let exact = exact_percentiles_by_function(snapshot, filter, &qs()).expect("it can be read");
    assert!(!exact.is_partial, "{view}");
    let exact = exact.value.expect("the quantiles are from 0 to 1");
    assert_eq!(exact.len(), by_name.len(), "{view}");
    for (function, (name, calls)) in exact.iter().zip(&by_name) {
        let durations = durations(calls.iter().copied());
        let values = PERMILLES.map(|permille| quantile(&durations, permille).expect("not empty"));
        assert_eq!(*function.name.name, **name, "{view}");
        assert_eq!(function.count, durations.len() as u64, "{view}");
        assert_eq!(function.values_ns, values, "{view}");
    }
}

fn check_function(function: &FunctionStats, calls: &[&Call], view: &str) {
    let durations = durations(calls.iter().copied());
    let sum: u128 = durations.iter().map(|&duration| u128::from(duration)).sum();
    let failed = calls.iter().filter(|call| call.outcome != Outcome::Ok);
    let errors: u64 = failed.map(|call| u64::from(call.weight)).sum();
    let longest = durations.iter().max().copied();
    let slowest = calls.iter().filter(|call| Some(call.duration_ns) == longest);
    assert_eq!(*function.name.source, *source_of(&function.name.name), "{view}");
    assert_eq!(function.rows, calls.len() as u64, "{view}");
    assert_eq!(function.moments.count(), durations.len() as u64, "{view}");
    assert_eq!(function.moments.sum(), sum, "{view}");
    assert_eq!(function.moments.mean(), Some(sum as f64 / durations.len() as f64), "{view}");
    assert_eq!(function.moments.min(), durations.iter().min().copied(), "{view}");
    assert_eq!(function.moments.max(), longest, "{view}");
    assert_eq!(function.errors, errors, "{view}");
    assert_eq!(function.slowest, slowest.map(|call| call.id).min(), "{view}");
    for permille in PERMILLES {
        let found = function.quantile(permille as f64 / 1_000.0).expect("there are calls");
        let exact = quantile(&durations, permille).expect("there are calls");
        assert!(found.abs_diff(exact) <= exact / 100, "{view}: {found} instead of {exact}");
    }
}

fn check_percentiles(snapshot: &Snapshot, wanted: &[Call], filter: &Filter, view: &str) {
    let durations = durations(wanted);
    let expected: Option<Vec<u64>> =
        PERMILLES.iter().map(|&permille| quantile(&durations, permille)).collect();
    let exact = exact_percentiles(snapshot, filter, &qs()).expect("the log can be read");
    assert_eq!((&exact.value, exact.is_partial), (&expected, false), "{view}");
    let close = percentiles(snapshot, filter, &qs()).expect("the log can be read");
    assert_eq!((close.value.is_some(), close.is_partial), (expected.is_some(), false), "{view}");
    let pairs = close.value.into_iter().flatten().zip(expected.into_iter().flatten());
    for (found, exact) in pairs {
        assert!(found.abs_diff(exact) <= exact / 100, "{view}: {found} instead of {exact}");
    }
    for bad in [-0.1, 1.1, f64::NAN] {
        assert_eq!(exact_percentiles(snapshot, filter, &[bad]).expect("no error").value, None);
        assert_eq!(percentiles(snapshot, filter, &[bad]).expect("no error").value, None);
    }
}

fn check_ranked(snapshot: &Snapshot, wanted: &[Call], filter: &Filter, view: &str) {
    let mut by_duration = wanted.to_vec();
    by_duration.sort_by_key(|call| (std::cmp::Reverse(call.duration_ns), call.id));
    let mut by_end = wanted.to_vec();
    by_end.sort_by_key(|call| (std::cmp::Reverse(call.end_ns), call.id));
    for limit in [0, 1, 2, 3, 5, 10, usize::MAX] {
        let count = limit.min(wanted.len());
        let found = slowest(snapshot, filter, limit).expect("the log can be read");
        assert_eq!(calls_of(&found.value), by_duration[..count], "{view}: slowest {limit}");
        assert!(!found.is_partial, "{view}");
        let found = newest(snapshot, filter, limit).expect("the log can be read");
        assert_eq!(calls_of(&found.value), by_end[..count], "{view}: newest {limit}");
        assert!(!found.is_partial, "{view}");
    }
}

fn check_stream(snapshot: &Snapshot, wanted: &[Call], filter: &Filter, view: &str) {
    for count in [0, 1, 7, 100, usize::MAX] {
        let mut stream = RowStream::new(snapshot.clone(), filter.clone());
        let mut streamed = Vec::new();
        while let Some(batch) = stream.next_batch(count).expect("the log can be read") {
            assert!(!batch.is_empty(), "{view}: a batch has rows");
            streamed.extend(calls_of(&batch));
        }
        assert!(stream.next_batch(count).expect("still at the end").is_none());
        assert_eq!(streamed, wanted, "{view}: batches of {count}");
        assert!(!stream.is_partial(), "{view}");
    }
}

/// Every answer that needs no filter.
pub fn check_all(snapshot: &Snapshot, all: &[Call], view: &str) {
    // All of a small model; of a large one a sample, since a fetch reads its block.
    for call in all.iter().step_by(1 + all.len() / 50) {
        let found = fetch(snapshot, call.id).expect("the log can be read").value.found();
        assert_eq!(found.map(|row| call_of(&row)).as_ref(), Some(call), "{view}");
    }
    let behind = snapshot.lanes.iter().map(|lane| RowId::new(lane.lane(), lane.end_seq()));
    let far = [u64::MAX, u64::MAX - 1, 1 << 53, (1 << 53) - 1, RowId::new(1_023, 0).number()];
    for id in behind.chain(far.map(RowId::from_number)) {
        let found = fetch(snapshot, id).expect("the log can be read").value;
        assert_eq!(found, Fetched::Unknown, "{view}: {id:?}");
    }
    let mut names: Vec<&str> = all.iter().map(|call| call.name).collect();
    names.sort_unstable();
    names.dedup();
    let found = function_names(snapshot).expect("the log can be read").value;
    assert_eq!(found.iter().map(|name| &*name.name).collect::<Vec<_>>(), names, "{view}");
    for name in NAMES.into_iter().chain(["nothing", "*"]) {
        let durations = durations(all.iter().filter(|call| call.name == name));
        let found = moments(snapshot, name).expect("the log can be read");
        assert_eq!((found.is_partial, found.is_stale), (false, false), "{view}: {name}");
        assert_eq!(found.value, durations.into_iter().collect(), "{view}: {name}");
    }
}
