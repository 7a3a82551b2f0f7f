//! From before there is a database until nobody writes to it any more.

use std::fs;
use std::process::{Command, Stdio};

use crate::service::Service;
use crate::tmux::{Tmux, is_here};

#[test]
fn it_waits_for_a_database_and_follows_it() {
    // Promise: started before the service it waits and says for what; it shows the service once it
    // writes, its end, and after the data was cleared only what came since.
    if !is_here() {
        return;
    }
    let tmux = Tmux::start((80, 24), &[]);
    let dir = tmux.database();
    tmux.top("");
    tmux.wait_for_text("There is no database yet in");
    Service::start(&dir).close();
    tmux.wait_for_text("shop 1.4.0 on web-1, ended");
    tmux.wait_for_text("1 lane, 0 open");
    let service = Service::start(&dir);
    tmux.wait_for(|screen| screen.contains("1 lane\n") && !screen.contains("ended"));
    let _kept = service.clear();
    let screen = tmux.wait_for_text("afterClear");
    assert!(!screen.contains("getQuote"), "{screen}");
    fs::remove_dir_all(&dir).unwrap();
    tmux.wait_for_text("There is no database yet in");
    tmux.press(&["q"]);
    tmux.wait_for(|screen| screen.ends_with("$\n") || screen.trim_end().ends_with('$'));
}

#[test]
fn a_second_process_is_a_second_lane() {
    // Promise: lanes that appear are shown with the others, calls of the same function together.
    if !is_here() {
        return;
    }
    let tmux = Tmux::start((80, 24), &[]);
    let dir = tmux.database();
    let _first = Service::start(&dir);
    tmux.top("");
    tmux.wait_for_text("73 calls/s");
    let _second = Service::start(&dir);
    let screen = tmux.wait_for_text("146 calls/s");
    assert!(screen.contains("2 lanes") && screen.contains("web-1, 2 processes"), "{screen}");
}

#[test]
fn a_function_in_a_crowd_is_found() {
    // Promise: of more functions than can be watched the busiest are, which is told; a pattern
    // brings others up, with their calls of the last minutes.
    if !is_here() {
        return;
    }
    let tmux = Tmux::start((80, 24), &[]);
    let _service = Service::crowd(&tmux.database());
    tmux.top("--window 1m");
    tmux.wait_for_text("the busiest 1,024 of 1,500 functions; / for others");
    tmux.press(&["/", "f", "0", "0", "7", "*", "Enter"]);
    // f0070 to f0079, of which each is called once a minute.
    let screen = tmux.wait_for_text(">f0070");
    let is_found = |line: &&str| line.get(1..).is_some_and(|text| text.starts_with("f007"));
    assert_eq!(screen.lines().filter(is_found).count(), 10, "{screen}");
    assert!(screen.contains("25 calls/s"), "{screen}");
}

#[test]
fn damage_is_told() {
    // Promise: rows that cannot be read are told of, the others are shown.
    if !is_here() {
        return;
    }
    let tmux = Tmux::start((80, 24), &[]);
    let dir = tmux.database();
    Service::start(&dir).close();
    let head = dir.join("lane-0000/head-0000000001");
    let mut bytes = fs::read(&head).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&head, bytes).unwrap();
    tmux.top("--window 5m");
    let screen = tmux.wait_for_text("some stored rows cannot be read, see kr health");
    assert!(screen.contains("getQuote"), "{screen}");
}

/// What `kr top` says without a terminal: its exit code and the standard error.
fn refusal(args: &[&str], dir: &std::path::Path) -> (Option<i32>, String) {
    let mut kr = Command::new(env!("CARGO_BIN_EXE_kr"));
    let kr = kr.arg("top").args(args).arg("--dir").arg(dir).stdin(Stdio::null());
    let out = kr.output().expect("the program runs");
    assert!(out.stdout.is_empty());
    (out.status.code(), String::from_utf8(out.stderr).expect("text"))
}

#[test]
fn it_refuses_what_it_cannot_do() {
    // Promise: without a terminal, with TERM=dumb, with options for answers that are written, it
    // says so and what to use instead, and ends with 2.
    let dir = tempfile::TempDir::new().unwrap();
    for (args, part) in [
        (&[][..], "top needs a terminal to draw on"),
        (&["--json"], "leave out --json and --csv"),
        (&["--until", "1h"], "leave out --until"),
        (&["--interval", "10ms"], "write 1s to 1m"),
        (&["--window", "1h"], "10s, 1m, 5m, all"),
    ] {
        let (code, text) = refusal(args, dir.path());
        assert!(code == Some(2) && text.contains(part), "{args:?} {text}");
        assert!(text.starts_with("kr:") && text.contains(";"), "{text}");
    }
    if !is_here() {
        return;
    }
    let tmux = Tmux::start((80, 24), &[("TERM", "dumb")]);
    tmux.top("");
    tmux.wait_for_text("kr: top needs a terminal");
    tmux.enter("clear; cd /; unset KRONICLER_DIR; TERM=xterm kr top; echo code $?");
    tmux.wait_for_text("code 4");
    tmux.enter("clear; TERM=xterm kr top --dir $HOME/no/such/place; echo then $?");
    let screen = tmux.wait_for_text("then 4");
    assert!(screen.contains("there is no directory"), "{screen}");
}
