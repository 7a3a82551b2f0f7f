//! `kr pause`, `kr resume`, `kr clear` and `kr doctor`.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kronicler::{Database, Options};
use kronicler_format::Counters;
use kronicler_store::{Disk, Storage, read_controls};

use crate::answers::call;
use crate::fixture::{Answer, Fixture, START_NS};

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Words of a text, with one space between two.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_pause_is_said_and_undone() {
    // Promise: pause and resume say what is so now, health and doctor tell of a pause, and nothing
    // is left in the directory afterwards.
    let fixture = Fixture::shop();
    let value = fixture.ask(&["pause", "--json"]).json();
    assert_eq!((&value["command"], &value["changed"]), (&"pause".into(), &true.into()));
    assert!(value["since"].as_str().is_some_and(|since| since.ends_with('Z')), "{value}");
    assert_eq!(fixture.ask(&["pause", "--json"]).json()["changed"], false);
    assert_eq!(fixture.ask(&["health", "--json"]).json()["paused_since"], value["since"]);
    let text = words(&fixture.ask(&["health"]).text());
    assert!(text.contains("captures are paused since"), "{text}");
    let doctor = fixture.ask(&["doctor", "--json"]).json();
    let checks = doctor["checks"].as_array().expect("checks");
    let paused = checks.iter().find(|check| check["check"] == "capturing").expect("a check");
    assert_eq!(paused["level"], "warning");
    assert_eq!(paused["remedy"], "kr resume lets them go on");
    let text = words(&fixture.ask(&["resume"]).text());
    assert!(text.contains("captures go on within a second; they were paused since"), "{text}");
    assert!(words(&fixture.ask(&["resume"]).text()).contains("captures were not paused"));
    assert_eq!(fixture.ask(&["resume", "--csv"]).text(), "paused,since,changed\nfalse,,false\n");
    let names = fs::read_dir(fixture.dir()).expect("it can be listed");
    let mut names: Vec<_> = names.map(|entry| entry.expect("listed").file_name()).collect();
    names.sort();
    assert_eq!(names, ["lane-0000", "lock"]);
}

#[test]
fn a_service_heeds_what_kr_says() {
    // Promise: a process that captures stops and goes on, and begins anew, as kr wishes; its rows
    // are gone at once, its next ones are kept, and kr waits for it.
    let fixture = Fixture::bare();
    let db = Database::open(Options::new(fixture.dir())).expect("opens");
    drop(db.start("early"));
    db.flush().expect("is stored");
    fixture.ask(&["pause"]).text();
    wait_for("the pause", || {
        drop(db.start("busy"));
        db.health().is_paused
    });
    let seen = db.health().seen;
    drop(db.start("missed"));
    assert_eq!(db.health().seen, seen);
    fixture.ask(&["resume"]).text();
    wait_for("its end", || !db.health().is_paused);

    fixture.write(&[call("gone", START_NS, 1)], Counters::default(), true);
    let value = std::thread::scope(|scope| {
        let cleared = scope.spawn(|| fixture.ask(&["clear", "--yes", "--json"]));
        while !cleared.is_finished() {
            drop(db.start("busy"));
            std::thread::sleep(Duration::from_millis(1));
        }
        cleared.join().expect("it ends").json()
    });
    let states: Vec<_> = value["lanes"].as_array().expect("lanes").iter().collect();
    assert_eq!((&states[0]["state"], &states[1]["state"]), (&"emptied".into(), &"emptied".into()));
    assert_eq!(states[1]["rows"], 1);
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    assert!(read_controls(&*storage, &fixture.dir()).expect("is read").control.is_empty());
    drop(db.start("late"));
    db.flush().expect("is stored");
    let names = fixture.ask(&["names", "--csv"]).text();
    assert!(names.contains("late,1") && !names.contains("gone") && !names.contains("early"));
    db.close().expect("ends in order");
}

#[test]
fn nobody_is_woken_for_a_clear() {
    // Promise: the rows of a process that does nothing are gone as well, and kr says that it has
    // yet to remove its files; other commands show nothing of them.
    let fixture = Fixture::bare();
    let (_writer, _state) = fixture.begin(&[call("old", START_NS, 1)], Counters::default());
    let text = words(&fixture.ask(&["clear", "-y"]).text());
    let expected = "lane 0: 1 row forgotten; shop (process 4711) has not looked yet, and removes \
                    the files with its next call";
    assert!(text.contains(expected), "{text}");
    assert_eq!(fixture.ask(&["names", "--csv"]).text(), "name,count,source\n");
    assert_eq!(fixture.ask(&["health", "--json"]).json()["cleared_lanes"][0], 0);
    assert!(words(&fixture.ask(&["health"]).text()).contains("1 lane cleared, whose files go"));
    assert!(words(&fixture.ask(&["verify"]).text()).contains("0 cleared 0 0 0 0"));
    let doctor = words(&fixture.ask(&["doctor"]).text());
    assert!(doctor.contains("warning cleared lanes: 1 lane cleared"), "{doctor}");
}

