//! What the thread of a slow or failed call could tell of it, as `kr` shows it.

use crate::export::world::three_processes;

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
