//! `kr stats`: every statistic, sorted by each, split, and exact.

use kronicler_format::{Counters, Flags, Kind, Outcome, Row, SeriesEntry};
use kronicler_store::Dictionary;
use serde_json::Value;

use crate::answers::call;
use crate::fixture::{Answer, CALL_COUNT, FUNCTION_COUNT, Fixture, START_NS};

const HOUR_NS: i64 = 3_600_000_000_000;

fn functions(fixture: &Fixture, args: &[&str]) -> Vec<Value> {
    let args = [&["stats", "--json"], args].concat();
    fixture.ask(&args).json()["functions"].as_array().expect("an array").clone()
}

#[test]
fn every_statistic_can_be_sorted_by() {
    // Promise: --sort takes each statistic, numbers come downwards, --reverse turns them round.
    let fixture = Fixture::shop();
    let names = "count errors sum mean stddev stderr min median p75 p90 p95 p99 p999 max mad tail";
    for name in names.split(' ') {
        let key = match name {
            "count" | "errors" => name.to_owned(),
            "tail" => "tail_ratio".to_owned(),
            _ => format!("{name}_ns"),
        };
        let numbers = |args: &[&str]| -> Vec<f64> {
            let args = [&["--sort", name], args].concat();
            let found = functions(&fixture, &args);
            found.iter().map(|function| function[&key].as_f64().expect("a number")).collect()
        };
        let down = numbers(&[]);
        assert_eq!(down.len() as u64, FUNCTION_COUNT, "{name}");
        assert!(down.is_sorted_by(|left, right| left >= right), "{name} {down:?}");
        assert!(numbers(&["--reverse"]).is_sorted(), "{name}");
    }
    let first = |args: &[&str]| functions(&fixture, args)[0]["name"].clone();
    assert_eq!(first(&["--sort", "name"]), "Shop.step00");
    assert_eq!(first(&["--sort", "name", "-r"]), "getQuote");
}

#[test]
fn exact_percentiles_are_those_of_the_rows() {
    // Promise: with --exact percentiles are the nearest rank itself, not within 1 %.
    let fixture = Fixture::shop();
    let rows = fixture.ask(&["fetch", "--name", "Shop.step29", "--json"]).text();
    let mut durations: Vec<u64> = rows
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["duration_ns"].as_u64().unwrap())
        .collect();
    durations.sort_unstable();
    let asked = ["stats", "Shop.step29", "--exact", "--json"];
    let value = fixture.ask(&asked).json();
    assert_eq!(value["relative_error"], 0.0);
    let exact = &value["functions"][0];
    // The nearest rank of 250 values: the smallest with at least that share at or below it.
    for (key, rank) in [("median_ns", 125), ("p75_ns", 188), ("p90_ns", 225), ("p99_ns", 248)] {
        assert_eq!(exact[key], durations[rank - 1], "{key}");
    }
    let about = functions(&fixture, &["Shop.step29"]);
    assert_ne!(exact["median_ns"], about[0]["median_ns"], "it makes a difference here");
    let split = functions(&fixture, &["Shop.step29", "--exact", "--by", "outcome"]);
    assert_eq!(split[0]["median_ns"], durations[124]);
}

#[test]
fn statistics_are_split_by_what_is_asked() {
    // Promise: parts are named, and their counts sum up to those of the whole.
    let fixture = Fixture::bare();
    let calls = [
        call("a", START_NS + HOUR_NS / 2, 1),
        call("a", START_NS + HOUR_NS, 2),
        call("a", START_NS + 25 * HOUR_NS, 3),
        call("b", START_NS + 2 * HOUR_NS, 4),
    ];
    fixture.write(&calls, Counters::default(), true);
    for (by, groups) in [
        ("hour", &["2026-01-31 12:00", "2026-01-31 13:00", "2026-02-01 13:00"][..]),
        ("day", &["2026-01-31", "2026-02-01"]),
        ("version", &["shop 1.4.0"]),
        ("instance", &["shop web-1/4711"]),
        ("outcome", &["ok"]),
        ("kind", &["async"]),
        ("status", &["-"]),
        ("thread", &["0"]),
    ] {
        let text = fixture.ask(&["stats", "a", "--by", by]).text();
        for group in groups {
            assert!(text.contains(&format!("a     {group}  ")), "{group} in {text}");
        }
        let found = functions(&fixture, &["--by", by]);
        let sum: u64 = found.iter().map(|part| part["count"].as_u64().unwrap()).sum();
        assert_eq!((sum, &found[0]["by"]), (4, &by.into()));
        let csv = fixture.ask(&["stats", "a", "--by", by, "--csv"]).text();
        assert!(csv.lines().next().unwrap().ends_with(",group,group_end,group_service,by"));
        assert_eq!(csv.lines().count(), 1 + groups.len());
    }
    let parts = functions(&fixture, &["a", "--by", "hour"]);
    assert_eq!(parts[1]["group"], "2026-01-31T13:00:00.000000000Z");
    assert_eq!(parts[1]["group_end"], "2026-01-31T14:00:00.000000000Z");
    // Hours and days are those of the clock that is shown.
    let mut command = fixture.command(&["stats", "a", "--by", "hour"]);
    let text = Answer::of(command.env("TZ", "XYZ-5:30")).text();
    assert!(text.contains("a     2026-01-31 18:00      2  "), "{text}");
    let wide = ["stats", "--by", "hour", "--since", "1700-01-01"];
    assert!(fixture.ask(&wide).err.contains("too many hours or days in that time; give --since"));
}

