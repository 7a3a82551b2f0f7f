//! The payload of a NAMES frame: names and series, each in the order of its ids.
//!
//! ```text
//! first_name, count, count x (length, name, length, source)
//! first_series, count, count x (name, flags u8, weight, status_class u8)
//! ```
//!
//! All but the marked bytes are varints. Ids are dense: the first new one is named, so that a
//! reader notices a frame it has missed.

use crate::limits::{NAME_COUNT_MAX, NAME_SIZE_BYTES_MAX, PAYLOAD_SIZE_BYTES_MAX};
use crate::varint::{Cursor, put_bytes, put_u64};
use crate::{Flags, FormatError};

/// Series a lane can hold: every name with every flag and a few weights.
pub const SERIES_COUNT_MAX: u32 = NAME_COUNT_MAX * 16;

/// A name and where its function was wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameEntry<'a> {
    /// The name.
    pub name: &'a str,
    /// `file:line`, or empty when it is not known.
    pub source: &'a str,
}

/// What all rows of a series share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SeriesEntry {
    /// Id of the name.
    pub name: u32,
    /// Outcome and kind.
    pub flags: Flags,
    /// Calls that one row stands for.
    pub weight: u32,
    /// First digit of the http status, 0 when there is none.
    pub status_class: u8,
}

/// A decoded NAMES frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamesFrame<'a> {
    /// Id of the first name.
    pub first_name: u32,
    /// The names.
    pub names: Vec<NameEntry<'a>>,
    /// Id of the first series.
    pub first_series: u32,
    /// The series.
    pub series: Vec<SeriesEntry>,
}

impl NamesFrame<'_> {
    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_u64(out, u64::from(self.first_name));
        put_u64(out, self.names.len() as u64);
        for entry in &self.names {
            put_bytes(out, entry.name.as_bytes());
            put_bytes(out, entry.source.as_bytes());
        }
        put_u64(out, u64::from(self.first_series));
        put_u64(out, self.series.len() as u64);
        for entry in &self.series {
            put_u64(out, u64::from(entry.name));
            out.push(entry.flags.bits());
            put_u64(out, u64::from(entry.weight));
            out.push(entry.status_class);
        }
    }
}

impl<'a> NamesFrame<'a> {
    /// Reads the payload.
    ///
    /// # Errors
    /// When it is cut short, or a number is outside of its limits, or a name is no UTF-8.
    pub fn decode(payload: &'a [u8]) -> Result<Self, FormatError> {
        let mut cursor = Cursor::new("names frame", payload);
        let first_name = cursor.u32_at_most(NAME_COUNT_MAX)?;
        let count = cursor.usize_at_most(PAYLOAD_SIZE_BYTES_MAX)?;
        let mut names = Vec::new();
        for _ in 0..count {
            let name = text(cursor.bytes(NAME_SIZE_BYTES_MAX)?)?;
            let source = text(cursor.bytes(NAME_SIZE_BYTES_MAX)?)?;
            names.push(NameEntry { name, source });
        }
        let first_series = cursor.u32_at_most(SERIES_COUNT_MAX)?;
        let count = cursor.usize_at_most(PAYLOAD_SIZE_BYTES_MAX)?;
        let mut series = Vec::new();
        for _ in 0..count {
            series.push(SeriesEntry {
                name: cursor.u32_at_most(NAME_COUNT_MAX)?,
                flags: Flags::from_bits(cursor.u8()?)?,
                weight: cursor.u32_at_most(u32::MAX)?,
                status_class: cursor.u8()?,
            });
        }
        Ok(Self { first_name, names, first_series, series })
    }
}

fn text(bytes: &[u8]) -> Result<&str, FormatError> {
    std::str::from_utf8(bytes).map_err(|error| FormatError::OutOfRange {
        what: "valid UTF-8 in a name",
        found: error.valid_up_to() as u64,
        limit: bytes.len() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Outcome};

    #[test]
    fn names_and_series_come_back() {
        // Promise: a series keeps its name, outcome, kind and weight.
        let frame = NamesFrame {
            first_name: 7,
            names: vec![
                NameEntry { name: "", source: "" },
                NameEntry { name: "GET /ü\0", source: "src/a.js:12" },
            ],
            first_series: 9,
            series: vec![SeriesEntry {
                name: 8,
                flags: Flags::new(Outcome::Error, Kind::Http),
                weight: 10,
                status_class: 5,
            }],
        };
        let mut out = Vec::new();
        frame.encode(&mut out);
        assert_eq!(NamesFrame::decode(&out), Ok(frame));
        for length in 0..out.len() {
            assert!(NamesFrame::decode(&out[..length]).is_err(), "length {length}");
        }
    }
}
