//! Rows that have expired: gone from every answer but the statistics of a time range.

use kronicler_format::{Kind, Outcome};
use kronicler_query::{Fetched, Filter, GroupBy, Periods, fetch, stats, stats_by};
use kronicler_stats::Resolution;
use kronicler_store::{Directory, RowId, Seal};

use crate::model::{Call, Writer};
use crate::world::{Process, memory, root};

const HOUR_NS: i64 = 3_600_000_000_000;
/// Midnight, UTC.
const BEGIN_NS: i64 = 19_700 * 24 * HOUR_NS;

fn calls(hour: i64, durations: &[u64]) -> Vec<Call> {
    let call = |(index, &duration_ns): (usize, &u64)| Call {
        id: RowId::new(0, 0),
        name: ["a", "b"][index % 2],
        outcome: if duration_ns == 13 { Outcome::Error } else { Outcome::Ok },
        kind: Kind::Sync,
        thread: 0,
        end_ns: BEGIN_NS + hour * HOUR_NS + 60_000_000_000,
        duration_ns,
        weight: 1,
        writer: Writer::default(),
    };
    durations.iter().enumerate().map(call).collect()
}

#[test]
fn a_time_range_speaks_of_expired_rows_too() {
    // Promise: statistics since some time count expired rows exactly, in whole hours and later in
    // whole days, say so, and know their slowest; without a time only kept rows count.
    let storage = memory();
    let mut process = Process::open(&storage, &root());
    for (hour, durations) in [(0, &[10, 13, 900][..]), (1, &[20]), (2, &[30, 31]), (30, &[40])] {
        process.log(&calls(hour, durations));
        assert!(process.seal(Seal::All));
    }
    process.expire(3, BEGIN_NS + 31 * HOUR_NS);
    let snapshot = Directory::new(storage.clone(), root()).snapshot(None).unwrap();
    let ask = |since_hour: i64, until_hour: i64| {
        let filter = Filter {
            since_ns: Some(BEGIN_NS + since_hour * HOUR_NS),
            until_ns: Some(BEGIN_NS + until_hour * HOUR_NS),
            ..Filter::default()
        };
        let answer = stats(&snapshot, &filter).unwrap();
        assert!(!answer.is_partial);
        let of = |f: &kronicler_query::FunctionStats| {
            (f.name.name.to_string(), f.moments.sum(), f.expired, f.errors, f.resolution)
        };
        answer.value.iter().map(of).collect::<Vec<_>>()
    };
    let hour = Some(Resolution::Hour);
    let all = [("a".to_owned(), 1_000, 4, 0, hour), ("b".to_owned(), 44, 2, 1, hour)];
    assert_eq!(ask(0, 100), all);
    assert_eq!(ask(1, 3), [("a".to_owned(), 50, 2, 0, hour), ("b".to_owned(), 31, 1, 0, hour)]);
    assert_eq!(ask(30, 31), [("a".to_owned(), 40, 0, 0, None)]);

    let kept = stats(&snapshot, &Filter::default()).unwrap().value;
    assert_eq!((kept.len(), kept[0].moments.sum(), kept[0].expired), (1, 40, 0));
    let since = Filter { since_ns: Some(BEGIN_NS), ..Filter::default() };
    let with_history = stats(&snapshot, &since).unwrap().value;
    assert_eq!(with_history[0].slowest, Some(RowId::new(0, 2)), "the slowest is remembered");
    assert_eq!(fetch(&snapshot, RowId::new(0, 2)).unwrap().value, Fetched::Expired);

    // A fortnight later the hours become days.
    process.expire(1, BEGIN_NS + 20 * 24 * HOUR_NS);
    for (at, hour) in (0..9).map(|i| (1 + i, 480 + i)) {
        process.log(&calls(hour, &[50]));
        assert!(process.seal(Seal::All));
        process.expire(1, BEGIN_NS + (500 + at) * HOUR_NS);
    }
    let snapshot = Directory::new(storage, root()).snapshot(None).unwrap();
    let answer = stats(&snapshot, &since).unwrap().value;
    assert_eq!(answer[0].moments.sum(), 1_000 + 9 * 50);
    assert_eq!(answer[0].resolution, Some(Resolution::Day));
}

#[test]
fn statistics_of_a_cleared_lane_are_gone_not_damaged() {
    // Promise: who asks an old snapshot after a clear is told to take a new one, although a new
    // file of statistics has the number of the old.
    let storage = memory();
    let mut process = Process::open(&storage, &root());
    let remember = |process: &mut Process| {
        process.log(&calls(0, &[10, 20]));
        assert!(process.seal(Seal::All));
        process.expire(1, BEGIN_NS + HOUR_NS);
        Directory::new(storage.clone(), root()).snapshot(None).unwrap()
    };
    let before = remember(&mut process);
    process.clear();
    let after = remember(&mut process);
    let id_of = |snapshot: &kronicler_store::Snapshot| snapshot.lanes[0].state.histories[0].id;
    assert_eq!(id_of(&before), id_of(&after));
    let since = Filter { since_ns: Some(0), ..Filter::default() };
    assert!(stats(&before, &since).unwrap().is_stale);
    assert!(!stats(&after, &since).unwrap().is_partial);
}

#[test]
fn expired_calls_are_grouped_as_far_as_their_times_are_known() {
    // Promise: an hour of expired calls counts in the period that holds it, by version and outcome
    // always; what fits into no period is told, not put into a wrong one.
    let storage = memory();
    let mut process = Process::open(&storage, &root());
    for hour in 0..4 {
        process.log(&calls(hour, &[10, 13]));
        assert!(process.seal(Seal::All));
    }
    process.expire(2, BEGIN_NS + 5 * HOUR_NS);
    let snapshot = Directory::new(storage, root()).snapshot(None).unwrap();
    let since = Filter { since_ns: Some(BEGIN_NS), ..Filter::default() };
    let count = |by: &GroupBy| {
        let grouped = stats_by(&snapshot, &since, by).unwrap().value;
        let counts = grouped.rows.iter().map(|row| row.stats.moments.count());
        (counts.collect::<Vec<_>>(), grouped.unplaced)
    };
    let hours = |width_ns, count| GroupBy::Periods(Periods::every(BEGIN_NS, width_ns, count));
    assert_eq!(count(&hours(HOUR_NS, 4)), (vec![1; 8], 0));
    assert_eq!(count(&hours(2 * HOUR_NS, 2)), (vec![2; 4], 0));
    assert_eq!(count(&hours(HOUR_NS / 2, 8)), (vec![1; 4], 4));
    assert_eq!(count(&GroupBy::Outcome), (vec![4; 2], 0), "a never fails, b always");
    assert_eq!(count(&GroupBy::Version), (vec![4; 2], 0));
    assert_eq!(count(&GroupBy::Thread), (vec![2; 2], 0), "only rows know their thread");
}
