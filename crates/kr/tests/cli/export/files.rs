//! Where the files go, and what is left when something goes wrong.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::readers::{arrow_stream, fetched, objects, parquet};
use super::world::{PLAIN, three_processes, write};
use crate::fixture::{Answer, Fixture, send_signal, spawn};

/// An answer that is a refusal in one line, and left no file behind.
fn refusal(fixture: &Fixture, args: &[&str], code: i32) -> String {
    let before = listing(fixture.root());
    let answer = fixture.ask(args);
    assert_eq!((answer.code, answer.out.as_str()), (code, ""), "{args:?} {}", answer.err);
    assert!(answer.err.starts_with("kr: ") && answer.err.contains("; "), "{}", answer.err);
    assert_eq!(answer.err.lines().count(), 1, "{}", answer.err);
    assert_eq!(listing(fixture.root()), before, "{args:?}");
    answer.err
}

fn listing(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("it is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("it is there").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_whole_and_told() {
    // Promise: one line on the standard error says what was written; with --json a document does,
    // and its keys are stable; -q says nothing.
    let fixture = three_processes();
    let answer = fixture.ask(&["export", "-o", "calls.csv"]);
    assert_eq!((answer.code, answer.out.as_str()), (0, ""));
    assert!(answer.err.starts_with("kr: wrote 500 rows to calls.csv: "), "{}", answer.err);
    let value = fixture.ask(&["export", "-q", "--json", "-o", "calls.parquet"]).json();
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys.join(" "), "schema command dir partial file format rows bytes seconds");
    assert_eq!((&value["format"], &value["rows"]), (&"parquet".into(), &500.into()));
    let size = fs::metadata(fixture.root().join("calls.parquet")).unwrap().len();
    assert_eq!((&value["bytes"], &value["partial"]), (&size.into(), &false.into()));
    assert_eq!(listing(fixture.root()), [".kronicler_data", "calls.csv", "calls.parquet"]);
}

#[test]
fn the_standard_output_is_a_file_as_well() {
    // Promise: without -o, and with -, everything goes to the standard output and nothing else
    // does; an Arrow file becomes a stream there.
    let fixture = three_processes();
    let text = fixture.ask(&["export", "--format", "ndjson"]).text();
    assert_eq!(objects(&text), fetched(&fixture, &[]));
    assert_eq!(fixture.ask(&["export", "--format", "ndjson", "-o", "-"]).text(), text);
    let bytes = |args: &[&str]| {
        let output = fixture.command(args).stdin(Stdio::null()).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
        output.stdout
    };
    assert_eq!(arrow_stream(&bytes(&["export", "--format", "arrow"])).len(), 500);
    fixture.ask(&["export", "-q", "-o", "a.parquet"]).text();
    let file = fs::read(fixture.root().join("a.parquet")).unwrap();
    assert_eq!(bytes(&["export", "--format", "parquet"]), file);
}

#[test]
fn what_is_no_regular_file_is_written_to() {
    // Promise: a named pipe and a device stay what they are.
    let fixture = three_processes();
    let pipe = fixture.root().join("pipe");
    let made = spawn(std::process::Command::new("mkfifo").arg(&pipe)).wait().unwrap();
    assert!(made.success());
    let args = ["export", "-q", "--format", "arrow", "-o", "pipe"];
    let mut child = spawn(fixture.command(&args).stdout(Stdio::null()));
    let bytes = fs::read(&pipe).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(arrow_stream(&bytes).len(), 500);
    assert_eq!(listing(fixture.root()), [".kronicler_data", "pipe"]);
    fixture.ask(&["export", "-q", "--format", "csv", "-o", "/dev/null"]).text();
}

#[test]
fn an_older_file_is_replaced() {
    // Promise: an older file gives way to the new one, which keeps its permissions; a link stays
    // and what it leads to is replaced.
    let fixture = three_processes();
    let (file, link) = (fixture.root().join("calls.csv"), fixture.root().join("link.csv"));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&file, &link).unwrap();
    fixture.ask(&["export", "-q", "-o", "link.csv"]).text();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::read_to_string(&file).unwrap().starts_with("id,lane,"));
    assert_eq!(listing(fixture.root()), [".kronicler_data", "calls.csv", "link.csv"]);
}

#[test]
fn wrong_usage_ends_with_2() {
    // Promise: what makes no sense is refused with what to write instead, before anything is made.
    let fixture = three_processes();
    let refused = |args: &[&str]| refusal(&fixture, &[&["export"], args].concat(), 2);
    assert!(refused(&[]).contains("--format parquet, arrow, csv, ndjson or chrome-trace"));
    assert!(refused(&["-o", "calls.json"]).contains("calls.json does not tell the format"));
    assert!(refused(&["--format", "xls", "-o", "calls.xls"]).contains("chrome-trace"));
    assert!(refused(&["--format", "csv", "--json"]).contains("name one with -o"));
    assert!(refused(&["--format", "csv", "--csv"]).contains("--format csv"));
    assert!(
        refused(&["-o", "a.csv", "--columns", "id,size"]).contains("choose from id, lane, seq")
    );
    assert!(refused(&["-o", "a.trace", "--columns", "id"]).contains("leave out --columns"));
    let inside = ".kronicler_data/lane-0000/calls.csv";
    assert!(refused(&["-o", inside]).contains("lies in the database itself"));
    let head = ".kronicler_data/lane-0000/head-0000000001";
    let bytes = fs::read(fixture.root().join(head)).unwrap();
    refused(&["--format", "csv", "-o", head]);
    assert_eq!(fs::read(fixture.root().join(head)).unwrap(), bytes);
}

