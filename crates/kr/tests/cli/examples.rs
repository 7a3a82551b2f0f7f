//! Runs the console blocks of `docs/cli.md` and compares what they print with what stands there.
//!
//! A block runs in the directory around the database that the comment before it names
//! (`<!-- database: NAME -->`, else `shop`; see [`database`]), made anew for each block, by `sh`,
//! 80 columns wide and in UTC. Standard output and standard error are read as a terminal would
//! show them. Only the place of the directory and checksums are not compared: the one is different
//! on each machine, the others in each database.
//!
//! After a wanted change: `KRONICLER_GOLDEN=write cargo test -p kr --test cli examples`.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs, io};

use kronicler_format::Counters;

use crate::answers::call;
use crate::fixture::{Fixture, START_NS, spawn};
use crate::service::service;

/// The directory that the document speaks of.
const SHOWN_ROOT: &str = "/srv/shop";

/// Databases by name. Whoever describes a new command may add one.
pub fn database(name: &str) -> Database {
    match name {
        "shop" => shop(),
        "service" => Database { fixture: service(), _owner: None },
        "shop, with a damaged footer" => {
            let database = shop();
            database.fixture.ask(&["compact"]).text();
            damage_footer(&database.fixture);
            database
        }
        "two versions" => Database { fixture: crate::comparing::two_versions(), _owner: None },
        _ => unreachable!("tests/cli/examples.rs knows no database {name:?}"),
    }
}

/// A database, and what keeps a lane of it owned.
pub struct Database {
    pub fixture: Fixture,
    _owner: Option<(kronicler_store::LaneWriter, kronicler_store::LaneState)>,
}

/// The shop, whose first process was killed and whose second one still writes.
fn shop() -> Database {
    let fixture = Fixture::open_shop();
    let minutes = 800 * 1_000_000_000;
    let (killed, _) = fixture.begin(&[], Counters::default());
    let counters = Counters { dropped_ring: 12, ..Counters::default() };
    let late = [call("late", START_NS + minutes, 1_500_000)];
    let owner = fixture.begin(&late, counters);
    drop(killed);
    Database { fixture, _owner: Some(owner) }
}

fn damage_footer(fixture: &Fixture) {
    let path = fixture.dir().join("lane-0000/segment-0000000000");
    let mut bytes = fs::read(&path).expect("a segment");
    let middle_of_footer = bytes.len() - 1_000;
    bytes[middle_of_footer] ^= 1;
    fs::write(&path, bytes).expect("a damaged segment");
}

#[test]
fn the_examples_in_the_documentation_are_real() {
    // Promise: who types a command of docs/cli.md sees what stands there.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let text = fs::read_to_string(&path).unwrap();
    let (mut renewed, mut wrong, mut name) = (String::new(), Vec::new(), "shop");
    let mut parts = text.split_inclusive('\n');
    while let Some(line) = parts.next() {
        renewed.push_str(line);
        let comment = line.trim().strip_prefix("<!-- database: ");
        name = comment.and_then(|rest| rest.strip_suffix(" -->")).unwrap_or(match line.trim() {
            "" => name,
            "```console" => name,
            _ => "shop",
        });
        if line.trim() != "```console" {
            continue;
        }
        let block: String = parts.by_ref().take_while(|line| line.trim() != "```").collect();
        let real = run_block(&database(name), &block);
        let is_same = comparable(&block) == comparable(&real);
        renewed.push_str(if is_same { &block } else { &real });
        renewed.push_str("```\n");
        if !is_same {
            wrong.push(format!("in the documentation:\n{block}\nreally:\n{real}"));
        }
    }
    assert!(renewed.contains("$ kr\n"), "there are examples");
    if env::var("KRONICLER_GOLDEN").is_ok_and(|value| value == "write") {
        fs::write(&path, renewed).unwrap();
    } else {
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// The block as it should be: each command, and what it prints.
fn run_block(database: &Database, block: &str) -> String {
    let (mut real, mut code) = (String::new(), 0);
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let (text, next_code) = run(&database.fixture, command, code);
            code = next_code;
            real.push_str(&format!("{line}\n{text}"));
        }
    }
    real
}

/// What a command prints, and its exit code, which the next one sees as `$?`.
fn run(fixture: &Fixture, command: &str, code_before: i32) -> (String, i32) {
    let root = fixture.root().canonicalize().expect("a directory");
    let (mut reader, writer) = io::pipe().expect("a pipe");
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("(exit {code_before}); {command}")]).current_dir(&root);
    shell.env_clear().env("PATH", path_with_kr()).env("TZ", "UTC").env("COLUMNS", "80");
    shell.stdin(Stdio::null()).stdout(writer.try_clone().expect("a pipe")).stderr(writer);
    let mut child = spawn(&mut shell);
    // It holds the other end of the pipe.
    drop(shell);
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("text");
    let code = child.wait().expect("it ends").code().expect("an exit code");
    (text.replace(&*root.to_string_lossy(), SHOWN_ROOT), code)
}

fn path_with_kr() -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_kr")).parent().expect("a directory");
    format!("{}:{}", programs.display(), env::var("PATH").unwrap_or_default())
}

/// The text without what is different in each database: checksums.
pub fn comparable(text: &str) -> String {
    let mut parts = text.split("0x");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("0x");
        out.push_str(part.trim_start_matches(|char: char| char.is_ascii_hexdigit()));
    }
    out
}
