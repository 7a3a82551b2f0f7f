//! What `kr` says, and how it ends, when it cannot answer.

use std::fs;

use kronicler_format::Counters;

use crate::answers::call;
use crate::fixture::{Answer, Fixture, START_NS};

/// An answer that is a refusal in the form `kr: <fact>; <remedy>`.
fn refusal(answer: Answer, code: i32) -> String {
    assert_eq!((answer.code, answer.out.as_str()), (code, ""), "{}", answer.err);
    assert!(answer.err.starts_with("kr: ") && answer.err.contains("; "), "{}", answer.err);
    assert_eq!(answer.err.lines().count(), 1, "{}", answer.err);
    answer.err
}

#[test]
fn without_a_database_it_ends_with_4() {
    // Promise: exit code 4 and a remedy when there is no database, whatever stands in its place.
    let fixture = Fixture::bare();
    let dir = fixture.dir();
    let path = dir.to_str().unwrap();
    assert!(refusal(fixture.ask(&["--dir", path]), 4).contains("there is no directory"));
    fs::create_dir(&dir).unwrap();
    assert!(refusal(fixture.ask(&["stats"]), 4).contains("is empty; run the service"));
    let root = fixture.root().to_str().unwrap();
    assert!(refusal(fixture.ask(&["--dir", root]), 4).contains("try --dir"));
    fs::write(dir.join("column_0_page_0.bin"), b"python").unwrap();
    assert!(refusal(fixture.ask(&[]), 4).contains("Python package kronicler"));
    fs::remove_dir_all(&dir).unwrap();
    fs::write(&dir, b"a file").unwrap();
    assert!(refusal(fixture.ask(&["health"]), 4).contains("is not a directory; name"));
}

#[test]
fn it_looks_for_the_database_upwards() {
    // Promise: without --dir and KRONICLER_DIR the nearest database here or above is asked.
    let fixture = Fixture::bare();
    let deep = fixture.root().join("src/orders");
    fs::create_dir_all(&deep).unwrap();
    let ask = || {
        let mut command = fixture.command(&["names", "--csv"]);
        Answer::of(command.env_remove("KRONICLER_DIR").current_dir(&deep))
    };
    assert!(refusal(ask(), 4).contains("there is no .kronicler_data in"));
    fixture.write(&[call("found", START_NS, 1)], Counters::default(), true);
    assert!(ask().text().contains("found"));
    let mut command = fixture.command(&["names", "--csv", "--dir", ".kronicler_data"]);
    let answer = Answer::of(command.env("KRONICLER_DIR", "/nowhere"));
    assert!(answer.text().contains("found"), "--dir goes before KRONICLER_DIR");
}

#[test]
fn a_row_that_is_not_there_ends_with_4() {
    // Promise: a missing row is told with the rows there are; the rows that exist are printed.
    let fixture = Fixture::bare();
    fixture.write(&[call("a", START_NS, 1)], Counters::default(), true);
    let text = refusal(fixture.ask(&["fetch", "1"]), 4);
    assert_eq!(text, "kr: there is no row 0:1; lane 0 has 1 row, 0:0 to 0:0\n");
    let text = refusal(fixture.ask(&["--fetch", "3:1"]), 4);
    assert_eq!(text, "kr: there is no row 3:1; there are the lanes 0\n");
    let answer = fixture.ask(&["fetch", "0:9", "0:0"]);
    assert_eq!((answer.code, answer.out.lines().count()), (4, 2));
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    // Promise: exit code 2 for usage errors, with what may be written instead.
    let fixture = Fixture::shop();
    for args in [
        &["stat"][..],
        &["--sicne", "1h"],
        &["slow", "-n", "99999999999999999999999"],
        &["--since", "later"],
        &["stats", "--sort", "size"],
        &["fetch", "x"],
        &["slow", "-n", "0"],
        &["--min-duration", "5"],
        &["--outcome", "bad"],
        &["--status", "404"],
        &["stats", "--json", "--csv"],
        &["--since", "1h", "--until", "2h"],
        &["--fetch", "all", "stats"],
        &["fetch", "1", "all"],
        &["fetch", "1", "--name", "a"],
        &["health", "--since", "1h"],
        &["verify", "--name", "a"],
        &["compact", "-n", "1"],
        &["--csv"],
    ] {
        refusal(fixture.ask(args), 2);
    }
}

#[test]
fn an_unreadable_database_ends_with_1() {
    // Promise: exit code 1 when the database is there but cannot be read with this program.
    let fixture = Fixture::bare();
    fixture.write(&[call("a", START_NS, 1)], Counters::default(), true);
    let head = fixture.dir().join("lane-0000/head-0000000001");
    let mut bytes = fs::read(&head).unwrap();
    // The version, in both copies of the header, each with its checksum.
    for copy in bytes[..128].chunks_exact_mut(64) {
        copy[8] = 2;
        let crc = crc32c::crc32c(&copy[..60]);
        copy[60..].copy_from_slice(&crc.to_le_bytes());
    }
    fs::write(&head, bytes).unwrap();
    let text = refusal(fixture.ask(&["stats"]), 1);
    assert!(text.contains("head-0000000001") && text.contains("use a newer kr"), "{text}");
}
