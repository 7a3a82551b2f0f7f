//! What `kr` answers, for people and for programs.

use kronicler_format::{Counters, Outcome};

use crate::fixture::{CALL_COUNT, Call, FUNCTION_COUNT, Fixture, START_NS, STEP_NS};

const ALL: u64 = FUNCTION_COUNT * CALL_COUNT;

#[test]
fn alone_it_tells_what_is_here_and_what_to_type_next() {
    // Promise: `kr` alone tells what is here, which function is worth a look, and what to do next.
    let fixture = Fixture::shop();
    let text = fixture.ask(&["--utc"]).text();
    for part in [
        "7,500 calls of 30 functions in 1 lane, 8 failed",
        "from 2026-01-31 12:00:00Z to 2026-01-31 12:12:29Z (12 min 29 s)",
        "written by shop 1.4.0 on web-1 (started 2026-01-31 12:00:00Z)",
        "getQuote  src/quote.js:41",
        "kr slow --name getQuote",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let value = fixture.ask(&["--json"]).json();
    assert_eq!((&value["schema"], &value["command"]), (&1.into(), &"overview".into()));
    assert_eq!(value["count"], ALL);
    assert_eq!(value["services"][0]["version"], "1.4.0");
    assert_eq!(value["worth_a_look"][0]["source"], "src/quote.js:41");
}

#[test]
fn outliers_say_in_words_why_a_function_is_listed() {
    // Promise: the function that is now and then far slower is found, and told why, with its line.
    let fixture = Fixture::shop();
    let text = fixture.ask(&["outliers"]).text();
    assert!(text.contains("getQuote  src/quote.js:41"), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("1 call in 125 takes 399 ms on average, 38"), "{text}");
    assert!(words.contains("times its median of 10.5 ms; 23 % of the time spent in it"), "{text}");
    assert!(words.contains("2 of 250 calls took more than"), "{text}");
    assert!(!text.contains("Shop."), "only what is worth a look is listed: {text}");
    let value = fixture.ask(&["outliers", "--json"]).json();
    let function = &value["functions"][0];
    assert_eq!((&function["slow_count"], &function["count"]), (&2.into(), &250.into()));
    assert!(function["why"].as_str().is_some_and(|why| why.starts_with("1 call in 125 takes")));
    let none = fixture.ask(&["outliers", "--name", "Shop.*"]).text();
    assert!(none.starts_with("No function has calls"), "{none}");
}

#[test]
fn stats_sort_and_choose_functions() {
    // Promise: functions come sorted by the column asked for, and only those asked for.
    let fixture = Fixture::shop();
    let names = |args: &[&str]| -> Vec<String> {
        let text = fixture.ask(args).text();
        let lines = text.lines().skip(1).take_while(|line| !line.is_empty());
        lines.filter_map(|line| line.split(',').next().map(str::to_owned)).collect()
    };
    assert_eq!(names(&["stats", "--csv"])[..2], ["getQuote", "Shop.step29"]);
    assert_eq!(names(&["stats", "--csv", "--sort", "name"])[0], "Shop.step00");
    assert_eq!(names(&["stats", "--csv", "--sort", "p99", "-n", "2"]).len(), 2);
    assert_eq!(names(&["stats", "--csv", "getQ*", "Shop.step0?"]).len(), 10);
    assert_eq!(names(&["stats", "--csv", "--name", "getQuote"]), ["getQuote"]);
    let one = fixture.ask(&["stats", "getQuote"]).text();
    assert!(one.contains("\n  count            250\n"), "{one}");
}

#[test]
fn stats_in_json_have_stable_keys() {
    // Promise: one document with a schema number; keys in nanoseconds end in _ns.
    let value = Fixture::shop().ask(&["stats", "getQuote", "--json"]).json();
    assert_eq!((&value["schema"], &value["partial"]), (&1.into(), &false.into()));
    assert_eq!(value["relative_error"], 0.01);
    let function = value["functions"][0].as_object().unwrap();
    let keys: Vec<&str> = function.keys().map(String::as_str).collect();
    let expected = "name source count errors sum_ns mean_ns stddev_ns stderr_ns min_ns median_ns \
                    p90_ns p95_ns p99_ns p999_ns max_ns slowest_id expired resolution rows p75_ns \
                    mad_ns tail_ratio";
    assert_eq!(keys.join(" "), expected);
    assert_eq!(function["count"], CALL_COUNT);
    assert_eq!(function["max_ns"], 400_000_000 + 60 * 7_919 % 1_000);
    let sum = function["sum_ns"].as_f64().unwrap();
    assert_eq!(function["mean_ns"].as_f64().unwrap(), sum / 250.0);
}

#[test]
fn rows_are_found_by_both_forms_of_their_id() {
    // Promise: the original's --fetch, and both forms of an id that are printed, find the row.
    let fixture = Fixture::shop();
    let other = [call("late", START_NS, 5)];
    let (_writer, _state) = fixture.begin(&[], Counters::default());
    fixture.write(&other, Counters::default(), true);
    let row = |args: &[&str]| fixture.ask(args).text();
    assert_eq!(row(&["--fetch", "3"]), row(&["fetch", "0:3"]));
    assert!(row(&["fetch", "0:3"]).contains("getQuote"));
    assert_eq!(row(&["fetch", "1:0", "--csv"]), row(&["fetch", "8796093022208", "--csv"]));
    assert!(row(&["fetch", "1:0"]).contains("late"));
    assert_eq!(row(&["fetch", "0:1", "0:2"]).lines().count(), 3);
    assert_eq!(row(&["--fetch", "all"]).lines().count() as u64, ALL + 2);
    assert_eq!(row(&["fetch", "-n", "5"]).lines().count(), 6);
}

#[test]
fn rows_for_programs_are_one_object_a_line() {
    // Promise: rows are NDJSON, with times that lose nothing in JavaScript.
    let text = Fixture::shop().ask(&["fetch", "all", "--json"]).text();
    assert_eq!(text.lines().count() as u64, ALL);
    let row: serde_json::Value = serde_json::from_str(text.lines().nth(3).unwrap()).unwrap();
    let end = START_NS + 3 * STEP_NS;
    assert_eq!((&row["schema"], &row["id"], &row["seq"]), (&1.into(), &3.into(), &3.into()));
    assert_eq!(row["name"], "getQuote");
    assert_eq!(row["end_ns"], end.to_string());
    assert_eq!(row["start_ns"], (end - 10_000_000).to_string());
    assert_eq!(row["start"], "2026-01-31T12:00:00.290000000Z");
    assert_eq!((&row["duration_ns"], &row["kind"]), (&10_000_000.into(), &"async".into()));
}

#[test]
fn filters_hold_for_every_command() {
    // Promise: --since, --until, --min-duration and --outcome choose the same calls everywhere.
    let fixture = Fixture::shop();
    let count = |args: &[&str]| -> usize {
        let mut args = args.to_vec();
        args.extend(["--csv", "--utc"]);
        fixture
            .ask(&["fetch"].iter().chain(&args).copied().collect::<Vec<_>>())
            .text()
            .lines()
            .count()
            - 1
    };
    assert_eq!(count(&["--since", "2026-01-31T12:12:29Z"]), 10);
    assert_eq!(count(&["--since", "2026-01-31T12:12:00", "--until", "2026-01-31 12:12:01"]), 10);
    assert_eq!(count(&["--since", "2026-01-31", "--until", "2026-02-01"]) as u64, ALL);
    assert_eq!(count(&["--until", "2026-01-31"]), 0);
    assert_eq!(count(&["--min-duration", "300ms"]), 2);
    assert_eq!(count(&["--outcome", "error"]), 8);
    assert_eq!(count(&["--name", "getQuote", "--name", "Shop.step00"]) as u64, 2 * CALL_COUNT);
    let stats = fixture.ask(&["stats", "--json", "--since", "2026-01-31T12:12:29Z"]).json();
    let counts = stats["functions"].as_array().unwrap().iter();
    assert_eq!(counts.map(|function| function["count"].as_u64().unwrap()).sum::<u64>(), 10);
    let slow = fixture.ask(&["slow", "--csv", "--outcome", "error"]).text();
    assert_eq!(slow.lines().count(), 1 + 8);
}

#[test]
fn ages_count_from_now() {
    // Promise: --since 15m means the last quarter of an hour.
    let fixture = Fixture::bare();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_nanos()).unwrap();
    let hours = |count: i64| now - count * 3_600_000_000_000;
    let calls = [call("old", hours(30), 1), call("recent", hours(1), 1), call("new", now, 1)];
    fixture.write(&calls, Counters::default(), true);
    let names = |since: &str| fixture.ask(&["names", "--csv", "--since", since]).text();
    assert_eq!(names("15m"), "name,count,source\nnew,1,a.js:1\n");
    assert_eq!(names("2h").lines().count(), 3);
    assert_eq!(names("2d").lines().count(), 4);
}

