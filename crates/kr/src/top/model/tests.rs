//! The numbers of functions follow from their calls.

use super::*;
use crate::top::sample::{NOW_S, calls, look, model, name};

fn line_of(model: &Model, name: &str) -> Line {
    model.lines().iter().find(|line| &*line.name.name == name).unwrap().clone()
}

#[test]
fn numbers_are_those_of_the_window() {
    // Promise: rates, errors and percentiles are those of the calls that ended in the window.
    for (window, seconds, slow) in
        [(Window::TenSeconds, 10.0, 2), (Window::Minute, 60.0, 3), (Window::FiveMinutes, 300.0, 3)]
    {
        let model = model(window);
        let line = line_of(&model, "getQuote");
        let calls = if window == Window::TenSeconds { 100 } else { 600 };
        assert_eq!((line.calls, line.rate), (calls, calls as f64 / seconds));
        let single = model.single(window, "getQuote").unwrap();
        let is_slow = |call: &&SlowCall| call.duration_ns >= 400_000_000;
        assert_eq!(single.slowest.iter().filter(is_slow).count(), slow);
        assert_eq!(single.doing.calls(), calls);
        let [median, _, p99, max] = line.quantiles_ns.unwrap();
        assert!(median.abs_diff(10_400_000) < 110_000 && max == 400_000_000, "{median} {max}");
        assert_eq!(p99 > 300_000_000, window == Window::TenSeconds, "{p99}");
        let (total, length) = model.total(window).unwrap();
        assert_eq!((total.calls, length), (if calls == 100 { 580 } else { 3_480 }, seconds));
    }
    let line = line_of(&model(Window::TenSeconds), "getQuote");
    assert!((line.busy - (100.0 * 10.45e6 + 2.0 * 390e6) / 1e10).abs() < 1e-3, "{}", line.busy);
}

#[test]
fn a_young_database_has_a_short_window() {
    // Promise: a rate is over the time in which there could be calls, at least a second.
    let mut model = model(Window::TenSeconds);
    for (age, length) in [(3, 3.0), (0, 1.0), (-5, 1.0), (500, 10.0)] {
        let first_end_ns = Some((NOW_S - age) * 1_000_000_000);
        model.take(News::Look(Box::new(Look { first_end_ns, ..look(NOW_S) })));
        assert_eq!(model.total(Window::TenSeconds).unwrap().1, length);
    }
}

#[test]
fn calls_go_out_of_the_window_again() {
    // Promise: a function that is no longer called stays for five minutes, without a call.
    let mut model = model(Window::TenSeconds);
    model.take(News::Look(Box::new(look(NOW_S + 20))));
    model.count(Window::TenSeconds);
    let line = line_of(&model, "getQuote");
    assert_eq!((line.calls, line.rate, line.quantiles_ns), (0, 0.0, None));
    model.take(News::Look(Box::new(look(NOW_S + 400))));
    model.count(Window::TenSeconds);
    assert!(model.lines().is_empty());
}

#[test]
fn late_calls_count_in_the_second_in_which_they_ended() {
    // Promise: what comes late, or for the second time after the database was cleared, is in
    // the numbers once, where it belongs.
    let mut model = model(Window::Minute);
    let late = Call { end_ns: (NOW_S - 30) * 1_000_000_000, ..calls()[0] };
    model.take(News::Calls(Vec::new(), vec![late]));
    model.count(Window::TenSeconds);
    assert_eq!(line_of(&model, "getQuote").calls, 100);
    model.count(Window::Minute);
    assert_eq!(line_of(&model, "getQuote").calls, 601);
    model.take(News::Begin(look(NOW_S).at_ns));
    model.take(News::Calls(vec![name("other")], calls()[..1].to_vec()));
    model.take(News::Look(Box::new(look(NOW_S))));
    model.count(Window::Minute);
    let names: Vec<&str> = model.lines().iter().map(|line| &*line.name.name).collect();
    assert_eq!(names, ["other"]);
}

#[test]
fn losses_are_those_of_the_window() {
    // Promise: what was dropped before the window, or before it was watched, is not in it; all
    // calls have all losses.
    let mut model = model(Window::TenSeconds);
    let dropped = |dropped| Losses { dropped, ..Losses::default() };
    for (second, count) in [(1, 7), (2, 7), (30, 9), (31, 12)] {
        let losses = dropped(count);
        model.take(News::Look(Box::new(Look { losses, ..look(NOW_S + second) })));
    }
    let found = [Window::TenSeconds, Window::Minute, Window::All].map(|w| model.losses(w).dropped);
    assert_eq!(found, [5, 12, 12]);
    model.take(News::Begin(look(NOW_S + 32).at_ns));
    model.take(News::Look(Box::new(Look { losses: dropped(50), ..look(NOW_S + 32) })));
    let found = [Window::Minute, Window::All].map(|w| model.losses(w).dropped);
    assert_eq!(found, [0, 50]);
}

#[test]
fn all_calls_are_told_by_the_database() {
    // Promise: the numbers of all calls are those of its statistics, over the time since the
    // first of them.
    let mut model = model(Window::All);
    assert!(model.lines().is_empty() && model.total(Window::All).is_none());
    let total = Total {
        name: name("getQuote"),
        calls: 1_000_000,
        errors: 5,
        sum_ns: 50_000_000_000_000,
        quantiles_ns: [1, 2, 3, 4],
    };
    model.take(News::All(vec![total]));
    model.count(Window::All);
    let line = line_of(&model, "getQuote");
    assert_eq!((line.rate, line.busy, line.quantiles_ns), (10.0, 0.5, Some([1, 2, 3, 4])));
    assert_eq!(model.total(Window::All).unwrap().0, Count { calls: 1_000_000, errors: 5 });
    let doing = Doing { errors: 5, durations: [7].into_iter().collect::<Durations>().0 };
    let one = One { name: name("getQuote"), doing, slowest: Vec::new() };
    model.take(News::One(Box::new(one)));
    assert_eq!(model.single(Window::All, "getQuote").unwrap().doing.calls(), 1);
    assert!(model.single(Window::All, "other").is_none());
    model.forget_totals();
    model.count(Window::All);
    assert!(model.lines().is_empty() && !model.has_totals());
}

struct Durations(kronicler_stats::Distribution);

impl FromIterator<u64> for Durations {
    fn from_iter<I: IntoIterator<Item = u64>>(durations: I) -> Self {
        let mut all = kronicler_stats::Distribution::new();
        durations.into_iter().for_each(|duration_ns| all.add(duration_ns));
        Self(all)
    }
}
