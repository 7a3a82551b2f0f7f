//! The payload of a RUN frame: which process writes from here on, written once per process.
//!
//! ```text
//! count, count x (tag, length, bytes)
//! ```
//!
//! Tags: 1 service, 2 version, 3 instance, 4 host (UTF-8), 5 pid, 6 start_ns, 7 ticks of the
//! clock source (UTF-8), 8 rows the run before may have lost, 9 first_seq; when they are known, 10
//! the version of Kronicler (UTF-8), 11 max_bytes, 12 max_age_ns, 13 durability (UTF-8). Numbers
//! are varints, times signed. Unknown tags are skipped, so that labels can be added.

use crate::FormatError;
use crate::limits::LABEL_SIZE_BYTES_MAX;
use crate::varint::{Cursor, put_bytes, put_i64, put_u64};

/// Tags a RUN frame may have: bounds a damaged count.
const FIELD_COUNT_MAX: usize = 64;

/// A process that wrote to a lane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// Name of the service, empty when not set.
    pub service: String,
    /// Its version, empty when not set.
    pub version: String,
    /// Which instance of it.
    pub instance: String,
    /// Name of the machine.
    pub host: String,
    /// Process id.
    pub pid: u32,
    /// Start of the process's database, nanoseconds since the Unix epoch.
    pub start_ns: i64,
    /// Where its ticks came from: `tsc`, `counter` or `os`.
    pub clock: String,
    /// Calls that the run before, which did not end in order, may have lost at most.
    pub lost_at_most: u64,
    /// Sequence of its first row.
    pub first_seq: u64,
    /// Version of Kronicler that writes, empty when not known.
    pub engine: String,
    /// Bytes that rows may take, as it was told; 0 when not known.
    pub max_bytes: u64,
    /// How long rows are kept, as it was told; 0 when not known.
    pub max_age_ns: u64,
    /// When rows are made to survive a power cut: `sync`, `interval` or `os`; empty when not known.
    pub durability: String,
}

impl Run {
    /// Whether both ran the same version of the same service.
    #[must_use]
    pub fn is_same_version(&self, other: &Self) -> bool {
        self.service == other.service && self.version == other.version
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let late_texts = [(10, &self.engine), (13, &self.durability)];
        let late_texts = late_texts.into_iter().filter(|(_, text)| !text.is_empty());
        let late_numbers = [(11, self.max_bytes), (12, self.max_age_ns)];
        let late_numbers = late_numbers.into_iter().filter(|(_, value)| *value > 0);
        let late_count = late_texts.clone().count() + late_numbers.clone().count();
        put_u64(out, 9 + late_count as u64);
        let texts = [(1, &self.service), (2, &self.version), (3, &self.instance), (4, &self.host)];
        for (tag, text) in texts.into_iter().chain([(7, &self.clock)]).chain(late_texts) {
            put_u64(out, tag);
            put_bytes(out, fit_label(text).as_bytes());
        }
        let numbers = [(5, u64::from(self.pid)), (8, self.lost_at_most), (9, self.first_seq)];
        let mut number = Vec::new();
        for (tag, value) in numbers.into_iter().chain(late_numbers) {
            number.clear();
            put_u64(&mut number, value);
            put_u64(out, tag);
            put_bytes(out, &number);
        }
        number.clear();
        put_i64(&mut number, self.start_ns);
        put_u64(out, 6);
        put_bytes(out, &number);
    }

    /// Reads the payload.
    ///
    /// # Errors
    /// When it is cut short or a number is outside of its limits.
    pub fn decode(payload: &[u8]) -> Result<Self, FormatError> {
        let mut cursor = Cursor::new("run frame", payload);
        let mut run = Self::default();
        for _ in 0..cursor.usize_at_most(FIELD_COUNT_MAX)? {
            let tag = cursor.u64()?;
            let bytes = cursor.bytes(LABEL_SIZE_BYTES_MAX)?;
            let mut number = Cursor::new("run frame", bytes);
            match tag {
                1 => run.service = label(bytes),
                2 => run.version = label(bytes),
                3 => run.instance = label(bytes),
                4 => run.host = label(bytes),
                5 => run.pid = number.u32_at_most(u32::MAX)?,
                6 => run.start_ns = number.i64()?,
                7 => run.clock = label(bytes),
                8 => run.lost_at_most = number.u64()?,
                9 => run.first_seq = number.u64()?,
                10 => run.engine = label(bytes),
                11 => run.max_bytes = number.u64()?,
                12 => run.max_age_ns = number.u64()?,
                13 => run.durability = label(bytes),
                _ => {}
            }
        }
        Ok(run)
    }
}

/// The text in `bytes`, within the limit of a label.
pub(crate) fn label(bytes: &[u8]) -> String {
    // What replaces bytes that are no UTF-8 may be longer than they are.
    fit_label(&String::from_utf8_lossy(bytes)).to_owned()
}

/// The beginning of `text` that has room in a label.
///
/// ```
/// assert_eq!(kronicler_format::fit_label("1.2.3"), "1.2.3");
/// assert_eq!(kronicler_format::fit_label(&"x".repeat(300)).len(), 256);
/// ```
#[must_use]
pub fn fit_label(text: &str) -> &str {
    let mut end = text.len().min(LABEL_SIZE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_come_back_and_unknown_tags_are_skipped() {
        // Promise: service, version, instance, host, pid and start are kept once per run.
        let run = Run {
            service: "shop".into(),
            version: "1.2.3".into(),
            instance: "a".into(),
            host: "h".into(),
            pid: 4_000_000_000,
            start_ns: -9,
            clock: "tsc".into(),
            lost_at_most: 65_536,
            first_seq: 12,
            engine: "0.2.0".into(),
            max_bytes: u64::MAX,
            max_age_ns: 1,
            durability: "sync".into(),
        };
        let mut out = Vec::new();
        run.encode(&mut out);
        assert_eq!(Run::decode(&out), Ok(run.clone()));
        out[0] += 1;
        out.extend([99, 2, 1, 1]);
        assert_eq!(Run::decode(&out), Ok(run));
    }
    #[test]
    fn labels_that_are_no_text_stay_within_their_limit() {
        // Promise: what was read can be written again and is then the same.
        let payload = [&[1, 1, 0x80, 2][..], &[0xff; LABEL_SIZE_BYTES_MAX]].concat();
        let run = Run::decode(&payload).expect("bytes that are no text are replaced");
        assert!(run.service.len() <= LABEL_SIZE_BYTES_MAX);
        let mut out = Vec::new();
        run.encode(&mut out);
        assert_eq!(Run::decode(&out), Ok(run));
    }
}