#[test]
fn health_accounts_for_every_call() {
    // Promise: seen = stored + skipped + dropped + lost, by cause, and what is unknown is bounded.
    let fixture = Fixture::bare();
    let counters =
        Counters { dropped_ring: 5, dropped_store: 2, lost_clock: 1, ..Counters::default() };
    fixture.write(&[call("a", START_NS, 1), call("b", START_NS, 1)], counters, false);
    let text = fixture.ask(&["health"]).text();
    assert!(text.contains("seen 10 = stored 2 + skipped 0 + dropped 7 + lost 1"), "{text}");
    assert!(text.contains("5 calls dropped because the ring was full"), "{text}");
    assert!(text.contains("shop (process 4711) is still writing, or did not end"), "{text}");
    let value = fixture.ask(&["health", "--json"]).json();
    let number = |key: &str| value[key].as_u64().unwrap();
    let sum = number("stored") + number("skipped") + number("dropped") + number("lost");
    assert_eq!(number("seen"), sum);
    assert_eq!(value["lanes"][0]["dropped_ring"], 5);
    let well = Fixture::shop().ask(&["health"]).text();
    assert!(well.contains("Nothing was dropped, lost or damaged."), "{well}");
}

#[test]
fn damage_is_told_and_the_rest_answers() {
    // Promise: rows that cannot be read are reported on stderr, and the others still answer.
    let fixture = Fixture::bare();
    let (mut writer, mut state) = fixture.begin(&[call("a", START_NS, 1)], Counters::default());
    let path = writer.path().to_owned();
    let middle = std::fs::metadata(&path).unwrap().len();
    for seq in 1..3 {
        let row = kronicler_format::Row { series: 0, thread: 0, end_ns: 9, duration_ns: 7 };
        let names = kronicler_store::Dictionary::clone(&state.names);
        let batch = kronicler_store::Batch {
            names: &names,
            rows: &[row],
            first_seq: seq,
            counters: None,
            now_ns: 0,
        };
        writer.append(&batch).unwrap();
        writer.absorb_into(&mut state, &[row]);
    }
    writer.close(&state).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[usize::try_from(middle).unwrap() + 8] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let answer = fixture.ask(&["stats", "--csv"]);
    assert_eq!(answer.code, 0);
    assert!(answer.err.starts_with("kr: some stored rows cannot be read"), "{}", answer.err);
    assert_eq!(answer.out.lines().nth(1).unwrap().split(',').nth(2), Some("2"));
    let health = fixture.ask(&["health"]).out;
    assert!(health.contains("1 row set aside because bytes are damaged"), "{health}");
    let missing = fixture.ask(&["fetch", "0:1"]);
    assert_eq!(missing.code, 4, "{missing:?}");
    assert!(missing.err.contains("it is damaged; see kr health"), "{}", missing.err);
}

#[test]
fn an_empty_database_says_what_to_do() {
    // Promise: a database without calls is no error, and tells how calls come into it.
    let fixture = Fixture::bare();
    fixture.write(&[], Counters::default(), true);
    assert!(fixture.ask(&[]).text().contains("wrap a function with capture()"));
    assert_eq!(fixture.ask(&["stats"]).text(), "There are no calls.\n");
    assert_eq!(fixture.ask(&["fetch", "all"]).text(), "There are no calls.\n");
    assert_eq!(fixture.ask(&["fetch", "all", "--json"]).text(), "");
    assert_eq!(fixture.ask(&["names", "--json"]).json()["functions"], serde_json::json!([]));
    assert!(fixture.ask(&["health"]).text().contains("seen 0 = stored 0"));
}

pub fn call(name: &str, end_ns: i64, duration_ns: u64) -> Call<'_> {
    Call { name, source: "a.js:1", outcome: Outcome::Ok, end_ns, duration_ns }
}
