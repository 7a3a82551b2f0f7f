//! Rows as text for programs: an object or a line of CSV each, written from columns.
//!
//! The only writer of rows in these forms. Whatever is the same for all rows of a function is made
//! once, and the time of day once for all rows that follow each other within a second.

use std::ops::Range;
use std::sync::Arc;

use kronicler_format::{Detail, Flags, Kind, Outcome};
use kronicler_query::{NameTable, RowBatch, StoredRow};
use kronicler_store::{Name, RowId};
use serde_json::Value;

use crate::record::{SCHEMA, csv_field, harmless, json_value};
use crate::row_field::RowField;
use crate::when::iso;

/// What can be told of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// What all forms have.
    Row(RowField),
    /// When it began, to be read by people.
    Start,
}

impl Field {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 14] = [
        Self::Row(RowField::Id),
        Self::Row(RowField::Lane),
        Self::Row(RowField::Seq),
        Self::Row(RowField::Name),
        Self::Start,
        Self::Row(RowField::StartNs),
        Self::Row(RowField::EndNs),
        Self::Row(RowField::DurationNs),
        Self::Row(RowField::Outcome),
        Self::Row(RowField::Kind),
        Self::Row(RowField::Thread),
        Self::Row(RowField::Source),
        Self::Row(RowField::Weight),
        Self::Row(RowField::Detail),
    ];

    /// Those of rows whose details nobody has read.
    pub const PLAIN: &[Self] = Self::ALL.split_last().expect("there are some").1;

    /// The name of its column in CSV, and of its key in an object.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Row(field) => field.name(),
            Self::Start => "start",
        }
    }
}

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
    fields: Vec<Field>,
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
struct Values<'a> {
    id: RowId,
    end_ns: i64,
    duration_ns: u64,
    outcome: Outcome,
    kind: Kind,
    thread: u32,
    weight: u32,
    detail: Option<&'a Detail>,
}

impl RowText {
    /// A writer of all that there is to tell.
    pub fn new(form: Form) -> Self {
        Self::with_fields(form, &Field::ALL)
    }

    /// A writer of these fields.
    pub fn with_fields(form: Form, fields: &[Field]) -> Self {
        let (fields, names) = (fields.to_vec(), Arc::default());
        Self { form, fields, names, texts: Vec::new(), clock: Clock::default() }
    }

    /// A writer of the same form for rows whose details nobody has read.
    pub fn without_details(self) -> Self {
        Self::with_fields(self.form, Field::PLAIN)
    }

    /// What comes before the first row.
    pub fn header(&self) -> String {
        match self.form {
            Form::Json => String::new(),
            Form::Csv => {
                let keys: Vec<&str> = self.fields.iter().map(|field| field.name()).collect();
                keys.join(",") + "\n"
            }
        }
    }

    /// Appends some rows of a batch, each with the end of its line.
    pub fn append(&mut self, batch: &RowBatch, rows: Range<usize>, out: &mut Vec<u8>) {
        if !Arc::ptr_eq(&self.names, batch.name_table()) {
            self.names = Arc::clone(batch.name_table());
            self.texts.clear();
            self.texts.resize_with(batch.names().len(), || None);
        }
        for index in rows.start..rows.end.min(batch.len()) {
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
                detail: batch.detail(index).map(|detail| &**detail),
            };
            let texts = self.texts[number].get_or_insert_with(|| Texts::new(self.form, name));
            let line = Line { values, texts, clock: &mut self.clock };
            line.write(self.form, &self.fields, out);
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
            detail: row.detail.as_deref(),
        };
        let texts = &Texts::new(self.form, &row.name);
        Line { values, texts, clock: &mut self.clock }.write(self.form, &self.fields, out);
    }
}

/// A detail as a JSON text that can do no harm on a terminal.
pub fn detail_text(detail: &Detail) -> String {
    harmless(detail.to_json())
}

