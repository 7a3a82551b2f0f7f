//! Files read back as the objects that `kr fetch --json` writes.

use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampNanosecondType, UInt16Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};

use crate::fixture::Fixture;

/// Columns that only files have.
pub const LABELS: [&str; 3] = ["service", "version", "instance"];

/// The rows that `kr fetch` shows, without what files leave out.
pub fn fetched(fixture: &Fixture, options: &[&str]) -> Vec<Value> {
    let text = fixture.ask(&[&["fetch", "all", "--json"], options].concat()).text();
    objects(&text)
}

/// Lines of NDJSON.
pub fn objects(text: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.map(|row| without(row, &["schema", "start"])).collect()
}

/// An object without some keys.
pub fn without(mut row: Value, keys: &[&str]) -> Value {
    let fields = row.as_object_mut().expect("an object");
    fields.retain(|key, _| !keys.contains(&key.as_str()));
    row
}

/// Lines of CSV with a header.
pub fn csv(text: &str) -> Vec<Value> {
    let mut records = csv_records(text).into_iter();
    let keys = records.next().expect("a header");
    let rows = records.map(|fields| {
        assert_eq!(fields.len(), keys.len(), "{fields:?}");
        let fields = keys.iter().zip(fields).filter(|(key, _)| *key != "start");
        let fields = fields.map(|(key, field)| {
            let is_text = matches!(
                key.as_str(),
                "name" | "source" | "outcome" | "kind" | "start_ns" | "end_ns"
            );
            let value = if is_text {
                field.into()
            } else if key == "detail" {
                detail(Some(&*field).filter(|field| !field.is_empty()))
            } else {
                field.parse::<u64>().expect("as it was written").into()
            };
            (key.clone(), value)
        });
        Value::Object(fields.collect())
    });
    rows.collect()
}

/// A detail, which is JSON, or missing.
fn detail(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| serde_json::from_str(text).expect("JSON"))
}

/// As RFC 4180 has it.
fn csv_records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if is_quoted && chars.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            '\n' if !is_quoted => {
                fields.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut fields));
            }
            other => field.push(other),
        }
    }
    assert!(field.is_empty() && fields.is_empty() && !is_quoted, "the last line has no end");
    records
}

/// A Parquet file.
pub fn parquet(path: &Path) -> Vec<Value> {
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(File::open(path).expect("as it was written"))
            .expect("as it was written");
    builder
        .build()
        .expect("as it was written")
        .flat_map(|batch| rows(&batch.expect("as it was written")))
        .collect()
}

/// An Arrow file.
pub fn arrow_file(path: &Path) -> Vec<Value> {
    let reader = FileReader::try_new(File::open(path).expect("as it was written"), None)
        .expect("as it was written");
    reader.flat_map(|batch| rows(&batch.expect("as it was written"))).collect()
}

/// An Arrow stream.
pub fn arrow_stream(bytes: &[u8]) -> Vec<Value> {
    let reader = StreamReader::try_new(bytes, None).expect("as it was written");
    reader.flat_map(|batch| rows(&batch.expect("as it was written"))).collect()
}

fn rows(batch: &RecordBatch) -> Vec<Value> {
    let schema = batch.schema();
    let columns: Vec<(&String, Vec<Value>)> = (0..batch.num_columns())
        .map(|index| (schema.field(index).name(), values(batch.column(index))))
        .collect();
    let row = |index: usize| {
        let fields = columns.iter().map(|(name, values)| ((*name).clone(), values[index].clone()));
        Value::Object(fields.collect::<Map<String, Value>>())
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Times are texts, as in JSON.
fn values(column: &ArrayRef) -> Vec<Value> {
    if column.data_type() == &DataType::Utf8 {
        return column.as_string::<i32>().iter().map(detail).collect();
    }
    assert_eq!(column.null_count(), 0);
    match column.data_type() {
        DataType::Int64 => column.as_primitive::<Int64Type>().values().iter().map(json).collect(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().values().iter().map(json).collect(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().values().iter().map(json).collect(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().values().iter().map(json).collect(),
        DataType::Timestamp(TimeUnit::Nanosecond, Some(zone)) if &**zone == "UTC" => {
            let times = column.as_primitive::<TimestampNanosecondType>().values().iter();
            times.map(|ns| ns.to_string().into()).collect()
        }
        DataType::Dictionary(key, _) => {
            let texts = column.as_any_dictionary();
            let keys = texts.normalized_keys();
            assert!(matches!(**key, DataType::Int8 | DataType::Int32));
            let texts = texts.values().as_string::<i32>();
            keys.into_iter().map(|key| texts.value(key).into()).collect()
        }
        other => unreachable!("no column is {other}"),
    }
}

fn json<T: Copy + Into<Value>>(number: &T) -> Value {
    (*number).into()
}
