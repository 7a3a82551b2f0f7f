//! `kr why` and `kr tree`: why a call was slow, and what called what.

use kronicler_format::{Counters, Flags, Kind, Outcome, Row, SeriesEntry};
use serde_json::Value;

use crate::fixture::{Answer, Fixture, START_NS};
use crate::service::service;

/// The words of a text, however its lines are broken.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_blocked_call_is_explained_in_one_sentence() {
    // Promise: the first thing said is what kept a slow call, how long of how much, and where that
    // is, whether it is asked for by id or is the slowest that the options choose.
    let fixture = service();
    let text = fixture.ask(&["why", "--name", "GET /orders/:id"]).text();
    let said = words(&text);
    let sentence = "388 of 402 ms blocked by hashPassword (sync, src/auth.js:9), in a call of POST \
                    /login.";
    assert!(said.contains(sentence), "{text}");
    assert!(said.starts_with("The slowest call of those that match, 0:"), "{text}");
    let id = said.split([' ', ':']).nth(8).expect("a sequence");
    let by_id = fixture.ask(&["why", &format!("0:{id}")]).text();
    assert!(text.ends_with(&by_id), "{by_id}");
    assert!(by_id.starts_with("GET /orders/:id took 402 ms, 16"), "{by_id}");
    for part in ["waiting for findOrder", "The minute was as usual", "kr tree 0:", "thread 0"] {
        assert!(by_id.contains(part), "{part}: {by_id}");
    }
}

#[test]
fn a_callee_far_down_is_named_with_the_way_to_it() {
    // Promise: of a slow call the function is named in which the time went, not the one that called
    // it, with the way there.
    let text = service().ask(&["why", "--name", "GET /quote*"]).text();
    let sentence = "in rebuildPriceList (sync, src/quotes.js:33), by way of quote > priceList.";
    assert!(words(&text).contains(sentence), "{text}");
}

#[test]
fn amounts_for_programs_add_up() {
    // Promise: parts make up the duration; keys are stable, and the reason is an index of parts.
    let value = service().ask(&["why", "--name", "GET /orders/:id", "--json"]).json();
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "schema command dir partial call verdict reason parts of_all of_minute \
                    other_functions other_functions_slowed other_functions_ratio in_flight \
                    in_flight_mean in_flight_usual callers detail cut uncounted";
    assert_eq!(keys.join(" "), expected);
    assert_eq!((&value["schema"], &value["command"]), (&1.into(), &"why".into()));
    let parts = value["parts"].as_array().unwrap();
    let sum: u64 = parts.iter().map(|part| part["duration_ns"].as_u64().unwrap()).sum();
    assert_eq!(value["call"]["duration_ns"], sum);
    let reason = &parts[usize::try_from(value["reason"].as_u64().unwrap()).unwrap()];
    let keys: Vec<&str> = reason.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "kind name source of rows duration_ns share usual_ns one_in path";
    assert_eq!(keys.join(" "), expected);
    assert_eq!((&reason["kind"], &reason["name"]), (&"blocked".into(), &"hashPassword".into()));
    assert_eq!((&reason["of"], &reason["usual_ns"]), (&"POST /login".into(), &0.into()));
    let keys: Vec<&str> = value["of_all"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys.join(" "), "count median_ns faster_count slowest");
    let csv = service().ask(&["why", "--csv"]).text();
    assert!(
        csv.starts_with("kind,name,source,of,rows,duration_ns,share,usual_ns,one_in\n"),
        "{csv}"
    );
}

#[test]
fn the_tree_shows_what_called_what() {
    // Promise: functions stand below those that called them, also sync ones below the request that
    // they were part of, with total and self time.
    let fixture = service();
    let tree = fixture.ask(&["tree", "--json"]).json();
    let keys: Vec<&str> = tree.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "schema command dir partial rows total_ns folded_rows sampled nodes";
    assert_eq!(keys.join(" "), expected);
    let nodes = tree["nodes"].as_array().unwrap();
    let keys: Vec<&str> = nodes[0].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "index caller depth name source kind rows total_ns self_ns share";
    assert_eq!(keys.join(" "), expected);
    let path = |node: &Value| {
        let (mut node, mut path) = (node, Vec::new());
        loop {
            path.insert(0, node["name"].as_str().unwrap());
            let Some(caller) = node["caller"].as_u64() else { return path.join(" > ") };
            node = &nodes[usize::try_from(caller).unwrap()];
        }
    };
    let paths: Vec<String> = nodes.iter().map(path).collect();
    let quote = "GET /quote/:sku > quote > priceList > rebuildPriceList > priceOf";
    for path in ["POST /login > login > hashPassword", "GET /orders/:id > findOrder", quote] {
        assert!(paths.iter().any(|found| found == path), "{path}: {paths:?}");
    }
    assert_eq!(paths.len(), 10, "{paths:?}");
    let own: u64 = nodes.iter().map(|node| node["self_ns"].as_u64().unwrap()).sum();
    assert_eq!(tree["total_ns"], own, "self times make up all");
    let login = fixture.ask(&["tree", "--name", "login", "--csv", "--depth", "1"]).text();
    let lines: Vec<&str> = login.lines().collect();
    assert_eq!(lines.len(), 2, "{login}");
    assert!(lines[1].starts_with("0,,0,login,src/auth.js:21,async,24,"), "{login}");
}

