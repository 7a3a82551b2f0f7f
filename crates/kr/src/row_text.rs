//! Rows as text for programs: an object or a line of CSV each, written from columns.
//!
//! The only writer of rows in these forms. Whatever is the same for all rows of a function is made
//! once, and the time of day once for all rows that follow each other within a second.

use std::sync::Arc;

use kronicler_format::{Flags, Kind, Outcome};
use kronicler_query::{NameTable, RowBatch, StoredRow};
use kronicler_store::{Name, RowId};

use crate::record::{SCHEMA, csv_field, json_value};
use crate::when::iso;

/// Names of the columns of CSV, and after `schema` the keys of an object.
pub const KEYS: [&str; 13] = [
    "id",
    "lane",
    "seq",
    "name",
    "start",
    "start_ns",
    "end_ns",
    "duration_ns",
    "outcome",
    "kind",
    "thread",
    "source",
    "weight",
];

/// The form of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An object of JSON.
    Json,
    /// A line of CSV (RFC 4180).
    Csv,
}

/// Writes rows in one form.
pub struct RowText {
    form: Form,
    /// What `texts` is about.
    names: Arc<NameTable>,
    /// By number of the name, as soon as it was needed.
    texts: Vec<Option<Texts>>,
    clock: Clock,
}

/// What is the same for all rows of a function, in the form of a value.
struct Texts {
    name: String,
    source: String,
}

/// What differs from row to row.
#[derive(Clone, Copy)]
struct Values {
    id: RowId,
    end_ns: i64,
    duration_ns: u64,
    outcome: Outcome,
    kind: Kind,
    thread: u32,
    weight: u32,
}

impl RowText {
    /// A writer of this form.
    pub fn new(form: Form) -> Self {
        let names = Arc::new(NameTable::default());
        Self { form, names, texts: Vec::new(), clock: Clock::default() }
    }

    /// What comes before the first row.
    pub fn header(&self) -> String {
        match self.form {
            Form::Json => String::new(),
            Form::Csv => KEYS.join(",") + "\n",
        }
    }

    /// Appends the first `count` rows of a batch, each with the end of its line.
    pub fn append(&mut self, batch: &RowBatch, count: usize, out: &mut Vec<u8>) {
        if !Arc::ptr_eq(&self.names, batch.name_table()) {
            self.names = Arc::clone(batch.name_table());
            self.texts.clear();
            self.texts.resize_with(batch.names().len(), || None);
        }
        for index in 0..count.min(batch.len()) {
            let number = batch.name_numbers[index] as usize;
            let (Some(name), Ok(flags)) =
                (batch.names().get(number), Flags::from_bits(batch.flags[index]))
            else {
                continue;
            };
            let values = Values {
                id: RowId::from_number(batch.ids[index]),
                end_ns: batch.ends_ns[index],
                duration_ns: batch.durations_ns[index],
                outcome: flags.outcome(),
                kind: flags.kind(),
                thread: batch.threads[index],
                weight: batch.weight(index),
            };
            let texts = self.texts[number].get_or_insert_with(|| Texts::new(self.form, name));
            write_row(self.form, &values, texts, &mut self.clock, out);
        }
    }

    /// Appends a single row with the end of its line.
    pub fn append_row(&mut self, row: &StoredRow, out: &mut Vec<u8>) {
        let values = Values {
            id: row.id,
            end_ns: row.end_ns,
            duration_ns: row.duration_ns,
            outcome: row.outcome,
            kind: row.kind,
            thread: row.thread,
            weight: row.weight,
        };
        write_row(self.form, &values, &Texts::new(self.form, &row.name), &mut self.clock, out);
    }
}

impl Texts {
    fn new(form: Form, name: &Name) -> Self {
        let value = match form {
            Form::Json => json_value,
            Form::Csv => csv_field,
        };
        Self { name: value(&(*name.name).into()), source: value(&(*name.source).into()) }
    }
}

fn write_row(form: Form, row: &Values, texts: &Texts, clock: &mut Clock, out: &mut Vec<u8>) {
    match form {
        Form::Json => write_json(row, texts, clock, out),
        Form::Csv => write_csv(row, texts, clock, out),
    }
}

