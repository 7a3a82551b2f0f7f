//! The history: the same however it was put together, whole periods, and nothing trusted.

use std::collections::BTreeMap;

use kronicler_format::{Flags, Kind, Outcome, Row};
use kronicler_stats::{
    Distribution, History, HistoryFunction, HistorySeries, Period, Resolution, Summary,
};
use proptest::prelude::*;
use proptest::sample::Index;

const HOUR_NS: i64 = 3_600_000_000_000;
const DAY_NS: i64 = 24 * HOUR_NS;
const NOW_NS: i64 = 20_000 * DAY_NS;

/// A row and its series, one of eight: two versions, two names, two outcomes.
type Event = (usize, u64, Row);

fn series(place: usize) -> HistorySeries<'static> {
    let bit = |bit: usize| place >> bit & 1 == 1;
    let version = if bit(0) { "2.0.0" } else { "1.9.9" };
    let name = if bit(1) { "getOrders" } else { "saveOrder" };
    let function = HistoryFunction { service: "shop", version, name, source: "src/orders.ts:5" };
    let outcome = if bit(2) { Outcome::Error } else { Outcome::Ok };
    let flags = Flags::new(outcome, Kind::Async);
    HistorySeries { function, flags, weight: 1, status_class: 0 }
}

fn events(count_max: usize) -> impl Strategy<Value = Vec<Event>> {
    let end_ns = prop_oneof![
        NOW_NS - 3 * HOUR_NS..NOW_NS,
        NOW_NS - 30 * DAY_NS..NOW_NS,
        NOW_NS - 16 * DAY_NS..NOW_NS - 13 * DAY_NS,
        any::<i64>(),
    ];
    let duration_ns = prop_oneof![0..20_u64, 2_000..50_000_000_u64, any::<u64>()];
    let event = (0..8_usize, 0..1_u64 << 43, end_ns, duration_ns, 0..2_u32);
    let event = event.prop_map(|(series, seq, end_ns, duration_ns, thread)| {
        (series, seq, Row { series: 0, thread, end_ns, duration_ns })
    });
    prop::collection::vec(event, 0..count_max)
}

fn by_row(events: &[Event]) -> History {
    let mut history = History::new();
    for (place, seq, row) in events {
        let id = history.series(&series(*place));
        history.add_row(id, *seq, row);
    }
    history
}

fn by_summary(events: &[Event]) -> History {
    let mut summaries: BTreeMap<(usize, Period), Summary> = BTreeMap::new();
    for (place, seq, row) in events {
        summaries.entry((*place, Period::hour_of(row.end_ns))).or_default().add(*seq, row);
    }
    let mut history = History::new();
    for ((place, hour), summary) in summaries {
        let id = history.series(&series(place));
        history.add_summary(id, hour, &summary);
    }
    history
}

fn bytes(history: &History) -> Vec<u8> {
    let mut out = Vec::new();
    history.encode(&mut out);
    out
}

