//! What was hooked in a process, through the public API.

use std::time::{Duration, Instant};

use kronicler::format::{Hook, HookKind, Hooks};
use kronicler::{Database, Options, Reader};

fn hook(subject: &str, functions: u64) -> Hook {
    Hook { kind: HookKind::Pattern, subject: subject.to_owned(), functions, remark: String::new() }
}

fn told(dir: &std::path::Path) -> Hooks {
    let snapshot = Reader::open(dir).and_then(|reader| reader.snapshot()).expect("readable");
    Hooks::clone(&snapshot.lanes[0].state.hooks)
}

#[test]
fn hooks_are_told_once_there_are_rows() {
    // Promise: telling makes no file; what was told before the first row is told with it, what
    // comes later soon, or at the end; a clear loses nothing of it.
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("data");
    let db = Database::open(Options::new(&dir)).unwrap();
    db.tell_hook(&hook("./a/**", 0));
    db.tell_hook(&hook("pg", 3));
    assert!(!dir.exists());
    db.capture("f", 1, 2).unwrap();
    db.flush().unwrap();
    let list = vec![hook("./a/**", 0), hook("pg", 3)];
    let await_hooks = |expected: &[Hook]| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while told(&dir).list != expected && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(told(&dir).list, expected);
    };
    await_hooks(&list);
    db.tell_hook(&hook("./a/**", 2));
    let list = vec![hook("./a/**", 2), hook("pg", 3)];
    await_hooks(&list);
    db.clear().unwrap();
    await_hooks(&list);
    db.tell_hook(&hook("pg", 4));
    db.close().unwrap();
    assert_eq!(told(&dir).list, [hook("./a/**", 2), hook("pg", 4)]);
}

#[test]
fn a_database_without_rows_leaves_nothing() {
    // Promise: a process that has hooked much and captured nothing leaves no directory behind.
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("data");
    let db = Database::open(Options::new(&dir)).unwrap();
    db.tell_hook(&hook("./a/**", 0));
    db.flush().unwrap();
    db.close().unwrap();
    db.tell_hook(&hook("./b/**", 0));
    assert!(!dir.exists());
}
