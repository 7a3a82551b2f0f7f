//! What is in the files.

use kronicler_format::Kind;
use serde_json::Value;

use super::readers::{LABELS, arrow_file, arrow_stream, csv, fetched, objects, parquet, without};
use super::world::{PLAIN, Written, three_processes, write};
use crate::fixture::{Fixture, START_NS};

/// Writes a file of each format and reads it back, without the columns that only some have.
fn exported(fixture: &Fixture, options: &[&str]) -> Vec<(&'static str, Vec<Value>)> {
    let export = |name: &str| {
        let path = fixture.root().join(name);
        let args = [&["export", "-q", "-o", path.to_str().expect("it is there")], options].concat();
        assert_eq!(fixture.ask(&args).text(), "");
        path
    };
    let text = |name: &str| std::fs::read_to_string(export(name)).expect("it is there");
    let table = |rows: Vec<Value>| rows.into_iter().map(|row| without(row, &LABELS)).collect();
    vec![
        ("parquet", table(parquet(&export("a.parquet")))),
        ("arrow", table(arrow_file(&export("a.arrow")))),
        (
            "arrow-stream",
            table(arrow_stream(&std::fs::read(export("a.arrows")).expect("it is there"))),
        ),
        ("csv", csv(&text("a.csv"))),
        ("ndjson", objects(&text("a.ndjson"))),
    ]
}

fn assert_all_same(fixture: &Fixture, options: &[&str]) -> Vec<Value> {
    let expected = fetched(fixture, options);
    for (format, rows) in exported(fixture, options) {
        assert_eq!(rows.len(), expected.len(), "{format} {options:?}");
        for (row, expected) in rows.iter().zip(&expected) {
            assert_eq!(row, expected, "{format} {options:?}");
        }
    }
    expected
}

#[test]
fn every_format_holds_the_same_rows() {
    // Promise: all values of all rows are in every format, in the order of the ids, whatever the
    // names, from the log as well as from segments.
    let fixture = three_processes();
    assert_eq!(assert_all_same(&fixture, &[]).len(), 500);
    fixture.ask(&["compact"]).text();
    let rows = assert_all_same(&fixture, &[]);
    assert_eq!(rows.len(), 500);
    let told = rows.iter().filter(|row| row["detail"]["error"] == "TypeError");
    assert_eq!(told.count(), 50, "details are in every format, too");
}

#[test]
fn options_choose_the_rows() {
    // Promise: what chooses calls for other commands chooses what is written.
    let fixture = three_processes();
    assert_eq!(assert_all_same(&fixture, &["-n", "7"]).len(), 7);
    assert_eq!(assert_all_same(&fixture, &["--outcome", "error"]).len(), 167);
    let some = assert_all_same(&fixture, &["--name", "🙂", "--name", "line*", "-n", "20"]);
    assert_eq!(some.len(), 20);
    assert!(some.iter().all(|row| row["name"] == "🙂" || row["name"] == "line\nline"));
    assert!(assert_all_same(&fixture, &["--min-duration", "100ms"]).len() > 10);
    assert_eq!(assert_all_same(&fixture, &["--until", "1950-01-01"]).len(), 5);
}

#[test]
fn no_row_and_one_row_are_files_as_well() {
    // Promise: a file without rows can be read and has its columns.
    let fixture = Fixture::bare();
    drop(write(&fixture, &[]));
    assert!(assert_all_same(&fixture, &[]).is_empty());
    let fixture = three_processes();
    assert_eq!(assert_all_same(&fixture, &["-n", "1"]).len(), 1);
    assert!(assert_all_same(&fixture, &["--name", "nobody"]).is_empty());
    let csv = std::fs::read_to_string(fixture.root().join("a.csv")).unwrap();
    assert!(csv.starts_with("id,lane,seq,name,start,start_ns,") && csv.lines().count() == 1);
}

#[test]
fn the_ends_of_the_scale_are_kept() {
    // Promise: no duration and no time is cut, also those that no clock of today tells.
    let fixture = Fixture::bare();
    let row = |end_ns, duration_ns| Written { end_ns, duration_ns, ..PLAIN };
    let rows = [
        row(START_NS, u64::MAX),
        row(i64::MAX, u64::MAX),
        row(i64::MIN, 0),
        row(-1, 1),
        row(0, 0),
        Written { weight: u32::MAX, thread: u32::MAX, kind: Kind::Manual, ..PLAIN },
    ];
    drop(write(&fixture, &rows));
    let rows = assert_all_same(&fixture, &[]);
    assert_eq!(rows[0]["duration_ns"], u64::MAX);
    assert_eq!(rows[0]["start_ns"], i64::MIN.to_string());
    assert_eq!((&rows[5]["weight"], &rows[5]["thread"]), (&u32::MAX.into(), &u32::MAX.into()));
}

