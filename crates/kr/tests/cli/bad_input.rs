//! What `kr` does with what it should never be given: every command, one clear line, no panic.

use std::fs;
use std::process::Stdio;

use kronicler_format::Counters;

use crate::answers::call;
use crate::fixture::{Answer, Fixture, START_NS, spawn};

/// Commands that answer about a database.
const COMMANDS: [&[&str]; 13] = [
    &[],
    &["stats"],
    &["stats", "--exact"],
    &["stats", "--by", "hour"],
    &["hist"],
    &["heatmap"],
    &["outliers"],
    &["slow"],
    &["tail"],
    &["fetch"],
    &["names"],
    &["health"],
    &["verify"],
];

/// One line on the standard error: fact, remedy, and nothing of a panic.
fn one_line(answer: &Answer, args: &[&str]) {
    let err = &answer.err;
    assert!(err.starts_with("kr: ") && err.contains("; "), "{args:?} {err}");
    assert_eq!(err.lines().count(), 1, "{args:?} {err}");
    assert!(!err.contains("panicked") && !err.contains("RUST_BACKTRACE"), "{args:?} {err}");
}

#[test]
fn no_command_answers_about_what_is_no_database() {
    // Promise: no database, an empty directory, a file and a directory of others end each command
    // with 4, one line and nothing on the standard output.
    let fixture = Fixture::bare();
    let check = |what: &str| {
        for args in COMMANDS {
            let answer = fixture.ask(args);
            assert_eq!((answer.code, answer.out.as_str()), (4, ""), "{what} {args:?}");
            one_line(&answer, args);
        }
    };
    check("nothing");
    fs::create_dir(fixture.dir()).unwrap();
    check("an empty directory");
    fs::write(fixture.dir().join("data.parquet"), b"PAR1").unwrap();
    check("somebody else's files");
    fs::remove_dir_all(fixture.dir()).unwrap();
    fs::write(fixture.dir(), b"x").unwrap();
    check("a file");
}

#[test]
fn a_newer_format_is_told_with_the_version_that_is_needed() {
    // Promise: every command says which format the files have, which this program reads, and that
    // a newer one is needed; none shows half an answer.
    let fixture = Fixture::bare();
    fixture.write(&[call("a", START_NS, 1)], Counters::default(), true);
    let head = fixture.dir().join("lane-0000/head-0000000001");
    let mut bytes = fs::read(&head).unwrap();
    // The version, in both copies of the header, each with its checksum.
    for copy in bytes[..128].chunks_exact_mut(64) {
        copy[8] = 9;
        let crc = crc32c::crc32c(&copy[..60]);
        copy[60..].copy_from_slice(&crc.to_le_bytes());
    }
    fs::write(&head, bytes).unwrap();
    for args in COMMANDS {
        let answer = fixture.ask(args);
        assert_eq!((answer.code, answer.out.as_str()), (1, ""), "{args:?}");
        one_line(&answer, args);
        for part in ["needs format version 9", "reads up to version 1", "use a newer kr"] {
            assert!(answer.err.contains(part), "{part} in {}", answer.err);
        }
    }
}

