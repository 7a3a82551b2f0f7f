//! What the thread of a slow or failed call could tell of it, as `kr` shows it.

use unicode_width::UnicodeWidthStr;

use crate::export::world::three_processes;
use crate::fixture::{Answer, Fixture};

#[test]
fn what_was_told_of_a_call_is_told_by_why() {
    // Promise: kr why says what a failed call failed with, and shows nothing that obeys a terminal.
    let fixture = three_processes();
    let text = fixture.ask(&["why", "0:13"]).text();
    assert!(text.contains("It failed with TypeError: 13, \"quoted\""), "{text}");
    assert!(text.contains("13 other captured calls"), "{text}");
    assert!(text.contains("Argument 0.id: {\"a\":[1,\"b\"]}"), "{text}");
    assert!(text.contains("Span 0101010101010101"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    let value = fixture.ask(&["why", "0:13", "--json"]).json();
    assert_eq!(value["detail"]["error"], "TypeError");
    assert_eq!(fixture.ask(&["why", "0:14", "--json"]).json()["detail"], serde_json::Value::Null);
}

#[test]
fn rows_for_programs_have_what_was_told() {
    // Promise: kr fetch and kr slow give details, of sealed rows and of others.
    let fixture = three_processes();
    for _ in 0..2 {
        let row = fixture.ask(&["fetch", "0:13", "--json"]).json();
        assert_eq!(
            (&row["detail"]["in_flight"], &row["detail"]["loop_busy"]),
            (&13.into(), &0.007.into())
        );
        let text = fixture.ask(&["slow", "--json", "-n", "500"]).text();
        assert_eq!(text.matches("\"error\":\"TypeError\"").count(), 50);
        fixture.ask(&["compact"]).text();
    }
}

#[test]
fn what_was_thrown_stands_beside_the_outcome() {
    // Promise: kr slow, fetch and tail show class and message of what failed calls have thrown:
    // whole where there is room, cut with a mark in a narrow terminal, where the columns that say
    // what and when stay; nothing in it obeys a terminal.
    let fixture = three_processes();
    let whole = r#"  error TypeError: 13, "quoted"\u{a}\u{1b}[31m🙂  "#;
    let commands = [
        &["fetch", "0:13"][..],
        &["fetch", "--outcome", "error"],
        &["slow", "-n", "500"],
        &["tail", "-n", "500"],
    ];
    for args in commands {
        let text = fixture.ask(args).text();
        assert!(text.lines().any(|line| line.contains(whole)), "{args:?}: {text}");
        let narrow = Answer::of(fixture.command(args).env("COLUMNS", "80")).text();
        assert!(narrow.contains("  error TypeError"), "{args:?}: {narrow}");
        assert!(narrow.lines().all(|line| line.width() <= 80), "{args:?}: {narrow}");
        let heading = narrow.lines().next().unwrap_or_default();
        let titles = Vec::from_iter(heading.split_whitespace());
        assert!(titles.starts_with(&["lane:seq", "start", "duration", "outcome", "name"]));
    }
}

#[test]
fn rows_without_what_was_thrown_take_no_room_for_it() {
    // Promise: where nothing was thrown, or nobody looked at it, the outcome is a word.
    let fixture = Fixture::shop();
    let text = fixture.ask(&["slow", "--outcome", "error"]).text();
    assert!(text.lines().skip(1).take(8).all(|line| line.contains("  error    ")), "{text}");
}
