//! What is kept of the rows of one series: moments, sketch and slowest rows.
//!
//! ```text
//! moments, and if their count is not 0: sketch, slowest rows
//! ```
//!
//! Invariants: all three speak of the same rows. So the counts agree, shortest and longest lie in
//! the sketch's first and last bucket, and the slowest are as many as there can be, the first as
//! slow as the longest, none faster than the shortest.

use kronicler_format::varint::Cursor;
use kronicler_format::{FormatError, Row};

use crate::distribution::{Distribution, merge_encoded};
use crate::moments::Moments;
use crate::sketch::Sketch;
use crate::slowest::{SLOWEST_COUNT, SlowRow, Slowest};

const WHAT: &str = "summary of a series";

/// Statistics of the rows of one series.
///
/// ```
/// use kronicler_format::{Row, varint::Cursor};
/// use kronicler_stats::Summary;
///
/// let mut summary = Summary::new();
/// for seq in 0..1_000 {
///     let duration_ns = 1_000 + seq * 37 % 997;
///     summary.add(seq, &Row { series: 0, thread: 0, end_ns: 5, duration_ns });
/// }
/// let mut bytes = Vec::new();
/// summary.encode(&mut bytes);
/// let stored = Summary::decode(&mut Cursor::new("summary", &bytes));
/// assert_eq!(stored, Ok(summary));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Exact moments of the durations.
    pub moments: Moments,
    /// Quantiles of the durations within 1 %.
    pub sketch: Sketch,
    /// The slowest rows.
    pub slowest: Slowest,
}

impl Summary {
    /// A summary of no rows.
    #[must_use]
    pub const fn new() -> Self {
        Self { moments: Moments::new(), sketch: Sketch::new(), slowest: Slowest::new() }
    }

    /// Adds a row of the series, which has the sequence `seq` in its lane.
    #[inline]
    pub fn add(&mut self, seq: u64, row: &Row) {
        self.moments.add(row.duration_ns);
        self.sketch.add(row.duration_ns);
        self.slowest.add(SlowRow::new(seq, row));
    }

    /// Adds everything that `other` has seen, of other rows of the same lane: in any order and
    /// grouping the same.
    pub fn merge(&mut self, other: &Self) {
        self.moments.merge(&other.moments);
        self.sketch.merge(&other.sketch);
        self.slowest.merge(&other.slowest);
    }