#[test]
fn damage_anywhere_is_no_crash() {
    // Promise: whatever bytes a file has, each command ends by itself with 0, 1 or 4, and no word
    // of a panic.
    let fixture = Fixture::shop();
    fixture.ask(&["compact"]).text();
    let lane = fixture.dir().join("lane-0000");
    let files: Vec<_> = fs::read_dir(&lane).unwrap().map(|entry| entry.unwrap().path()).collect();
    for path in files {
        let whole = fs::read(&path).unwrap();
        if whole.is_empty() {
            continue;
        }
        let mut torn = whole.clone();
        let places = [0, whole.len() / 3, whole.len() * 2 / 3, whole.len() - 1];
        places.into_iter().for_each(|place| torn[place] ^= 0xff);
        for bytes in [torn, whole[..whole.len() / 2].to_vec(), Vec::new(), vec![0xff; 300]] {
            fs::write(&path, bytes).unwrap();
            for args in COMMANDS {
                let Answer { code, err, .. } = fixture.ask(args);
                assert!([0, 1, 4].contains(&code), "{args:?} {code} {err}");
                assert!(!err.contains("panicked"), "{args:?} {err}");
                assert!(code != 0 || err.is_empty() || err.starts_with("kr: "), "{err}");
            }
        }
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn a_database_that_somebody_owns_is_read_all_the_same() {
    // Promise: readers take no lock, so a living writer hinders no command.
    let fixture = Fixture::bare();
    let calls = [call("a", START_NS, 1), call("a", START_NS + 1, 2)];
    let (_writer, _state) = fixture.begin(&calls, Counters::default());
    for args in COMMANDS {
        let text = fixture.ask(args).text();
        assert!(!text.is_empty(), "{args:?}");
    }
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_told() {
    // Promise: a directory without the right to read it is told with what to do.
    use std::os::unix::fs::PermissionsExt;

    let fixture = Fixture::bare();
    fixture.write(&[call("a", START_NS, 1)], Counters::default(), true);
    fs::set_permissions(fixture.dir(), fs::Permissions::from_mode(0o000)).unwrap();
    let answers: Vec<Answer> = COMMANDS.iter().map(|args| fixture.ask(args)).collect();
    fs::set_permissions(fixture.dir(), fs::Permissions::from_mode(0o700)).unwrap();
    for (args, answer) in COMMANDS.iter().zip(answers) {
        // The superuser may read everything.
        if answer.code != 0 {
            assert_eq!((answer.code, answer.out.as_str()), (1, ""), "{args:?}");
            one_line(&answer, args);
        }
    }
}

#[test]
fn absurd_limits_and_times_are_answered_or_refused() {
    // Promise: no number, however large, crashes a command, cuts silently or fills the memory.
    let fixture = Fixture::shop();
    let most = "18446744073709551615";
    for args in [
        &["stats", "-n", most][..],
        &["names", "-n", most],
        &["outliers", "-n", most],
        &["fetch", "-n", most],
        &["-n", most],
        &["stats", "--min-calls", most],
        &["stats", "--min-duration", "500000h"],
        &["heatmap", "--since", "1700-01-01", "--until", "2200-01-01"],
        &["stats", "--since", "1700-01-01", "--until", "2262-01-01"],
        &["hist", "--since", "200y"],
    ] {
        assert!(!fixture.ask(args).text().is_empty(), "{args:?}");
    }
    for args in [
        &["slow", "-n", most][..],
        &["tail", "-n", most],
        &["hist", "-n", most],
        &["heatmap", "-n", most],
        &["stats", "-n", "0"],
        &["stats", "-n", "-1"],
        &["stats", "-n", "1.5"],
        &["stats", "-n", "99999999999999999999999"],
        &["stats", "--since", "99999999999999999999y"],
        &["stats", "--min-duration", "99999999999999999999h"],
        &["stats", "--by", "colour"],
        &["fetch", "99999999999999999999"],
        &["--fetch", ""],
    ] {
        let answer = fixture.ask(args);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{args:?} {}", answer.err);
        one_line(&answer, args);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_by_every_command() {
    // Promise: whoever cannot write all of an answer ends with 1 and says so in one line.
    let fixture = Fixture::shop();
    let others: [&[&str]; 3] = [&["completions", "bash"], &["man"], &["stats", "--json"]];
    for args in COMMANDS.into_iter().chain(others) {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = fixture.command(args);
        let end = spawn(command.stdout(full).stderr(Stdio::piped())).wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&end.stderr).into_owned();
        assert_eq!(end.status.code(), Some(1), "{args:?} {err}");
        assert!(err.starts_with("kr: cannot write the output: "), "{args:?} {err}");
        one_line(&Answer { code: 1, out: String::new(), err }, args);
    }
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text_are_refused() {
    // Promise: bytes that are no UTF-8 on the command line are told, and no panic.
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let fixture = Fixture::shop();
    let mut command = fixture.command(&["stats"]);
    let answer = Answer::of(command.arg(OsStr::from_bytes(b"\xff\xfe")));
    assert_eq!(answer.code, 2, "{}", answer.err);
    one_line(&answer, &["stats"]);
    let mut command = fixture.command(&["--dir"]);
    let answer = Answer::of(command.arg(OsStr::from_bytes(b"/nowhere/\xff")));
    assert_eq!(answer.code, 4, "{}", answer.err);
    one_line(&answer, &["--dir"]);
}