fn write_json(row: &Values, texts: &Texts, clock: &mut Clock, out: &mut Vec<u8>) {
    let start_ns = row.start_ns();
    let mut put = |text: &str| out.extend_from_slice(text.as_bytes());
    let mut digits = itoa::Buffer::new();
    put("{\"schema\":");
    put(digits.format(SCHEMA));
    put(",\"id\":");
    put(digits.format(row.id.number()));
    put(",\"lane\":");
    put(digits.format(row.id.lane()));
    put(",\"seq\":");
    put(digits.format(row.id.seq()));
    put(",\"name\":");
    put(&texts.name);
    put(",\"start\":\"");
    put(clock.iso(start_ns));
    put("\",\"start_ns\":\"");
    put(digits.format(start_ns));
    put("\",\"end_ns\":\"");
    put(digits.format(row.end_ns));
    put("\",\"duration_ns\":");
    put(digits.format(row.duration_ns));
    put(",\"outcome\":\"");
    put(row.outcome.name());
    put("\",\"kind\":\"");
    put(row.kind.name());
    put("\",\"thread\":");
    put(digits.format(row.thread));
    put(",\"source\":");
    put(&texts.source);
    put(",\"weight\":");
    put(digits.format(row.weight));
    put("}\n");
}

fn write_csv(row: &Values, texts: &Texts, clock: &mut Clock, out: &mut Vec<u8>) {
    let start_ns = row.start_ns();
    let mut put = |text: &str| out.extend_from_slice(text.as_bytes());
    let mut digits = itoa::Buffer::new();
    put(digits.format(row.id.number()));
    put(",");
    put(digits.format(row.id.lane()));
    put(",");
    put(digits.format(row.id.seq()));
    put(",");
    put(&texts.name);
    put(",");
    put(clock.iso(start_ns));
    put(",");
    put(digits.format(start_ns));
    put(",");
    put(digits.format(row.end_ns));
    put(",");
    put(digits.format(row.duration_ns));
    put(",");
    put(row.outcome.name());
    put(",");
    put(row.kind.name());
    put(",");
    put(digits.format(row.thread));
    put(",");
    put(&texts.source);
    put(",");
    put(digits.format(row.weight));
    put("\n");
}

impl Values {
    const fn start_ns(&self) -> i64 {
        self.end_ns.saturating_sub_unsigned(self.duration_ns)
    }
}

/// Times as [`iso`] writes them. Calls that follow each other mostly begin in the same second, and
/// working out what a second is called takes longer than all the rest of a row.
#[derive(Default)]
struct Clock {
    second: i64,
    /// `2026-01-31T12:00:00.000000000Z` of that second, empty at first.
    text: String,
}

impl Clock {
    fn iso(&mut self, ns: i64) -> &str {
        const DECIMALS: usize = 9;
        let second = ns.div_euclid(1_000_000_000);
        if self.text.is_empty() || second != self.second {
            self.second = second;
            self.text = iso(ns);
        }
        let decimals = self.text.len() - 1 - DECIMALS..self.text.len() - 1;
        let digits = format_decimals(ns.rem_euclid(1_000_000_000).unsigned_abs());
        if let Ok(digits) = std::str::from_utf8(&digits) {
            self.text.replace_range(decimals, digits);
        }
        &self.text
    }
}

/// Nine digits of a number below a thousand million.
fn format_decimals(mut value: u64) -> [u8; 9] {
    let mut digits = [b'0'; 9];
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_slow_way() {
        // Promise: a time is written the same whether the second is new or known, also before 1970.
        let mut clock = Clock::default();
        let second = 1_000_000_000;
        for base in [0, second * 1_769_860_800, -second, -second * 86_400, i64::MAX, i64::MIN] {
            for step in [0, 1, 999_999_999, 1_000_000_000, 123_456_789, -1, 59 * second] {
                let ns = base.saturating_add(step);
                assert_eq!(clock.iso(ns), iso(ns), "{ns}");
            }
        }
    }

    #[test]
    fn a_row_is_valid_in_both_forms() {
        // Promise: names with quotes, line ends and control characters come back as they were.
        let name = "a,\"b\"\n\0\u{202e}🙂";
        let row = StoredRow {
            id: RowId::new(3, 7),
            name: Name { name: name.into(), source: "a.js:1".into() },
            end_ns: -5,
            duration_ns: u64::MAX,
            outcome: Outcome::Aborted,
            kind: Kind::Http,
            thread: 9,
            weight: 100,
        };
        let text = |form: Form| {
            let (mut writer, mut out) = (RowText::new(form), Vec::new());
            writer.append_row(&row, &mut out);
            String::from_utf8(out).unwrap()
        };
        let json: serde_json::Value = serde_json::from_str(&text(Form::Json)).unwrap();
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys[0], "schema");
        assert_eq!(keys[1..], KEYS);
        assert_eq!((&json["name"], &json["id"]), (&name.into(), &row.id.number().into()));
        assert_eq!(json["start_ns"], i64::MIN.to_string());
        assert_eq!(json["duration_ns"], u64::MAX);
        let expected = format!(
            "26388279066631,3,7,\"a,\"\"b\"\"\n\0\u{202e}🙂\",{},{},-5,{},aborted,http,9,a.js:1,\
             100\n",
            iso(i64::MIN),
            i64::MIN,
            u64::MAX
        );
        assert_eq!(text(Form::Csv), expected);
    }
}