fn total(history: &History) -> Distribution {
    let mut total = Distribution::new();
    history.entries(i64::MIN, i64::MAX).for_each(|entry| entry.merge_into(&mut total));
    total
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn order_and_grouping_never_matter(
        (all, shuffled) in events(80)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        cuts in prop::collection::vec(any::<Index>(), 3),
    ) {
        // Promise: row by row, from summaries, or merged in any grouping: the same bytes.
        let expected = bytes(&by_row(&all));
        prop_assert_eq!(&bytes(&by_summary(&shuffled)), &expected);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(all.len() + 1)).collect();
        cuts.sort_unstable();
        let (one, rest) = shuffled.split_at(cuts[0]);
        let (two, rest) = rest.split_at(cuts[1] - cuts[0]);
        let (three, four) = rest.split_at(cuts[2] - cuts[1]);
        let mut left = History::decode(&bytes(&by_row(two))).unwrap();
        left.merge(&by_summary(one));
        let mut right = by_row(four);
        right.merge(&History::decode(&bytes(&by_row(three))).unwrap());
        left.merge(&right);
        prop_assert_eq!(bytes(&left), expected);
    }

    #[test]
    fn rolling_up_commutes_with_merging(all in events(80), cut in any::<Index>()) {
        // Promise: hours become days before or after a merge, once or twice: the same bytes.
        let (left, right) = all.split_at(cut.index(all.len() + 1));
        let mut expected = by_row(&all);
        expected.roll_up(NOW_NS);
        let (mut early, mut late) = (by_row(left), by_summary(right));
        early.roll_up(NOW_NS - 5 * DAY_NS);
        late.roll_up(NOW_NS);
        early.merge(&late);
        early.roll_up(NOW_NS);
        prop_assert_eq!(bytes(&early), bytes(&expected));
        prop_assert_eq!(total(&early), total(&by_row(&all)));
        for entry in early.entries(i64::MIN, i64::MAX) {
            let is_old = entry.period.day().end_ns() <= NOW_NS - History::HOURS_KEPT_NS;
            prop_assert_eq!(entry.period.resolution() == Resolution::Day, is_old);
        }
    }

    #[test]
    fn ranges_are_answered_by_whole_periods(all in events(60), since: i64, length: i64) {
        // Promise: a range gets every row in it, and the rest of the periods at its edges.
        let since = if length % 2 == 0 { since } else { NOW_NS - since.rem_euclid(20 * DAY_NS) };
        let until = since.saturating_add(length.rem_euclid(9 * DAY_NS));
        let mut history = by_row(&all);
        history.roll_up(NOW_NS);
        let mut answers: BTreeMap<Period, u64> = BTreeMap::new();
        for entry in history.entries(since, until) {
            *answers.entry(entry.period).or_default() += entry.value().moments.count();
        }
        let mut expected: BTreeMap<Period, u64> = BTreeMap::new();
        for (_, _, row) in &all {
            let hour = Period::hour_of(row.end_ns);
            let is_old = hour.day().end_ns() <= NOW_NS - History::HOURS_KEPT_NS;
            let period = if is_old { hour.day() } else { hour };
            if period.overlaps(since, until) {
                *expected.entry(period).or_default() += 1;
            }
        }
        prop_assert_eq!(answers, expected);
    }

    #[test]
    fn the_slowest_of_a_day_and_function_are_kept(all in events(80)) {
        // Promise: the 10 slowest rows of each function and day, of all its outcomes.
        let mut expected: BTreeMap<(Period, usize), Vec<&Event>> = BTreeMap::new();
        for event in &all {
            let day = Period::hour_of(event.2.end_ns).day();
            expected.entry((day, event.0 & 3)).or_default().push(event);
        }
        let history = History::decode(&bytes(&by_summary(&all))).unwrap();
        let mut days = 0;
        for day in history.slowest(i64::MIN, i64::MAX) {
            let place = (0..4).find(|&place| series(place).function == day.function).unwrap();
            let mut rows = expected[&(day.day, place)].clone();
            rows.sort_by_key(|(_, seq, row)| {
                (u64::MAX - row.duration_ns, *seq, row.end_ns, row.thread)
            });
            let seqs: Vec<u64> = rows.iter().take(10).map(|(_, seq, _)| *seq).collect();
            prop_assert_eq!(day.rows.iter().map(|row| row.seq).collect::<Vec<_>>(), seqs);
            days += 1;
        }
        prop_assert_eq!(days, expected.len());
    }

    #[test]
    fn trimming_drops_the_oldest_and_no_more_than_it_must(
        all in events(80),
        share in 0..=100_usize,
    ) {
        // Promise: a history takes as many bytes as it may, and what is dropped is said.
        let mut history = by_row(&all);
        let (size_max, size) = (history.size_bytes_max(), bytes(&history).len());
        prop_assert!(size <= size_max);
        let limit = size_max * share / 100;
        let before: Vec<Period> =
            history.entries(i64::MIN, i64::MAX).map(|entry| entry.period).collect();
        let dropped = history.trim_to(limit);
        let mut left: Vec<Period> =
            history.entries(i64::MIN, i64::MAX).map(|entry| entry.period).collect();
        prop_assert!(history.is_empty() || bytes(&history).len() <= limit);
        prop_assert!(dropped.last() < left.first() || left.is_empty());
        prop_assert!(dropped.is_empty() == (share == 100 || before.is_empty()));
        if let Some(last) = dropped.last() {
            let mut with_last = by_row(&all);
            with_last.forget(last.start_ns());
            prop_assert!(with_last.size_bytes_max() > limit, "one period less is too much");
        }
        let mut kept = dropped;
        kept.append(&mut left);
        kept.dedup();
        let mut all_periods = before;
        all_periods.dedup();
        prop_assert_eq!(kept, all_periods);
        let has_rows = history.slowest(i64::MIN, i64::MAX).next().is_some();
        prop_assert_eq!(has_rows, !history.is_empty());
    }

    #[test]
    fn cut_or_damaged_bytes_give_an_error_or_a_history(
        all in events(30),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4),
        cut in any::<Index>(),
    ) {
        // Promise: whatever a disk returns, nothing panics, and what decodes can be used.
        let good = bytes(&by_row(&all));
        prop_assert!(History::decode(&good[..cut.index(good.len())]).is_err());
        let mut bad = good.clone();
        for (index, byte) in damage {
            let at = index.index(bad.len());
            bad[at] ^= byte;
        }
        if let Ok(mut history) = History::decode(&bad) {
            let again = bytes(&history);
            prop_assert!(History::decode(&again).is_ok());
            history.merge(&by_row(&all));
            history.roll_up(NOW_NS);
            prop_assert_eq!(
                total(&history).moments.count(),
                total(&History::decode(&bytes(&history)).unwrap()).moments.count()
            );
            history.forget(NOW_NS);
            history.slowest(i64::MIN, i64::MAX).for_each(drop);
        }
    }

    #[test]
    fn any_bytes_give_an_error_or_a_history(bytes in prop::collection::vec(0..9_u8, 0..60)) {
        // Promise: bytes that are no history never panic.
        if let Ok(history) = History::decode(&bytes) {
            let _ = (total(&history), history.memory_bytes(), history.size_bytes_max());
        }
    }
}

