//! `kr doctor` about what services have hooked.

use kronicler_format::{Counters, Hook, HookKind, Hooks, Outcome};
use kronicler_store::{LaneState, LaneWriter};

use crate::fixture::{Call, Fixture, START_NS};

const CALL: Call<'_> = Call {
    name: "src/users:add",
    source: "src/users.js:2",
    outcome: Outcome::Ok,
    end_ns: START_NS,
    duration_ns: 7,
};

fn hook(kind: HookKind, subject: &str, functions: u64, remark: &str) -> Hook {
    Hook { kind, subject: subject.into(), functions, remark: remark.into() }
}

fn hooks() -> Hooks {
    let list = vec![
        hook(HookKind::Channel, "http.server.request.start", 0, ""),
        hook(HookKind::Channel, "ioredis:command", 0, ""),
        hook(HookKind::Signal, "gc", 0, ""),
        hook(HookKind::Entry, "kronicler/otel", 0, ""),
        hook(HookKind::Pattern, "./src/**", 12, "src/users:add, src/users:find"),
        hook(HookKind::Pattern, "lodash:nothing", 0, "lodash exports no such function"),
        hook(HookKind::Pattern, "./nowhere/*", 0, ""),
        hook(HookKind::LeftAlone, "src/frozen:\u{1b}[1mrun", 0, "it cannot be replaced"),
    ];
    Hooks { list, left_out: 3 }
}

/// Lets a process of this version write a call, and what it has hooked; it goes on.
fn begin(fixture: &Fixture, version: &str, hooks: &Hooks) -> (LaneWriter, LaneState) {
    let (mut writer, mut state) =
        fixture.begin_version(version, START_NS, &[CALL], Counters::default());
    writer.append_hooks(hooks).expect("there is room");
    writer.absorb_into(&mut state, &[]);
    (writer, state)
}

/// As [`begin`], to its end.
fn write(fixture: &Fixture, version: &str, hooks: &Hooks) {
    let (writer, state) = begin(fixture, version, hooks);
    writer.close(&state).expect("a closed lane");
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_doctor_says_what_was_hooked() {
    // Promise: parts that are on, what patterns captured, and a warning for each that met nothing,
    // with the reason; it is no problem, and control characters stay harmless.
    let fixture = Fixture::bare();
    write(&fixture, "1.4.0", &hooks());
    let text = words(&fixture.ask(&["doctor"]).text());
    let who = "shop 1.4.0 (process 4711)";
    for expected in [
        format!(
            "ok hooks: {who} listens to http.server.request.start, ioredis:command; records the \
             signals gc; uses kronicler/otel; 3 more are not told one by one"
        ),
        format!(
            "ok include list: {who} captures by ./src/** (12 functions: src/users:add, \
             src/users:find, ...)"
        ),
        format!(
            "warning include list: {who} captures nothing by lodash:nothing: lodash exports no \
             such function; check path and member"
        ),
        "captures nothing by ./nowhere/*: no module that was loaded exports such a function;"
            .to_owned(),
        format!("warning left alone: {who} had to leave alone src/frozen:"),
    ] {
        assert!(text.contains(&expected), "{expected}\nis not in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
    let answer = fixture.ask(&["doctor", "--json"]).json();
    let told = &answer["hooked"][0];
    let keys: Vec<&str> = told.as_object().expect("one").keys().map(String::as_str).collect();
    let expected =
        ["service", "version", "instance", "pid", "start", "processes", "hooks", "left_out"];
    assert!(expected.iter().all(|key| keys.contains(key)) && keys.len() == 8, "{keys:?}");
    assert_eq!((&told["pid"], &told["left_out"]), (&4_711.into(), &3.into()));
    let pattern = serde_json::json!({
        "kind": "pattern", "subject": "./src/**", "functions": 12,
        "remark": "src/users:add, src/users:find",
    });
    assert_eq!(told["hooks"][4], pattern);
    let channel = serde_json::json!({
        "kind": "channel", "subject": "ioredis:command", "functions": null, "remark": null,
    });
    assert_eq!(told["hooks"][1], channel);
}

#[test]
fn processes_that_are_alike_are_told_once() {
    // Promise: of a cluster one is told, with how many it speaks for; other versions by themselves,
    // and of a lane only its last process.
    let fixture = Fixture::bare();
    write(&fixture, "1.3.0", &hooks());
    let cluster: Vec<_> = (0..3).map(|_| begin(&fixture, "1.4.0", &hooks())).collect();
    let one = Hooks { list: hooks().list[..1].to_vec(), left_out: 0 };
    write(&fixture, "1.5.0", &one);
    let answer = fixture.ask(&["doctor", "--json"]).json();
    let told = answer["hooked"].as_array().expect("a list");
    let mut sorts: Vec<(&str, u64)> = told
        .iter()
        .map(|one| (one["version"].as_str().expect("text"), one["processes"].as_u64().unwrap()))
        .collect();
    sorts.sort_unstable();
    assert_eq!(sorts, [("1.4.0", 3), ("1.5.0", 1)]);
    let text = words(&fixture.ask(&["doctor"]).text());
    assert!(text.contains("shop 1.4.0 (process 4711 and 2 more like it)"), "{text}");
    drop(cluster);
    let none = Fixture::shop();
    let text = words(&none.ask(&["doctor"]).text());
    assert!(text.contains("ok hooks: none that a process told of"), "{text}");
}
