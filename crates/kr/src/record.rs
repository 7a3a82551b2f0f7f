//! Answers for programs: the same named fields as JSON or as a line of CSV.
//!
//! Keys are stable; those of durations and times in nanoseconds end in `_ns`. Times count from the
//! Unix epoch and are decimal strings, since JavaScript's numbers cannot hold them.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::escape::is_unsafe;

/// Version of all JSON that `kr` writes; it changes when a key changes its meaning or goes.
pub const SCHEMA: u64 = 1;

/// Named fields in the order in which they are shown.
pub type Record = Vec<(&'static str, Value)>;

/// A record as JSON.
pub fn object(record: Record) -> Value {
    let fields = record.into_iter().map(|(key, value)| (key.to_owned(), value));
    Value::Object(fields.collect::<Map<String, Value>>())
}

/// A record as a JSON text that can do no harm on a terminal.
pub fn json_text(record: &Record) -> String {
    let mut text = String::with_capacity(256);
    for (key, value) in record {
        let before = if text.is_empty() { '{' } else { ',' };
        // Keys are ours and need no escape.
        let _ = write!(text, "{before}\"{key}\":{value}");
    }
    text.push_str(if text.is_empty() { "{}" } else { "}" });
    harmless(text)
}

/// A value as a JSON text that can do no harm on a terminal.
pub fn json_value(value: &Value) -> String {
    harmless(value.to_string())
}

/// Whatever is unsafe stands within a string, where JSON knows another way to write it.
pub fn harmless(text: String) -> String {
    if text.contains(is_unsafe) { escape_unsafe(&text) } else { text }
}

fn escape_unsafe(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if is_unsafe(char) {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(char);
        }
    }
    out
}

/// The names of a record's fields as a line of CSV.
pub fn csv_header(keys: &[&str]) -> String {
    keys.join(",")
}

/// The values of a record as a line of CSV (RFC 4180).
pub fn csv_line(record: &Record) -> String {
    let fields: Vec<String> = record.iter().map(|(_, value)| csv_field(value)).collect();
    fields.join(",")
}

/// A value as a field of CSV.
pub fn csv_field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.contains([',', '"', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A sum of nanoseconds: exact as long as it fits 64 bits.
#[expect(clippy::cast_precision_loss, reason = "sums beyond 584 years are rounded to a double")]
pub fn sum_ns(sum: u128) -> Value {
    u64::try_from(sum).map_or_else(|_| Value::from(sum as f64), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_quotes_what_needs_it() {
        // Promise: every CSV reader gets the values back as they were.
        let record: Record = vec![
            ("name", "a,\"b\"\n".into()),
            ("count", 7.into()),
            ("mean_ns", 1.5.into()),
            ("source", Value::Null),
        ];
        assert_eq!(csv_line(&record), "\"a,\"\"b\"\"\n\",7,1.5,");
    }

    #[test]
    fn json_is_plain_text_with_the_same_meaning() {
        // Promise: JSON on a terminal obeys no control sequence, and parses to the same name.
        let value = Value::from("\u{9b}2J\u{202e}\u{e0041}ü");
        let text = json_text(&vec![("name", value.clone()), ("count", 2.into())]);
        assert_eq!(text, "{\"name\":\"\\u009b2J\\u202e\\udb40\\udc41ü\",\"count\":2}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["name"], value);
        assert_eq!(json_text(&Record::new()), "{}");
    }
}
