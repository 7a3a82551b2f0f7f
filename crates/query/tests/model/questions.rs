//! Questions, each answered by the library and by looking at all rows.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kronicler_format::Outcome;
use kronicler_query::{
    Answer, Fetched, Filter, RowBatch, RowStream, exact_percentiles, exact_percentiles_by_function,
    fetch, function_names, moments, newest, percentiles, slowest, stats,
};
use kronicler_stats::Moments;
use kronicler_store::{RowId, Snapshot, StoreError};

use crate::grouping::check_groups;
use crate::model::{Call, NAMES, call_of, quantile, wants};
use crate::pictures::check_pictures;
use crate::rng::Rng;

const PERMILLES: [u64; 4] = [0, 500, 990, 1_000];
const QS: [f64; 4] = [0.0, 0.5, 0.99, 1.0];

/// Asks a random question. Returns `false` when a new snapshot is needed to answer it; then the
/// answer must say so.
pub fn ask_one(rng: &mut Rng, snapshot: &Snapshot, all: &[Call], expired: &[Call]) -> bool {
    let filter = filter(rng, all);
    let wanted: Vec<&Call> = all.iter().filter(|call| wants(&filter, call)).collect();
    let past = expired.iter().filter(|call| wants_past(&filter, call));
    let counted: Vec<&Call> = wanted.iter().copied().chain(past).collect();
    let limit = [0, 1, 3, 20, 32, 33, usize::MAX][rng.below(7)];
    match rng.below(15) {
        12..15 => check_pictures(rng, snapshot, &filter, all, expired),
        10 | 11 => check_groups(rng, snapshot, &filter, all, expired),
        0 | 1 => same(stats(snapshot, &filter), |functions| check_stats(&functions, &counted)),
        2 => same(percentiles(snapshot, &filter, &QS), |found| check_close(found, &counted)),
        3 => same(exact_percentiles(snapshot, &filter, &QS), |found| {
            assert_eq!(found, exact(&wanted));
        }),
        4 => same(exact_percentiles_by_function(snapshot, &filter, &QS), |found| {
            let by_name = by_name(&wanted).into_iter();
            let expected = by_name.map(|(name, calls)| (name.to_owned(), exact(&calls)));
            let found = found.expect("the quantiles are good").into_iter();
            let found = found.map(|one| (one.name.name.to_string(), Some(one.values_ns)));
            assert!(found.eq(expected));
        }),
        5 => same(slowest(snapshot, &filter, limit), |found| {
            let key = |call: &Call| (Reverse(call.duration_ns), call.id);
            check_top(&found, &wanted, limit, key);
        }),
        6 => same(newest(snapshot, &filter, limit), |found| {
            check_top(&found, &wanted, limit, |call| (Reverse(call.end_ns), call.id));
        }),
        7 => check_stream(rng, snapshot, &filter, &wanted),
        8 => check_fetch(rng, snapshot, all),
        _ => check_functions(rng, snapshot, all),
    }
}

/// Checks an answer that lacks nothing; what a snapshot that is not out of date lacks is an error.
pub fn same<T>(answer: Result<Answer<T>, StoreError>, check: impl FnOnce(T)) -> bool {
    let answer = answer.expect("the files can be read");
    assert_eq!(answer.is_partial, answer.is_stale, "nothing is damaged");
    if !answer.is_stale {
        check(answer.value);
    }
    !answer.is_stale
}

/// Whether an expired row counts: in whole hours, and only where a time is asked for.
pub fn wants_past(filter: &Filter, call: &Call) -> bool {
    const HOUR_NS: i64 = 3_600_000_000_000;
    let hour_ns = call.end_ns.div_euclid(HOUR_NS) * HOUR_NS;
    is_of_past(filter, call)
        && filter.since_ns.is_some_and(|since| hour_ns + HOUR_NS > since)
        && filter.until_ns.is_none_or(|until| hour_ns < until)
}

/// Whether an expired row is wanted, whenever it ended, as far as is still known.
pub fn is_of_past(filter: &Filter, call: &Call) -> bool {
    let times = Filter { since_ns: None, until_ns: None, ..filter.clone() };
    filter.min_duration_ns == 0
        && filter.max_duration_ns.is_none()
        && filter.instance.is_none()
        && filter.lane.is_none()
        && filter.thread.is_none()
        && wants(&times, call)
}

fn by_name<'a>(calls: &[&'a Call]) -> BTreeMap<&'a str, Vec<&'a Call>> {
    let mut by_name: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    calls.iter().for_each(|call| by_name.entry(call.name).or_default().push(call));
    by_name
}

fn durations(calls: &[&Call]) -> Vec<u64> {
    calls.iter().map(|call| call.duration_ns).collect()
}

fn exact(calls: &[&Call]) -> Option<Vec<u64>> {
    let durations = durations(calls);
    PERMILLES.iter().map(|&permille| quantile(&durations, permille)).collect()
}

