//! Readers that may not write, or may not even read.

use std::env;
use std::fs;
use std::path::Path;

use kronicler::query::{Filter, stats};
use kronicler::{Database, Options, Reader};

use crate::check::check_dir;
use crate::child::Role;
use crate::content::Content;
use crate::place::{Mount, forbid_writing, is_root, open_dir, say, set_mode};

const ROW_COUNT: u64 = 150_000;

/// A living database in `dir` with sealed rows and others.
fn write(dir: &Path, content: &Content) -> Database {
    let db = Database::open(Options::new(dir)).expect("opens");
    content.capture(&db, 0..ROW_COUNT);
    db.flush().expect("is stored");
    db
}

/// What is in a directory and when it was changed, names first.
fn listing(dir: &Path) -> Vec<(String, u64, std::time::SystemTime)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).expect("is readable") {
        let path = entry.expect("is readable").path();
        let metadata = fs::metadata(&path).expect("is there");
        let changed = metadata.modified().expect("is known");
        all.push((path.display().to_string(), metadata.len(), changed));
        if metadata.is_dir() {
            all.extend(listing(&path));
        }
    }
    all.sort();
    all
}

#[test]
fn another_user_reads_what_the_mode_of_the_directory_lets_him() {
    // Promise: who may enter the directory that the user made reads without writing; a directory
    // that Kronicler made is the user's alone, and the refusal names file and cause.
    if !is_root() {
        return say("skipped: only root can take the place of another user");
    }
    let parent = open_dir();
    let program = parent.path().join("program");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    set_mode(&program, 0o755);
    let content = Content::now(8);
    let shared = parent.path().join("shared");
    fs::create_dir(&shared).unwrap();
    set_mode(&shared, 0o755);
    let closed = parent.path().join("closed");
    let writers = [write(&shared, &content), write(&closed, &content)];
    let answers = [&shared, &closed].map(|dir| {
        let (dir, content) = (dir.clone(), content.clone());
        let role = Role { name: "asker", dir, content, limit: 0, seed: 0 };
        role.start_as_nobody(&program).end()
    });
    assert_eq!(answers[0], [ROW_COUNT.to_string()]);
    let refusal = &answers[1][0];
    assert!(refusal.starts_with("KRONICLER_"), "{refusal}");
    let cause = format!("{}: Permission denied", closed.display());
    assert!(refusal.contains(&cause), "{refusal}");
    for db in writers {
        db.close().unwrap();
    }
}

#[test]
fn a_read_only_mount_is_read() {
    // Promise: no reader writes, or takes a lock: where nothing can be written all is read.
    let parent = tempfile::tempdir().unwrap();
    let (dir, seen) = (parent.path().join("data"), parent.path().join("mounted"));
    let content = Content::now(8);
    let db = write(&dir, &content);
    let Some(_mount) = Mount::read_only(&dir, &seen) else { return };
    assert!(fs::write(seen.join("new"), "").is_err(), "nothing can be written there");
    let reader = Reader::open(&seen).unwrap();
    let first = reader.ask(|snapshot| stats(snapshot, &Filter::default())).unwrap();
    content.capture(&db, ROW_COUNT..2 * ROW_COUNT);
    db.flush().unwrap();
    let second = reader.ask(|snapshot| stats(snapshot, &Filter::default())).unwrap();
    let counts = [first, second]
        .map(|answer| answer.value.iter().map(|function| function.moments.count()).sum::<u64>());
    assert_eq!(counts, [ROW_COUNT, 2 * ROW_COUNT], "rows of a living writer are seen");
    db.close().unwrap();
    check_dir(&seen, &content, true);
    // A writer there captures on, and counts.
    let refused = Database::open(Options::new(&seen)).unwrap();
    drop(refused.start("block"));
    let health = crate::check::wait_for("the refusal", || {
        let health = refused.health();
        (health.state == "failed").then_some(health)
    });
    assert_eq!(health.counters.dropped_store, 1);
    assert!(health.error.unwrap().contains("Read-only file system"));
}

#[test]
fn files_without_the_right_to_write_are_read() {
    // Promise: reading needs the right to read only, and leaves every file as it was.
    let parent = open_dir();
    let dir = parent.path().join("data");
    fs::create_dir(&dir).unwrap();
    set_mode(&dir, 0o755);
    let content = Content::now(8);
    write(&dir, &content).close().unwrap();
    forbid_writing(&dir);
    let before = listing(&dir);
    check_dir(&dir, &content, true);
    let program = parent.path().join("program");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    set_mode(&program, 0o755);
    let role = Role { name: "asker", dir: dir.clone(), content, limit: 0, seed: 0 };
    let asked = if is_root() { role.start_as_nobody(&program) } else { role.start() };
    assert_eq!(asked.end(), [ROW_COUNT.to_string()]);
    assert_eq!(listing(&dir), before);
    set_mode(&dir, 0o755);
}