#[test]
fn what_is_old_is_forgotten_with_its_rows() {
    // Promise: periods go when they end before the time, a day's rows with its last period.
    let row = |end_ns| Row { series: 0, thread: 0, end_ns, duration_ns: 5 };
    let ends = [NOW_NS - 20 * DAY_NS, NOW_NS + 5, NOW_NS + HOUR_NS, NOW_NS + 2 * HOUR_NS];
    let events: Vec<Event> = (0..).zip(ends).map(|(seq, end_ns)| (0, seq, row(end_ns))).collect();
    let mut history = by_row(&events);
    history.roll_up(NOW_NS);
    let hours = [Period::hour_of(ends[1]), Period::hour_of(ends[2])];
    assert_eq!(
        history.forget(NOW_NS + 2 * HOUR_NS),
        [&[Period::hour_of(ends[0]).day()], &hours[..]].concat()
    );
    assert_eq!(total(&history).moments.count(), 1);
    let days: Vec<Period> = history.slowest(i64::MIN, i64::MAX).map(|day| day.day).collect();
    assert_eq!(days, [Period::hour_of(NOW_NS).day()]);
    history.forget(NOW_NS + 3 * HOUR_NS);
    assert!(history.is_empty() && history.slowest(i64::MIN, i64::MAX).next().is_none());
    assert_eq!(bytes(&history), bytes(&History::new()), "tables hold what is used");
}

#[test]
fn many_open_series_are_packed() {
    // Promise: adding to thousands of series by turns loses nothing and keeps memory small.
    let names: Vec<String> = (0..600).map(|name| format!("function{name}")).collect();
    let mut history = History::new();
    for turn in 0..3_u64 {
        for (place, name) in (0..).zip(&names) {
            let mut series = series(0);
            series.function.name = name;
            let id = history.series(&series);
            let row = Row { series: 0, thread: 0, end_ns: NOW_NS, duration_ns: place };
            history.add_row(id, turn * 600 + place, &row);
        }
    }
    assert_eq!(total(&history).moments.count(), 1_800);
    assert_eq!(history.entries(NOW_NS, NOW_NS + 1).count(), 600);
    assert!(history.memory_bytes() < 600 * 1_024 + 2 * 256 * 6_144, "{}", history.memory_bytes());
}

#[test]
fn names_longer_than_stored_are_cut() {
    // Promise: a history always encodes what it can decode.
    let long = "x".repeat(5_000);
    let function = HistoryFunction { service: &long, version: &long, name: &long, source: &long };
    let mut history = History::new();
    let id = history.series(&HistorySeries { function, ..series(0) });
    history.add_row(id, 0, &Row { series: 0, thread: 0, end_ns: 0, duration_ns: 5 });
    let read = History::decode(&bytes(&history)).unwrap();
    let entry = read.entries(0, 1).next().unwrap();
    let HistoryFunction { service, version, name, source } = entry.series.function;
    assert_eq!([service, version, name, source].map(str::len), [256, 256, 1_024, 1_024]);
}