#[test]
fn requests_are_split_by_the_class_of_their_status() {
    // Promise: each http answer counts in its class, other calls in none; --status wants one class.
    let fixture = Fixture::bare();
    let rows = |names: &mut Dictionary| {
        let classes = [2, 5, 2, 4, 0, 5, 2];
        let rows = classes.into_iter().zip(1..).map(|(status_class, duration_ns)| {
            let kind = if status_class == 0 { Kind::Sync } else { Kind::Http };
            let flags = Flags::new(Outcome::Ok, kind);
            let entry = SeriesEntry { name: 0, flags, weight: 1, status_class };
            let name = if status_class == 0 { "render" } else { "GET /" };
            let series = names.intern(name, "", entry);
            Row { series, thread: 0, end_ns: START_NS, duration_ns }
        });
        rows.collect()
    };
    let (writer, state) = fixture.begin_with("1.4.0", START_NS, rows, Counters::default());
    writer.close(&state).expect("a closed lane");
    let found = functions(&fixture, &["--by", "status"]);
    let parts = found.iter().map(|part| (&part["name"], &part["group"], &part["count"]));
    let parts: Vec<String> =
        parts.map(|(name, group, count)| format!("{name} {group} {count}")).collect();
    let expected =
        [r#""GET /" "2xx" 3"#, r#""GET /" "4xx" 1"#, r#""GET /" "5xx" 2"#, r#""render" null 1"#];
    assert_eq!(parts, expected);
    let text = fixture.ask(&["stats", "--by", "status"]).text();
    assert!(text.contains("  4xx  ") && text.contains("  -  "), "{text}");
    let count = |class: &str| fixture.ask(&["fetch", "--csv", "--status", class]).text();
    assert_eq!(
        ["2xx", "4xx", "5xx", "3xx"].map(|class| count(class).lines().count()),
        [4, 2, 3, 1]
    );
    let exact = functions(&fixture, &["GET /", "--by", "status", "--exact"]);
    assert_eq!(exact[2]["median_ns"], 2);
}

#[test]
fn functions_with_few_calls_can_be_left_out() {
    // Promise: --min-calls leaves out functions, or parts of them, with fewer calls.
    let fixture = Fixture::shop();
    fixture.write(&[call("once", START_NS, 5)], Counters::default(), true);
    let count = |args: &[&str]| functions(&fixture, args).len() as u64;
    assert_eq!(count(&[]), FUNCTION_COUNT + 1);
    assert_eq!(count(&["--min-calls", "2"]), FUNCTION_COUNT);
    let all = CALL_COUNT.to_string();
    assert_eq!(count(&["--min-calls", &all]), FUNCTION_COUNT);
    assert_eq!(count(&["--min-calls", "18446744073709551615"]), 0);
    assert_eq!(fixture.ask(&["stats", "--min-calls", "251"]).text(), "There are no calls.\n");
}

#[test]
fn a_wide_terminal_shows_calls_over_time() {
    // Promise: where there is room, and only there, bars show how calls are spread over time.
    let fixture = Fixture::shop();
    let ask = |columns: &str, args: &[&str], locale: &str| {
        let mut command = fixture.command(&[&["stats"], args].concat());
        Answer::of(command.env("COLUMNS", columns).env("LANG", locale)).text()
    };
    let wide = ask("200", &[], "C.UTF-8");
    assert!(wide.contains("calls over time") && wide.contains("████████"), "{wide}");
    assert!(wide.contains("each bar is the calls within 46.9 s"), "{wide}");
    assert!(ask("200", &["--trend", "p99"], "C.UTF-8").contains("p99 over time"));
    for text in [
        ask("80", &[], "C.UTF-8"),
        ask("200", &["--trend", "none"], "C.UTF-8"),
        ask("200", &[], "C"),
        fixture.ask(&["stats"]).text(),
    ] {
        assert!(!text.contains('█') && !text.contains("each bar"), "{text}");
    }
}