/// A detail as a value of JSON; null when there is none.
pub fn detail_value(detail: Option<&Detail>) -> Value {
    let parsed = detail.and_then(|detail| serde_json::from_str(&detail.to_json()).ok());
    parsed.unwrap_or(Value::Null)
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

/// A row that is about to be written.
struct Line<'a> {
    values: Values<'a>,
    texts: &'a Texts,
    clock: &'a mut Clock,
}

impl Line<'_> {
    fn write(mut self, form: Form, fields: &[Field], out: &mut Vec<u8>) {
        if form == Form::Json {
            put(out, "{\"schema\":");
            put_number(out, SCHEMA);
        }
        let mut is_first = true;
        for &field in fields {
            match form {
                Form::Json => {
                    put(out, ",\"");
                    put(out, field.name());
                    put(out, "\":");
                }
                Form::Csv if is_first => {}
                Form::Csv => put(out, ","),
            }
            is_first = false;
            self.put_value(form, field, out);
        }
        put(out, if form == Form::Json { "}\n" } else { "\n" });
    }

    fn put_value(&mut self, form: Form, field: Field, out: &mut Vec<u8>) {
        let row = self.values;
        let field = match field {
            Field::Start => return put_word(form, self.clock.iso(row.start_ns()), out),
            Field::Row(field) => field,
        };
        match field {
            RowField::Id => put_number(out, row.id.number()),
            RowField::Lane => put_number(out, row.id.lane()),
            RowField::Seq => put_number(out, row.id.seq()),
            RowField::Name => put(out, &self.texts.name),
            RowField::StartNs => put_word(form, itoa::Buffer::new().format(row.start_ns()), out),
            RowField::EndNs => put_word(form, itoa::Buffer::new().format(row.end_ns), out),
            RowField::DurationNs => put_number(out, row.duration_ns),
            RowField::Outcome => put_word(form, row.outcome.name(), out),
            RowField::Kind => put_word(form, row.kind.name(), out),
            RowField::Thread => put_number(out, row.thread),
            RowField::Source => put(out, &self.texts.source),
            RowField::Weight => put_number(out, row.weight),
            RowField::Detail => match (row.detail, form) {
                (None, Form::Json) => put(out, "null"),
                (None, Form::Csv) => {}
                (Some(detail), Form::Json) => put(out, &detail_text(detail)),
                (Some(detail), Form::Csv) => put(out, &csv_field(&detail_text(detail).into())),
            },
        }
    }
}

/// A text that needs no escape.
fn put_word(form: Form, word: &str, out: &mut Vec<u8>) {
    let quote = if form == Form::Json { "\"" } else { "" };
    put(out, quote);
    put(out, word);
    put(out, quote);
}

fn put_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    put(out, itoa::Buffer::new().format(number));
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

impl Values<'_> {
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
            detail: Some(Arc::new(Detail {
                message: Some("a,\"b\"\u{202e}".to_owned()),
                ..Detail::default()
            })),
        };
        let text = |form: Form| {
            let (mut writer, mut out) = (RowText::new(form), Vec::new());
            writer.append_row(&row, &mut out);
            String::from_utf8(out).unwrap()
        };
        let json: serde_json::Value = serde_json::from_str(&text(Form::Json)).unwrap();
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys[0], "schema");
        assert_eq!(keys[1..], Field::ALL.map(Field::name));
        assert_eq!((&json["name"], &json["id"]), (&name.into(), &row.id.number().into()));
        assert_eq!(json["start_ns"], i64::MIN.to_string());
        assert_eq!(json["duration_ns"], u64::MAX);
        assert_eq!(json["detail"]["message"], "a,\"b\"\u{202e}");
        let expected = format!(
            "26388279066631,3,7,\"a,\"\"b\"\"\n\0\u{202e}🙂\",{},{},-5,{},aborted,http,9,a.js:1,\
             100,\"{{\"\"message\"\":\"\"a,\\\"\"b\\\"\"\\u202e\"\"}}\"\n",
            iso(i64::MIN),
            i64::MIN,
            u64::MAX
        );
        assert_eq!(text(Form::Csv), expected);
    }
}