#[test]
fn clearing_wants_to_be_meant() {
    // Promise: without a terminal and without --yes nothing is cleared, and filters are refused.
    let fixture = Fixture::shop();
    let refused = fixture.ask(&["clear"]);
    assert_eq!((refused.code, refused.out.as_str()), (2, ""));
    assert!(refused.err.contains("no terminal to ask on; add --yes"), "{}", refused.err);
    for args in
        [&["clear", "--yes", "--name", "a"][..], &["pause", "-n", "1"], &["doctor", "-n", "1"]]
    {
        let answer = fixture.ask(args);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{args:?}");
    }
    assert_eq!(fixture.ask(&["health", "--json"]).json()["rows"], 7_500);
    let missing = Fixture::bare();
    for command in ["clear", "pause", "resume", "doctor"] {
        let dir = missing.root().join("nowhere");
        let answer = missing.ask(&[command, "--dir", dir.to_str().expect("text")]);
        assert_eq!((answer.code, dir.exists()), (4, false), "{command}: {}", answer.err);
    }
}

#[test]
#[cfg(unix)]
fn a_directory_that_cannot_be_written_is_told() {
    // Promise: what cannot be said to the processes is an error with its file, not a silence.
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let fixture = Fixture::shop();
    let of_root = fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0);
    fs::set_permissions(fixture.dir(), fs::Permissions::from_mode(0o500)).expect("ours");
    let answers = ["pause", "clear"].map(|command| {
        let args = if command == "clear" { &["clear", "--yes"][..] } else { &["pause"] };
        fixture.ask(args)
    });
    fs::set_permissions(fixture.dir(), fs::Permissions::from_mode(0o700)).expect("ours");
    // Root may write anywhere.
    for Answer { code, err, .. } in answers.into_iter().filter(|_| !of_root) {
        assert_eq!(code, 1, "{err}");
        assert!(err.starts_with("kr: cannot lock ") && err.contains("Permission denied"), "{err}");
    }
    fs::write(fixture.dir().join("control-0000000009"), [7; 300]).expect("it can be written");
    let doctor = words(&fixture.ask(&["doctor"]).text());
    assert!(doctor.contains("warning control file:") && doctor.contains("control-0000000009"));
    assert_eq!(fixture.ask(&["verify"]).code, 1);
    fixture.ask(&["resume"]).text();
    fixture.ask(&["verify"]).text();
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    // Promise: each check has a level, a fact and a remedy; problems come first and end with 1;
    // lost calls, hot tiny functions and minified names are told with what to do.
    let fixture = Fixture::bare();
    let names: Vec<String> = (b'a'..b'k').map(|letter| char::from(letter).to_string()).collect();
    let calls: Vec<_> = (0..120_000)
        .map(|index| call(&names[if index < 9 { index + 1 } else { 0 }], START_NS, 40))
        .collect();
    let counters =
        Counters { dropped_ring: 3, dropped_store: 4, lost_at_most: 5, ..Counters::default() };
    fixture.write(&calls, counters, true);
    let answer = fixture.ask(&["doctor", "--json"]);
    assert_eq!((answer.code, answer.err.as_str()), (1, ""));
    let value: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
    let checks = value["checks"].as_array().expect("checks");
    let find = |name: &str| {
        let check = checks.iter().find(|check| check["check"] == name);
        check.unwrap_or_else(|| panic!("there is {name} in {value}"))
    };
    assert_eq!((&value["problems"], &checks[0]["check"]), (&1.into(), &"dropped: store".into()));
    for name in ["dropped: ring", "lost: unclean ends", "hot functions", "function names"] {
        let check = find(name);
        assert_eq!(check["level"], "warning", "{check}");
        assert!(check["remedy"].as_str().is_some_and(|remedy| remedy.len() > 20), "{check}");
    }
    let hot = find("hot functions");
    assert!(hot["fact"].as_str().expect("text").starts_with("a takes 40 ns a call, 119,991 times"));
    assert!(hot["remedy"].as_str().expect("text").contains("{ every: "), "{hot}");
    assert!(find("capture cost")["fact"].as_str().expect("text").contains("ns here ("));
    for name in
        ["disk", "size", "permissions", "lanes", "rows reach", "history", "versions", "clock"]
    {
        assert_ne!(find(name)["level"], "problem", "{name}");
    }
    let levels: Vec<_> =
        checks.iter().map(|check| check["level"].as_str().expect("text")).collect();
    let rank = |level: &&str| ["problem", "warning", "ok"].iter().position(|word| word == level);
    assert!(levels.is_sorted_by_key(rank), "{levels:?}");
    let csv = fixture.ask(&["doctor", "--csv"]);
    assert_eq!(csv.out.lines().next(), Some("check,level,fact,remedy,file"));
    let well = Fixture::shop();
    let text = words(&well.ask(&["doctor"]).text());
    assert!(text.contains("ok calls: no call was dropped or lost"), "{text}");
}
