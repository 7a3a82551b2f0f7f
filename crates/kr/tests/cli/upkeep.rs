//! `kr verify` and `kr compact`.

use std::fs;
use std::path::PathBuf;

use kronicler_format::Counters;

use crate::answers::call;
use crate::fixture::{CALL_COUNT, FUNCTION_COUNT, Fixture, START_NS};

const ALL: u64 = FUNCTION_COUNT * CALL_COUNT;

fn lane_file(fixture: &Fixture, prefix: &str) -> PathBuf {
    let names = fs::read_dir(fixture.dir().join("lane-0000")).expect("the lane is there");
    let mut paths = names.map(|entry| entry.expect("it can be listed").path());
    let is_it = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix))
    };
    paths.find(is_it).expect("there is such a file")
}

#[test]
fn a_whole_database_is_found_whole() {
    // Promise: verify tells what is there, both identities, and ends with 0 when nothing is wrong.
    let fixture = Fixture::shop();
    let counters = Counters { dropped_ring: 5, ..Counters::default() };
    let (_writer, _state) = fixture.begin(&[], Counters::default());
    fixture.write(&[call("late", START_NS, 5)], counters, true);
    let text = fixture.ask(&["verify"]).text();
    for part in [
        "seen 7,506 = stored 7,501 + skipped 0 + dropped 5 + lost 0",
        "stored 7,501 = rows 7,501 + expired 0 + quarantined 0",
        "Nothing is wrong",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let value = fixture.ask(&["verify", "--json"]).json();
    assert_eq!((&value["command"], &value["rows"]), (&"verify".into(), &(ALL + 1).into()));
    assert_eq!((&value["partial"], &value["findings"]), (&false.into(), &serde_json::json!([])));
    assert_eq!(value["lanes"][0]["closed"], false);
    assert_eq!(fixture.ask(&["verify", "--csv"]).text(), "file,offset,fact,remedy,rows\n");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    // Promise: damage is told with file, byte, fact, remedy and rows, and the exit code is 1.
    let fixture = Fixture::shop();
    fixture.ask(&["compact"]).text();
    let path = lane_file(&fixture, "segment-");
    let mut bytes = fs::read(&path).unwrap();
    bytes[5_000] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let answer = fixture.ask(&["verify"]);
    assert_eq!((answer.code, answer.err.as_str()), (1, ""), "{}", answer.out);
    let words = answer.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("1 finding lane-0000/segment-"), "{words}");
    assert!(words.contains("(7,500 rows); keep a copy of the file"), "{words}");
    assert!(words.contains("stored 7,500 = rows 0 + expired 0 + quarantined 7,500"), "{words}");
    let answer = fixture.ask(&["verify", "--json"]);
    assert_eq!(answer.code, 1);
    let value: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!((&value["partial"], &value["findings"][0]["rows"]), (&true.into(), &ALL.into()));
    fs::remove_file(&path).unwrap();
    let answer = fixture.ask(&["verify", "--csv"]);
    assert_eq!((answer.code, answer.out.lines().count()), (1, 2));
    assert!(answer.out.contains("it is missing"), "{}", answer.out);
}

#[test]
fn compacting_makes_it_smaller_and_loses_nothing() {
    // Promise: compact seals and joins what nobody owns; every answer is the same as before, and
    // the service that ended in order is not taken for one that was killed.
    let fixture = Fixture::shop();
    let ask = |args: &[&str]| fixture.ask(args).text();
    let before = [ask(&["fetch", "all"]), ask(&["stats", "--csv"]), ask(&["slow", "--json"])];
    let value = fixture.ask(&["compact", "--json"]).json();
    let lane = &value["lanes"][0];
    assert_eq!((&lane["state"], &lane["rows"]), (&"compacted".into(), &ALL.into()));
    assert_eq!((&lane["segments_before"], &lane["segments"]), (&0.into(), &1.into()));
    assert!(lane["bytes"].as_u64() < lane["bytes_before"].as_u64(), "{lane}");
    assert_eq!(
        [ask(&["fetch", "all"]), ask(&["stats", "--csv"]), ask(&["slow", "--json"])],
        before
    );
    assert!(ask(&["health"]).contains("Nothing was dropped, lost or damaged."));
    assert!(ask(&["verify"]).contains("Nothing is wrong"));
    let again = ask(&["compact"]);
    assert!(again.contains("lane 0: 7,500 rows in 1 segment, 1 before; "), "{again}");
    fixture.write(&[call("next", START_NS, 5)], Counters::default(), true);
    assert!(ask(&["fetch", &format!("0:{ALL}")]).contains("next"), "ids go on");
    assert!(ask(&["health"]).contains("Nothing was dropped, lost or damaged."));
}

#[test]
fn lanes_of_living_processes_are_left_to_them() {
    // Promise: compact never waits for a process that owns a lane, says so, and goes on.
    let fixture = Fixture::bare();
    let (_writer, _state) = fixture.begin(&[call("a", START_NS, 1)], Counters::default());
    fixture.write(&[call("b", START_NS, 1)], Counters::default(), true);
    let text = fixture.ask(&["compact"]).text();
    assert!(text.contains("lane 0: left to the process that owns it"), "{text}");
    assert!(text.contains("lane 1: 1 row in 1 segment, 0 before"), "{text}");
    let csv = fixture.ask(&["compact", "--csv"]).text();
    assert!(csv.starts_with("lane,state,rows,segments_before,"), "{csv}");
    assert_eq!(csv.lines().nth(1), Some("0,owned,,,,,"));
}
