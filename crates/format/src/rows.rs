//! The payload of a ROWS frame: up to 8,192 rows in lane order, about 8 bytes a row.
//!
//! ```text
//! first_seq, base_end_ns (signed), run count, runs x (thread, row count)
//! rows x (series, gap to the end before (signed), duration_ns)
//! ```
//!
//! All are varints. The first gap is to `base_end_ns`. A run is a stretch of rows that one thread
//! made; their order is the order of their ends.

use crate::limits::ROWS_PER_FRAME_MAX;
use crate::varint::{Cursor, SIZE_BYTES_MAX, put_i64, put_u64, write_u64, zigzag};
use crate::{FormatError, names::SERIES_COUNT_MAX};

/// A row: one call as it is stored and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Id of its series.
    pub series: u32,
    /// The thread that made it: Node's thread id, 0 for the main thread.
    pub thread: u32,
    /// End, nanoseconds since the Unix epoch.
    pub end_ns: i64,
    /// Duration in nanoseconds.
    pub duration_ns: u64,
}

impl Row {
    /// Start in nanoseconds since the Unix epoch.
    #[must_use]
    #[inline]
    pub const fn start_ns(&self) -> i64 {
        self.end_ns.saturating_sub_unsigned(self.duration_ns)
    }
}

/// Appends the payload that holds `rows`, of which the first has sequence `first_seq`.
///
/// # Panics
/// In debug builds when there are more than [`ROWS_PER_FRAME_MAX`] rows.
pub fn encode_rows(out: &mut Vec<u8>, first_seq: u64, rows: &[Row]) {
    debug_assert!(rows.len() <= ROWS_PER_FRAME_MAX);
    let base = rows.first().map_or(0, |row| row.end_ns);
    put_u64(out, first_seq);
    put_i64(out, base);
    let runs = rows.chunk_by(|left, right| left.thread == right.thread);
    put_u64(out, runs.clone().count() as u64);
    for run in runs {
        put_u64(out, u64::from(run[0].thread));
        put_u64(out, run.len() as u64);
    }
    // Room for the longest rows first: growing byte by byte costs twice the time.
    let mut at = out.len();
    out.resize(at + rows.len() * 3 * SIZE_BYTES_MAX, 0);
    let mut before = base;
    for row in rows {
        at += write_u64(&mut out[at..], u64::from(row.series));
        at += write_u64(&mut out[at..], zigzag(row.end_ns.wrapping_sub(before)));
        at += write_u64(&mut out[at..], row.duration_ns);
        before = row.end_ns;
    }
    out.truncate(at);
}

/// Appends the rows of `payload` to `out` and returns the sequence of the first.
///
/// # Errors
/// When the payload is cut short or a number is outside of its limits; `out` is then as before.
pub fn decode_rows(payload: &[u8], out: &mut Vec<Row>) -> Result<u64, FormatError> {
    let before = out.len();
    let result = decode_into(payload, out);
    if result.is_err() {
        out.truncate(before);
    }
    result
}

fn decode_into(payload: &[u8], out: &mut Vec<Row>) -> Result<u64, FormatError> {
    let mut cursor = Cursor::new("rows frame", payload);
    let first_seq = cursor.u64()?;
    let mut end_ns = cursor.i64()?;
    let run_count = cursor.usize_at_most(ROWS_PER_FRAME_MAX)?;
    let mut runs = Vec::with_capacity(run_count.min(64));
    let mut left = ROWS_PER_FRAME_MAX;
    for _ in 0..run_count {
        let thread = cursor.u32_at_most(u32::MAX)?;
        let count = cursor.usize_at_most(left)?;
        left -= count;
        runs.push((thread, count));
    }
    for (thread, count) in runs {
        for _ in 0..count {
            let series = cursor.u32_at_most(SERIES_COUNT_MAX)?;
            end_ns = end_ns.wrapping_add(cursor.i64()?);
            let duration_ns = cursor.u64()?;
            out.push(Row { series, thread, end_ns, duration_ns });
        }
    }
    Ok(first_seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let row = |series, thread, end_ns, duration_ns| Row { series, thread, end_ns, duration_ns };
        vec![
            row(0, 0, 1_700_000_000_000_000_000, 5),
            row(3, 0, 1_700_000_000_000_000_900, 0),
            row(3, 2, 1_600_000_000_000_000_000, u64::MAX),
            row(1, 0, i64::MIN, 1),
            row(1, 0, i64::MAX, 1),
        ]
    }

    #[test]
    fn rows_come_back() {
        // Promise: end, duration, series and thread of every row are kept exactly, steps back too.
        let mut out = Vec::new();
        encode_rows(&mut out, 77, &rows());
        let mut back = Vec::new();
        assert_eq!(decode_rows(&out, &mut back), Ok(77));
        assert_eq!(back, rows());
    }

    #[test]
    fn cut_rows_are_refused_whole() {
        // Promise: no half frame is taken for rows.
        let mut out = Vec::new();
        encode_rows(&mut out, 77, &rows());
        for length in 0..out.len() {
            let mut back = Vec::new();
            assert!(decode_rows(&out[..length], &mut back).is_err(), "length {length}");
            assert!(back.is_empty());
        }
    }

    #[test]
    fn a_usual_row_takes_about_eight_bytes() {
        // Promise: the head log grows by about 8 bytes a row.
        let usual: Vec<Row> = (0..1_000)
            .map(|i| Row { series: 3, thread: 0, end_ns: i * 2_000_000, duration_ns: 500_000 })
            .collect();
        let mut out = Vec::new();
        encode_rows(&mut out, 0, &usual);
        assert!(out.len() < 1_000 * 9, "{}", out.len());
    }
}