pub fn check_stats(functions: &[kronicler_query::FunctionStats], wanted: &[&Call]) {
    let by_name = by_name(wanted);
    let names = functions.iter().map(|function| &*function.name.name);
    assert!(names.eq(by_name.keys().copied()), "the same functions have rows");
    for (function, calls) in functions.iter().zip(by_name.values()) {
        let durations = durations(calls);
        let longest = durations.iter().copied().max();
        let slowest = calls.iter().filter(|call| Some(call.duration_ns) == longest);
        let errors = calls.iter().filter(|call| call.outcome != Outcome::Ok).count();
        assert_eq!(function.moments, durations.iter().copied().collect::<Moments>());
        assert_eq!(function.errors, errors as u64);
        // Of expired rows only some of the slowest are remembered.
        let slowest: Vec<RowId> = slowest.map(|call| call.id).collect();
        match function.slowest {
            Some(id) if function.expired > 0 => assert!(slowest.contains(&id)),
            None if function.expired > 0 => {}
            found => assert_eq!(found, slowest.into_iter().min()),
        }
        check_close(QS.iter().map(|&q| function.quantile(q)).collect(), calls);
    }
}

fn check_close(found: Option<Vec<u64>>, calls: &[&Call]) {
    let exact = exact(calls);
    assert_eq!(found.is_some(), exact.is_some());
    for (found, exact) in found.into_iter().flatten().zip(exact.into_iter().flatten()) {
        assert!(found.abs_diff(exact) <= exact / 100, "{found} instead of {exact}");
    }
}

fn calls_of(batch: &RowBatch) -> Vec<Call> {
    batch.iter().map(|row| call_of(&row)).collect()
}

fn check_top<K: Ord>(found: &RowBatch, wanted: &[&Call], limit: usize, key: impl Fn(&Call) -> K) {
    let mut sorted = wanted.to_vec();
    sorted.sort_by_key(|call| key(call));
    sorted.truncate(limit);
    assert!(calls_of(found).iter().eq(sorted), "the same rows in the same order");
}

fn check_stream(rng: &mut Rng, snapshot: &Snapshot, filter: &Filter, wanted: &[&Call]) -> bool {
    let passed = Arc::new(AtomicU64::new(0));
    let stream = RowStream::new(snapshot.clone(), filter.clone());
    let mut stream = stream.with_counter(Arc::clone(&passed));
    let count = [1, 10, usize::MAX][rng.below(3)];
    let mut found = Vec::new();
    while let Some(batch) = stream.next_batch(count).expect("the files can be read") {
        found.extend(calls_of(&batch));
    }
    let sequences = snapshot.lanes.iter().map(|lane| lane.end_seq() - lane.state.floor_seq);
    assert_eq!(passed.load(Ordering::Relaxed), sequences.sum::<u64>(), "all rows are passed");
    if !stream.is_partial() {
        assert!(found.iter().eq(wanted.iter().copied()), "the same rows in the same order");
    }
    !stream.is_partial()
}

fn check_fetch(rng: &mut Rng, snapshot: &Snapshot, all: &[Call]) -> bool {
    let behind = snapshot.lanes.iter().map(|lane| RowId::new(lane.lane(), lane.end_seq()));
    for id in behind {
        let found = fetch(snapshot, id).expect("the files can be read");
        assert_eq!((found.value, found.is_partial), (Fetched::Unknown, false));
    }
    if all.is_empty() {
        return true;
    }
    (0..3).all(|_| {
        let call = rng.pick(all);
        same(fetch(snapshot, call.id), |found| {
            assert_eq!(found.found().map(|row| call_of(&row)).as_ref(), Some(call));
        })
    })
}

fn check_functions(rng: &mut Rng, snapshot: &Snapshot, all: &[Call]) -> bool {
    let name = *rng.pick(&NAMES);
    let is_same = same(function_names(snapshot), |found| {
        let expected = by_name(&all.iter().collect::<Vec<_>>());
        assert!(found.iter().map(|name| &*name.name).eq(expected.keys().copied()));
    });
    is_same
        && same(moments(snapshot, name), |found| {
            let of_name = all.iter().filter(|call| call.name == name);
            assert_eq!(found, of_name.map(|call| call.duration_ns).collect::<Moments>());
        })
}

/// A filter whose limits are often those of a row.
fn filter(rng: &mut Rng, all: &[Call]) -> Filter {
    let mut filter = Filter::default();
    if rng.one_in(3) {
        filter.names =
            vec![(*rng.pick(&["getOrders", "get*", "*7", "", "?🦀", "none"])).to_owned()];
    }
    if rng.one_in(6) {
        filter.outcome = Some(*rng.pick(&Outcome::ALL));
    }
    if !all.is_empty() && rng.one_in(3) {
        let (one, other) = (rng.pick(all).end_ns, rng.pick(all).end_ns);
        filter.since_ns = (!rng.one_in(3)).then_some(one.min(other));
        filter.until_ns = (!rng.one_in(3)).then_some(one.max(other));
    }
    if !all.is_empty() && rng.one_in(5) {
        filter.min_duration_ns = rng.pick(all).duration_ns;
    }
    if !all.is_empty() && rng.one_in(8) {
        filter.max_duration_ns = Some(rng.pick(all).duration_ns);
    }
    if !all.is_empty() && rng.one_in(4) {
        let call = rng.pick(all);
        match rng.below(6) {
            0 => filter.kind = Some(call.kind),
            1 => filter.thread = Some(call.thread),
            2 => filter.version = Some(call.writer.version.to_owned()),
            3 => filter.status_class = Some(call.status_class()),
            4 => filter.instance = Some(call.writer.instance()),
            _ => filter.lane = u16::try_from(call.id.lane()).ok(),
        }
    }
    filter
}