    /// Appends the bytes from which [`decode`](Self::decode) makes the same summary: one for no
    /// rows, some 600 for many.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.moments.encode(out);
        if !self.moments.is_empty() {
            self.sketch.encode(out);
            self.slowest.encode(out);
        }
    }

    /// Reads a summary off the front of `cursor`.
    ///
    /// # Errors
    /// When the bytes end too early, a number is outside of its limits, or moments, sketch and
    /// slowest rows are not of the same rows.
    pub fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        let Distribution { moments, sketch } = Distribution::decode(cursor)?;
        if moments.is_empty() {
            return Ok(Self::new());
        }
        let slowest = Slowest::decode(cursor)?;
        let summary = Self { moments, sketch, slowest };
        let inconsistent = FormatError::Inconsistent { what: WHAT };
        if summary.is_slowest_of_all() { Ok(summary) } else { Err(inconsistent) }
    }

    /// Adds everything that the summary in `bytes` has seen, about twice as fast as decoding it
    /// first: it allocates nothing, and reads no more of the slowest rows than there are to keep.
    ///
    /// For bytes that were [decoded](Self::decode) once and are asked for again, since not all of
    /// their promises are checked here.
    ///
    /// # Errors
    /// When the bytes end too early, a number is outside of its limits, or counts differ. A part
    /// of what was read has then been added.
    pub fn merge_encoded(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        let mut cursor = Cursor::new(WHAT, bytes);
        let before = self.moments.count();
        merge_encoded(&mut self.moments, &mut self.sketch, &mut cursor)?;
        let is_empty = self.moments.count() == before;
        if is_empty { Ok(()) } else { self.slowest.merge_encoded(cursor) }
    }

    /// The moments of the summary in `bytes`.
    ///
    /// # Errors
    /// When the bytes end too early, or no durations have such moments.
    pub fn moments_encoded(bytes: &[u8]) -> Result<Moments, FormatError> {
        Moments::decode(&mut Cursor::new(WHAT, bytes))
    }

    /// Adds the sketch of the summary in `bytes` to another.
    ///
    /// # Errors
    /// When the bytes end too early or a number is outside of its limits. A part of what was read
    /// has then been added.
    pub fn sketch_encoded(bytes: &[u8], sketch: &mut Sketch) -> Result<(), FormatError> {
        let mut moments = Moments::new();
        merge_encoded(&mut moments, sketch, &mut Cursor::new(WHAT, bytes))
    }

    /// The slowest rows of the summary in `bytes`; none, and little read, when all of them are
    /// below `floor_ns`. `passed` takes what stands before them: only memory to decode into.
    ///
    /// # Errors
    /// When the bytes end too early or a number is outside of its limits.
    pub fn slowest_encoded(
        bytes: &[u8],
        floor_ns: u64,
        passed: &mut Sketch,
    ) -> Result<Slowest, FormatError> {
        let mut cursor = Cursor::new(WHAT, bytes);
        let longest = Moments::decode(&mut cursor)?.max();
        if longest.is_none_or(|longest| longest < floor_ns) {
            return Ok(Slowest::new());
        }
        if passed.count() > u64::MAX / 2 {
            *passed = Sketch::new();
        }
        passed.merge_encoded(&mut cursor)?;
        Slowest::decode(&mut cursor)
    }

    fn is_slowest_of_all(&self) -> bool {
        let rows = self.slowest.rows();
        let count = rows.len() as u64;
        let ends = rows.first().zip(rows.last());
        let ends = ends.map(|(first, last)| (first.duration_ns, last.duration_ns));
        count == self.moments.count().min(SLOWEST_COUNT as u64)
            && ends.is_some_and(|(first, last)| {
                self.moments.max() == Some(first) && self.moments.min() <= Some(last)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(summary: &Summary) -> Vec<u8> {
        let mut out = Vec::new();
        summary.encode(&mut out);
        out
    }

    fn decoded(bytes: &[u8]) -> Result<Summary, FormatError> {
        Summary::decode(&mut Cursor::new("test", bytes))
    }

    fn of(rows: &[(u64, Row)]) -> Summary {
        let mut summary = Summary::new();
        rows.iter().for_each(|(seq, row)| summary.add(*seq, row));
        summary
    }

    fn rows() -> impl Strategy<Value = Vec<(u64, Row)>> {
        let duration = prop_oneof![0..9_u64, 2_000..9_000_u64, any::<u64>()];
        let row = (0..1_u64 << 43, duration, any::<i64>(), 0..3_u32);
        let row = row.prop_map(|(seq, duration_ns, end_ns, thread)| {
            (seq, Row { series: 0, thread, end_ns, duration_ns })
        });
        prop::collection::vec(row, 0..99)
    }

    #[test]
    fn parts_of_different_rows_are_refused() {
        // Promise: a stored summary never contradicts itself, such as a p99 above the maximum.
        let row = |duration_ns| Row { series: 0, thread: 0, end_ns: 0, duration_ns };
        let good = of(&[(0, row(5)), (1, row(9))]);
        assert_eq!(bytes(&good), [2, 5, 4, 4, 5, 4, 0, 2, 0, 2, 9, 2, 0, 4, 1, 0]);
        let more = of(&[(0, row(5)), (1, row(9)), (2, row(9))]);
        let longer = of(&[(0, row(5)), (1, row(10))]);
        let shorter = of(&[(0, row(4)), (1, row(9))]);
        for other in [more, longer, shorter] {
            let sketch = Summary { sketch: other.sketch.clone(), ..good.clone() };
            let slowest = Summary { slowest: other.slowest.clone(), ..good.clone() };
            assert!(decoded(&bytes(&sketch)).is_err(), "{sketch:?}");
            assert!(decoded(&bytes(&slowest)).is_err(), "{slowest:?}");
        }
    }

    proptest! {
        #[test]
        fn merging_equals_adding_one_by_one(all in rows(), cut in 0..99_usize) {
            // Promise: who merges in whatever order, decoded or as bytes, gets the same bytes.
            let whole = of(&all);
            let (left, right) = all.split_at(cut.min(all.len()));
            for (one, other) in [(of(left), of(right)), (of(right), of(left))] {
                let (mut merged, mut merged_bytes) = (one.clone(), one);
                merged_bytes.merge_encoded(&bytes(&Summary::new())).unwrap();
                merged.merge(&other);
                merged_bytes.merge_encoded(&bytes(&other)).unwrap();
                prop_assert_eq!(bytes(&merged), bytes(&whole));
                prop_assert_eq!(&merged_bytes, &merged);
            }
        }

        #[test]
        fn summaries_come_back(all in rows()) {
            // Promise: stored summaries are the same, cut ones are refused.
            let summary = of(&all);
            let stored = bytes(&summary);
            prop_assert_eq!(Summary::moments_encoded(&stored), Ok(summary.moments.clone()));
            let longest = summary.moments.max().unwrap_or(0);
            let mut passed = Sketch::new();
            for (floor_ns, count) in
                [(0, summary.slowest.rows().len()), (longest.saturating_add(1), 0)]
            {
                let slowest = Summary::slowest_encoded(&stored, floor_ns, &mut passed).unwrap();
                if longest < u64::MAX {
                    prop_assert_eq!(slowest.rows(), &summary.slowest.rows()[..count]);
                }
            }
            prop_assert_eq!(decoded(&stored), Ok(summary));
            for length in 0..stored.len() {
                prop_assert!(decoded(&stored[..length]).is_err());
            }
        }

        #[test]
        fn damaged_bytes_give_an_error_or_a_summary(
            all in rows(),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            // Promise: whatever a disk returns, nothing panics and every answer is consistent.
            let mut stored = bytes(&of(&all));
            for (index, byte) in damage {
                let at = index.index(stored.len());
                stored[at] ^= byte;
            }
            if let Ok(summary) = decoded(&stored) {
                prop_assert_eq!(decoded(&bytes(&summary)), Ok(summary.clone()));
                prop_assert_eq!(summary.sketch.count(), summary.moments.count());
            }
            let _ = of(&all).merge_encoded(&stored);
        }
    }
}
