//! Traces: that they are JSON, and that viewers can nest what is in them.

use std::collections::HashMap;

use kronicler_format::Kind;
use serde_json::Value;

use super::readers::fetched;
use super::world::{PLAIN, Written, three_processes, write};
use crate::fixture::{Fixture, START_NS};

/// The head of a trace and its events.
fn trace(fixture: &Fixture) -> (Value, Vec<Value>) {
    let text = fixture.ask(&["export", "--format", "chrome-trace"]).text();
    serde_json::from_str::<Value>(&text).expect("JSON");
    let mut value: Value = serde_json::from_str(&with_times_as_texts(&text)).expect("JSON");
    let Value::Array(events) = value["traceEvents"].take() else { unreachable!("no events") };
    (value, events)
}

/// Times far from the base have more digits than a double keeps.
fn with_times_as_texts(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    // Within a name the quotes would be escaped.
    while let Some(begin) = ["\"ts\":", "\"dur\":"]
        .iter()
        .filter_map(|key| rest.find(key).map(|at| at + key.len()))
        .min()
    {
        let end = begin + rest[begin..].find([',', '}']).expect("an end");
        out.push_str(&format!("{}\"{}\"", &rest[..begin], &rest[begin..end]));
        rest = &rest[end..];
    }
    out + rest
}

/// A time of an event in nanoseconds.
fn ns(time: &Value) -> i64 {
    let (micros, decimals) =
        time.as_str().expect("it is there").split_once('.').expect("it is there");
    assert_eq!(decimals.len(), 3);
    format!("{micros}{decimals}").parse().expect("it is there")
}

fn of_phase<'a>(events: &'a [Value], phase: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["ph"] == phase)
}

/// Fails when two complete events of a track overlap without one containing the other.
fn assert_nested(events: &[Value]) {
    let mut tracks: HashMap<String, Vec<(i64, i64)>> = HashMap::new();
    for event in of_phase(events, "X") {
        let (start, duration) = (ns(&event["ts"]), ns(&event["dur"]));
        assert!(duration >= 0);
        let track = tracks.entry(format!("{} {}", event["pid"], event["tid"])).or_default();
        track.push((start, start + duration));
    }
    for (track, mut spans) in tracks {
        spans.sort_by_key(|&(start, end)| (start, -end));
        let mut open: Vec<i64> = Vec::new();
        for (start, end) in spans {
            open.retain(|&outer| outer > start);
            assert!(open.iter().all(|&outer| end <= outer), "{track}: {start} to {end} overlaps");
            open.push(end);
        }
    }
}

#[test]
fn a_trace_holds_every_call_once() {
    // Promise: a trace is JSON whatever the names are; each call is one complete event or one pair,
    // with its times to the nanosecond, on a named track of a named process.
    let fixture = three_processes();
    let (head, events) = trace(&fixture);
    assert_eq!(head["displayTimeUnit"], "ns");
    let base: i64 = head["otherData"]["base_ns"].as_str().unwrap().parse().unwrap();
    let rows = fetched(&fixture, &[]);
    let by_id: HashMap<String, &Value> =
        rows.iter().map(|row| (format!("{}:{}", row["lane"], row["seq"]), row)).collect();
    let mut seen = 0;
    for event in of_phase(&events, "X").chain(of_phase(&events, "b")) {
        let row = by_id[event["args"]["id"].as_str().unwrap()];
        assert_eq!((&event["name"], &event["cat"]), (&row["name"], &row["kind"]));
        let start: i64 = row["start_ns"].as_str().unwrap().parse().unwrap();
        assert_eq!(base + ns(&event["ts"]), start, "{event}");
        assert_eq!(event["args"]["duration_ns"], row["duration_ns"]);
        assert_eq!(event["args"]["source"], row["source"]);
        assert_eq!(event.get("cname").is_none(), row["outcome"] == "ok");
        seen += 1;
    }
    assert_eq!(seen, rows.len());
    assert_nested(&events);
    let names: Vec<&Value> = of_phase(&events, "M")
        .filter(|event| event["name"] == "process_name")
        .map(|event| &event["args"]["name"])
        .collect();
    assert_eq!(names, ["beside 1 web-1/3", "shop 1.4.0 web-1/1", "shop 2.0.0 blue"]);
}

#[test]
fn calls_of_a_thread_are_nested_by_their_times() {
    // Promise: synchronous calls of a thread share a track with their exact times, those of another
    // thread have another one, and calls that overlap are kept apart.
    let fixture = Fixture::bare();
    let row = |start: i64, end: i64, thread, kind| Written {
        end_ns: START_NS + end,
        duration_ns: (end - start).unsigned_abs(),
        thread,
        kind,
        ..PLAIN
    };
    let rows = [
        row(10_000, 20_000, 0, Kind::Sync),
        row(20_000, 30_000, 0, Kind::Sync),
        row(5_000, 25_000, 1, Kind::Sync),
        row(5_000, 40_000, 0, Kind::Sync),
        row(30_000, 50_000, 0, Kind::Sync), // Overlaps the one before.
        row(30_000, 50_000, 0, Kind::Async),
        row(35_000, 55_000, 0, Kind::Async),
    ];
    drop(write(&fixture, &rows));
    let (_, events) = trace(&fixture);
    let complete: Vec<(i64, i64, i64)> = of_phase(&events, "X")
        .map(|event| (event["tid"].as_i64().unwrap(), ns(&event["ts"]), ns(&event["dur"])))
        .collect();
    let base = complete[0].1 - 10_000;
    let on = |tid, start: i64, end: i64| (tid, base + start, end - start);
    assert_eq!(
        complete,
        [
            on(1, 10_000, 20_000),
            on(1, 20_000, 30_000),
            on(2, 5_000, 25_000),
            on(1, 5_000, 40_000),
            on(3, 30_000, 50_000),
        ]
    );
    assert_nested(&events);
    let pairs = |phase| -> Vec<(&Value, i64)> {
        of_phase(&events, phase).map(|event| (&event["id"], ns(&event["ts"]) - base)).collect()
    };
    assert_eq!(pairs("b"), [(&"5".into(), 30_000), (&"6".into(), 35_000)]);
    assert_eq!(pairs("e"), [(&"5".into(), 50_000), (&"6".into(), 55_000)]);
    let names: Vec<&Value> = of_phase(&events, "M").map(|event| &event["args"]["name"]).collect();
    let overlapping = "thread 0 (2, overlapping)";
    assert_eq!(names, ["shop 1.4.0 web-1/1", "thread 0", "thread 1", overlapping]);
}

#[test]
fn random_calls_never_break_the_nesting() {
    // Promise: whatever times calls have, viewers find only calls inside each other on a track.
    let fixture = super::many::fixture(20_000);
    let (_, events) = trace(&fixture);
    assert_nested(&events);
    assert_eq!(of_phase(&events, "b").count(), of_phase(&events, "e").count());
    let fixture = Fixture::bare();
    drop(write(&fixture, &[]));
    assert_eq!(trace(&fixture).1, Vec::<Value>::new());
}