#[test]
fn the_tree_of_a_call_shows_who_made_it() {
    // Promise: callers stand above a call with their ids and whether they are certain, callees
    // below.
    let fixture = service();
    let slow = fixture.ask(&["slow", "--name", "priceList", "-n", "1", "--csv"]).text();
    let id = slow.lines().nth(1).and_then(|line| line.split(',').next()).expect("an id");
    let text = fixture.ask(&["tree", id]).text();
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let starts =
        ["GET /quote/:sku?  0:", "  quote  0:", "    priceList  ", "      rebuildPriceList"];
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{start}: {text}");
    }
    let value = fixture.ask(&["tree", id, "--json"]).json();
    let callers = value["callers"].as_array().unwrap();
    let certain: Vec<&Value> = callers.iter().map(|caller| &caller["certain"]).collect();
    assert_eq!(certain, [false, true], "from an async call on nothing is certain");
    assert_eq!(value["nodes"][0]["name"], "priceList");
}

#[test]
fn what_is_not_shown_of_a_tree_is_told() {
    // Promise: lines that are left out for their share or their number are counted.
    let fixture = service();
    let all = fixture.ask(&["tree", "--min-share", "0"]).text();
    assert_eq!(all.lines().count(), 1 + 10, "{all}");
    let some = fixture.ask(&["tree", "-n", "3"]).text();
    assert!(
        some.contains("7 lines of less time not shown; --min-share 0 -n 10 shows all"),
        "{some}"
    );
    let large = fixture.ask(&["tree", "--min-share", "50%"]).text();
    assert!(large.lines().count() < all.lines().count(), "{large}");
}

/// Calls of which not each has a row, and calls that were dropped.
fn sampled() -> Fixture {
    let fixture = Fixture::bare();
    let counters = Counters { dropped_ring: 3, ..Counters::default() };
    let (writer, state) = fixture.begin_with(
        "1.4.0",
        START_NS,
        |names| {
            let mut row = |name: &str, weight, start_ns: i64, end_ns: i64| {
                let flags = Flags::new(Outcome::Ok, Kind::Sync);
                let entry = SeriesEntry { name: 0, flags, weight, status_class: 0 };
                let series = names.intern(name, "a.js:1", entry);
                let duration_ns = end_ns.abs_diff(start_ns);
                Row { series, thread: 0, end_ns: START_NS + end_ns, duration_ns }
            };
            vec![row("each", 100, 10, 20), row("all", 1, 0, 1_000)]
        },
        counters,
    );
    writer.close(&state).expect("a closed lane");
    fixture
}

#[test]
fn what_may_be_missing_is_said() {
    // Promise: where not every call has a row, and where calls were dropped, answers say so.
    let fixture = sampled();
    let text = words(&fixture.ask(&["why", "0:1"]).text());
    assert!(text.contains("In each 1 call in 100 of some function is recorded"), "{text}");
    assert!(text.contains("3 calls of its lane were dropped or lost"), "{text}");
    let text = words(&fixture.ask(&["why", "0:0"]).text());
    assert!(text.contains("1 call of it in 100 is recorded"), "{text}");
    let text = fixture.ask(&["tree"]).text();
    assert!(text.contains("of each 1 call in 100 is recorded"), "{text}");
}

#[test]
fn calls_that_are_not_there_end_with_4() {
    // Promise: exit code 4 for an id without a row; an empty answer is none for people.
    let fixture = service();
    for args in [&["why", "0:99999999"][..], &["tree", "7:0"], &["why", "--name", "no", "--json"]] {
        let Answer { code, out, err } = fixture.ask(args);
        assert_eq!((code, out.as_str()), (4, ""), "{args:?}");
        assert!(err.starts_with("kr: there is no ") && err.contains("; "), "{err}");
    }
    let none = fixture.ask(&["why", "--name", "no"]).text();
    assert!(none.starts_with("There are no calls that match;"), "{none}");
    let none = fixture.ask(&["tree", "--name", "no"]).text();
    assert!(none.starts_with("There are no calls that match;"), "{none}");
    for args in [
        &["why", "0:1", "--name", "a"][..],
        &["tree", "0:1", "--since", "1h"],
        &["tree", "--min-share", "101"],
        &["tree", "--depth", "0"],
        &["why", "x"],
    ] {
        assert_eq!(fixture.ask(args).code, 2, "{args:?}");
    }
}