#[test]
fn a_file_that_cannot_be_written_is_told() {
    // Promise: exit code 1, the file and what to do; what stood there before still does.
    let fixture = three_processes();
    let refused = |file: &str| refusal(&fixture, &["export", "--format", "csv", "-o", file], 1);
    assert!(refused("no/calls.csv").contains("cannot write no/calls.csv: "));
    assert!(refused("no/calls.csv").contains("; make its directory first"));
    fs::create_dir(fixture.root().join("dir")).unwrap();
    assert!(refused("dir").contains("dir is a directory; name a file in it"));
    fs::write(fixture.root().join("file"), "old").unwrap();
    assert!(refused("file/calls.csv").contains("cannot write file/calls.csv: "));
    let file = fixture.root().join("kept.csv");
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    assert!(refused("kept.csv").contains("kept.csv is write-protected; "));
    assert_eq!(fs::read_to_string(&file).unwrap(), "old");
    assert!(refused("/dev/full").contains("cannot write /dev/full: No space left on device"));
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    // Promise: on a full disk the file is named with what to do, an older one is still there, and
    // no other is; for every format.
    let fixture = super::many::fixture(20_000);
    let disk = fixture.root().join("disk");
    fs::create_dir(&disk).unwrap();
    let mut mount = std::process::Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=8k", "none"]).arg(&disk).stderr(Stdio::null());
    if !spawn(&mut mount).wait().unwrap().success() {
        return; // Only root may mount; /dev/full stands for the rest.
    }
    fs::write(disk.join("old.csv"), "old").unwrap();
    let endings = ["parquet", "arrow", "arrows", "csv", "ndjson", "trace.json"];
    let tries: Vec<Answer> = endings
        .iter()
        .map(|ending| fixture.ask(&["export", "-o", &format!("disk/calls.{ending}")]))
        .chain([fixture.ask(&["export", "-o", "disk/old.csv"])])
        .collect();
    let (left, old) = (listing(&disk), fs::read_to_string(disk.join("old.csv")).unwrap());
    assert!(spawn(std::process::Command::new("umount").arg("-l").arg(&disk)).wait().is_ok());
    for answer in tries {
        assert_eq!(answer.code, 1, "{}", answer.err);
        assert!(answer.err.contains("kr: cannot write disk/"), "{}", answer.err);
        assert!(answer.err.contains("; make room there"), "{}", answer.err);
    }
    assert_eq!((left, old), (vec!["old.csv".to_owned()], "old".to_owned()));
}

#[test]
fn whoever_ends_it_finds_nothing_half_written() {
    // Promise: SIGINT and SIGTERM leave neither the file nor what was to become it, and the program
    // dies by the signal.
    use std::os::unix::process::ExitStatusExt;
    let fixture = super::many::fixture(400_000);
    for (name, number) in [("INT", 2), ("TERM", 15)] {
        let args = ["export", "-q", "-o", "calls.trace.json"];
        let mut child = spawn(fixture.command(&args).stderr(Stdio::piped()));
        let begin = Instant::now();
        while listing(fixture.root()).len() == 1 {
            assert!(begin.elapsed() < Duration::from_secs(60), "it writes nothing");
            assert!(child.try_wait().unwrap().is_none(), "it is too quick for this test");
        }
        send_signal(&child, name);
        assert_eq!(child.wait().unwrap().signal(), Some(number));
        assert_eq!(listing(fixture.root()), [".kronicler_data"]);
    }
}

#[test]
fn damaged_rows_are_told_and_the_others_written() {
    // Promise: rows that cannot be read are missing, which is told on the standard error and in
    // JSON; the exit code is that of other answers.
    let fixture = super::many::fixture(100_000);
    fixture.ask(&["compact"]).text();
    let lane = fixture.dir().join("lane-0000");
    let segment = listing(&lane).into_iter().find(|name| name.starts_with("segment")).unwrap();
    let mut bytes = fs::read(lane.join(&segment)).unwrap();
    bytes[10_000] ^= 1;
    fs::write(lane.join(&segment), bytes).unwrap();
    let answer = fixture.ask(&["export", "--json", "-o", "calls.parquet"]);
    assert_eq!(answer.code, 0);
    assert!(answer.err.contains("kr: some stored rows cannot be read"), "{}", answer.err);
    let value: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(value["partial"], true);
    let rows = parquet(&fixture.root().join("calls.parquet"));
    assert!(rows.len() < 100_000 && rows.len() > 10_000, "{}", rows.len());
    assert_eq!(value["rows"], rows.len());
    let fetched = fixture.ask(&["fetch", "all", "--csv", "-q"]).out;
    assert_eq!(fetched.lines().count(), 1 + rows.len());
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    // Promise: whoever has seen enough of a text ends it with 0 and without a word.
    let fixture = super::many::fixture(50_000);
    for format in ["csv", "ndjson", "chrome-trace", "arrow", "parquet"] {
        let mut command = fixture.command(&["export", "--format", format]);
        let mut child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        drop(child.stdout.take());
        let end = child.wait_with_output().unwrap();
        assert_eq!(end.status.code(), Some(0), "{format}");
        assert_eq!(String::from_utf8_lossy(&end.stderr), "", "{format}");
    }
}

#[test]
fn a_row_that_was_never_there_is_no_error() {
    // Promise: an export is about the rows there are; a database without any gives an empty file.
    let fixture = Fixture::bare();
    drop(write(&fixture, &[PLAIN]));
    let answer = fixture.ask(&["export", "-o", "a.csv", "--name", "nobody"]);
    assert!(answer.err.starts_with("kr: wrote 0 rows to a.csv: "), "{}", answer.err);
    assert_eq!(answer.code, 0);
}