#[test]
fn tables_tell_who_made_a_call() {
    // Promise: each row has service, version and instance of the process that wrote it.
    let fixture = three_processes();
    fixture.ask(&["compact"]).text();
    let path = fixture.root().join("a.parquet");
    fixture.ask(&["export", "-q", "-o", "a.parquet"]).text();
    let rows = parquet(&path);
    let labels = |row: &Value| LABELS.map(|label| row[label].as_str().unwrap().to_owned());
    assert_eq!(labels(&rows[0]), ["beside", "1", "web-1/3"]);
    assert_eq!(labels(&rows[99]), ["beside", "1", "web-1/3"]);
    assert_eq!(labels(&rows[100]), ["shop", "1.4.0", "web-1/1"]);
    assert_eq!(labels(&rows[299]), ["shop", "1.4.0", "web-1/1"]);
    assert_eq!(labels(&rows[300]), ["shop", "2.0.0", "blue"]);
    assert_eq!(labels(&rows[499]), ["shop", "2.0.0", "blue"]);
}

#[test]
fn columns_have_the_types_that_are_documented() {
    // Promise: columns are those of the table in docs/cli.md, and durations can be subtracted.
    let fixture = three_processes();
    fixture.ask(&["export", "-q", "-o", "a.parquet"]).text();
    let file = std::fs::File::open(fixture.root().join("a.parquet")).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file);
    let reader = reader.unwrap();
    let fields = reader.schema().fields().iter();
    let fields: Vec<String> =
        fields.map(|field| format!("{}: {}", field.name(), field.data_type())).collect();
    let expected = [
        "id: Int64",
        "lane: UInt16",
        "seq: Int64",
        "name: Dictionary(Int32, Utf8)",
        "start_ns: Timestamp(ns, \"UTC\")",
        "end_ns: Timestamp(ns, \"UTC\")",
        "duration_ns: Int64",
        "outcome: Dictionary(Int8, Utf8)",
        "kind: Dictionary(Int8, Utf8)",
        "thread: UInt32",
        "source: Dictionary(Int32, Utf8)",
        "weight: UInt32",
        "service: Dictionary(Int32, Utf8)",
        "version: Dictionary(Int32, Utf8)",
        "instance: Dictionary(Int32, Utf8)",
        "detail: Utf8",
    ];
    assert_eq!(fields, expected);
    let created = reader.metadata().file_metadata().created_by().unwrap();
    assert!(created.starts_with("kronicler version "), "{created}");
}

#[test]
fn columns_can_be_chosen() {
    // Promise: only the columns that are named are written, in that order, with the same values.
    let fixture = three_processes();
    let args = |file| ["export", "-q", "--columns", "duration_ns,name", "-o", file];
    let path = |file: &str| fixture.root().join(file);
    fixture.ask(&args("a.parquet")).text();
    fixture.ask(&args("a.arrow")).text();
    fixture.ask(&args("a.csv")).text();
    fixture.ask(&args("a.ndjson")).text();
    let text = |file: &str| std::fs::read_to_string(path(file)).unwrap();
    let expected: Vec<String> = fetched(&fixture, &[])
        .iter()
        .map(|row| format!("{{\"duration_ns\":{},\"name\":{}}}", row["duration_ns"], row["name"]))
        .collect();
    let lines = |rows: Vec<Value>| rows.iter().map(Value::to_string).collect::<Vec<_>>();
    assert_eq!(lines(parquet(&path("a.parquet"))), expected);
    assert_eq!(lines(arrow_file(&path("a.arrow"))), expected);
    assert_eq!(lines(csv(&text("a.csv"))), expected);
    assert_eq!(lines(objects(&text("a.ndjson"))), expected);
    assert!(text("a.csv").starts_with("duration_ns,name\n0,\n"));
    assert!(text("a.ndjson").starts_with("{\"schema\":1,\"duration_ns\":0,\"name\":\"\"}\n"));
}
