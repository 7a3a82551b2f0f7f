//! The slowest rows of many, and their bytes.
//!
//! Invariants:
//! - rows stand slowest first, among equals by lowest sequence, then end, then thread: an order
//!   of all rows there can be, so that merging never depends on order or grouping;
//! - `floor_ns` is the duration of the last row when the list is full, else 0.
//!
//! ```text
//! row count, thread runs x (thread, length), until all rows have one
//! rows x (duration_ns, seq - seq before (signed), end_ns - end_ns before (signed))
//! ```
//!
//! All are varints. The duration of the first row is told as it is, of the others by how much
//! they are below the one before; sequence and end of the first are told from 0, in 64 bits that
//! wrap.

use std::cmp::{Ordering, Reverse};

use kronicler_format::limits::SEQ_BITS;
use kronicler_format::varint::{Cursor, put_i64, put_u64};
use kronicler_format::{FormatError, Row};

/// Rows that a [`Slowest`] keeps.
pub const SLOWEST_COUNT: usize = 32;

const WHAT: &str = "slowest rows";

/// One of the slowest rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowRow {
    /// Duration in nanoseconds.
    pub duration_ns: u64,
    /// Sequence within its lane.
    pub seq: u64,
    /// End, nanoseconds since the Unix epoch.
    pub end_ns: i64,
    /// The thread that made it.
    pub thread: u32,
}

impl SlowRow {
    /// What a list keeps of the row with the sequence `seq`.
    #[must_use]
    #[inline]
    pub const fn new(seq: u64, row: &Row) -> Self {
        Self { duration_ns: row.duration_ns, seq, end_ns: row.end_ns, thread: row.thread }
    }

    /// Whether this row stands before the other: it is slower, or as slow and earlier.
    fn order(&self, other: &Self) -> Ordering {
        let key = |row: &Self| (Reverse(row.duration_ns), row.seq, row.end_ns, row.thread);
        key(self).cmp(&key(other))
    }
}

/// The slowest rows of a series, [`SLOWEST_COUNT`] at most.
pub type Slowest = SlowestList<SLOWEST_COUNT>;

/// The `LIMIT` slowest of all rows that were added, slowest first, among equals the one with the
/// lowest sequence first.
///
/// ```
/// use kronicler_stats::{SlowRow, SlowestList};
///
/// let mut slowest = SlowestList::<2>::new();
/// for (seq, duration_ns) in [(0, 500), (1, 900), (2, 700), (3, 900)] {
///     slowest.add(SlowRow { duration_ns, seq, end_ns: 0, thread: 0 });
/// }
/// let kept: Vec<u64> = slowest.rows().iter().map(|row| row.seq).collect();
/// assert_eq!(kept, [1, 3]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlowestList<const LIMIT: usize> {
    floor_ns: u64,
    rows: Vec<SlowRow>,
}

impl<const LIMIT: usize> SlowestList<LIMIT> {
    /// A list of no rows; it allocates with the first.
    #[must_use]
    pub const fn new() -> Self {
        Self { floor_ns: 0, rows: Vec::new() }
    }

    /// The rows kept, slowest first.
    #[must_use]
    pub fn rows(&self) -> &[SlowRow] {
        &self.rows
    }

    /// Adds a row: one comparison for most of many.
    #[inline]
    pub fn add(&mut self, row: SlowRow) {
        if row.duration_ns >= self.floor_ns {
            self.insert(row);
        }
    }

    /// Adds all rows of `other`: in any order and grouping the same.
    pub fn merge(&mut self, other: &Self) {
        for row in &other.rows {
            if row.duration_ns < self.floor_ns {
                return;
            }
            self.insert(*row);
        }
    }

    /// Adds a row that is not below the floor. Not inlined: seldom needed, and large.
    #[inline(never)]
    fn insert(&mut self, row: SlowRow) {
        let is_full = self.rows.len() >= LIMIT;
        let last = self.rows.last();
        let is_behind = last.is_some_and(|last| row.order(last) != Ordering::Less);
        if is_full && (is_behind || LIMIT == 0) {
            return;
        }
        if is_full {
            self.rows.pop();
        }
        let place = self.rows.partition_point(|kept| kept.order(&row) != Ordering::Greater);
        self.rows.insert(place, row);
        if self.rows.len() == LIMIT {
            self.floor_ns = self.rows.last().map_or(0, |last| last.duration_ns);
        }
    }

    /// Appends the bytes from which [`decode`](Self::decode) makes the same list: one for no rows,
    /// about 12 a row for many.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_u64(out, self.rows.len() as u64);
        for run in self.rows.chunk_by(|left, right| left.thread == right.thread) {
            put_u64(out, u64::from(run[0].thread));
            put_u64(out, run.len() as u64);
        }
        let mut before = None;
        for row in &self.rows {
            let SlowRow { duration_ns, seq, end_ns, .. } = before.unwrap_or(NOTHING);
            put_u64(out, before.map_or(row.duration_ns, |_| duration_ns - row.duration_ns));
            put_i64(out, row.seq.wrapping_sub(seq).cast_signed());
            put_i64(out, row.end_ns.wrapping_sub(end_ns));
            before = Some(*row);
        }
    }

    /// Reads a list off the front of `cursor`.
    ///
    /// # Errors
    /// When the bytes end too early, a number is outside of its limits, or the rows are more than
    /// `LIMIT` or not in order.
    pub fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        let mut stored = StoredRows::new(cursor, LIMIT)?;
        let mut list = Self { floor_ns: 0, rows: Vec::with_capacity(stored.left) };
        while let Some(row) = stored.next()? {
            list.rows.push(row);
        }
        *cursor = stored.rows;
        if list.rows.len() == LIMIT {
            list.floor_ns = list.rows.last().map_or(0, |last| last.duration_ns);
        }
        Ok(list)
    }

    /// Adds all rows of the list at the front of `cursor`, about twice as fast as decoding it
    /// first: it reads no further than there are rows to keep.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), as far as it reads; a part of the rows has then been added.
    pub fn merge_encoded(&mut self, mut cursor: Cursor<'_>) -> Result<(), FormatError> {
        let mut stored = StoredRows::new(&mut cursor, LIMIT)?;
        while let Some(row) = stored.next()? {
            if row.duration_ns < self.floor_ns {
                return Ok(());
            }
            self.insert(row);
        }
        Ok(())
    }
}

const NOTHING: SlowRow = SlowRow { duration_ns: 0, seq: 0, end_ns: 0, thread: 0 };

/// Reads the rows of a stored list one by one.
struct StoredRows<'a> {
    threads: Cursor<'a>,
    thread: u32,
    thread_left: usize,
    rows: Cursor<'a>,
    left: usize,
    before: Option<SlowRow>,
}

impl<'a> StoredRows<'a> {
    fn new(cursor: &mut Cursor<'a>, limit: usize) -> Result<Self, FormatError> {
        let left = cursor.usize_at_most(limit)?;
        let threads = cursor.clone();
        let mut without_thread = left;
        while without_thread > 0 {
            cursor.u32_at_most(u32::MAX)?;
            let length = cursor.usize_at_most(without_thread)?;
            if length == 0 {
                return Err(FormatError::Inconsistent { what: WHAT });
            }
            without_thread -= length;
        }
        let rows = cursor.clone();
        Ok(Self { threads, thread: 0, thread_left: 0, rows, left, before: None })
    }

    fn next(&mut self) -> Result<Option<SlowRow>, FormatError> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        if self.thread_left == 0 {
            self.thread = self.threads.u32_at_most(u32::MAX)?;
            self.thread_left = self.threads.usize_at_most(usize::MAX)?;
        }
        self.thread_left = self.thread_left.saturating_sub(1);
        let row = read_row(&mut self.rows, self.before, self.thread)?;
        self.before = Some(row);
        Ok(self.before)
    }
}

fn read_row(
    cursor: &mut Cursor<'_>,
    before: Option<SlowRow>,
    thread: u32,
) -> Result<SlowRow, FormatError> {
    let SlowRow { duration_ns, seq, end_ns, .. } = before.unwrap_or(NOTHING);
    let drop = cursor.u64()?;
    let duration = if before.is_none() { Some(drop) } else { duration_ns.checked_sub(drop) };
    let duration_ns = duration.ok_or(FormatError::Inconsistent { what: WHAT })?;
    let seq = seq.wrapping_add_signed(cursor.i64()?);
    let end_ns = end_ns.wrapping_add(cursor.i64()?);
    let row = SlowRow { duration_ns, seq, end_ns, thread };
    if seq >> SEQ_BITS != 0 {
        let limit = (1 << SEQ_BITS) - 1;
        return Err(FormatError::OutOfRange { what: WHAT, found: seq, limit });
    }
    let is_in_order = before.is_none_or(|before| before.order(&row) != Ordering::Greater);
    if is_in_order { Ok(row) } else { Err(FormatError::Inconsistent { what: WHAT }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes<const LIMIT: usize>(list: &SlowestList<LIMIT>) -> Vec<u8> {
        let mut out = Vec::new();
        list.encode(&mut out);
        out
    }

    fn decoded<const LIMIT: usize>(bytes: &[u8]) -> Result<SlowestList<LIMIT>, FormatError> {
        SlowestList::decode(&mut Cursor::new("test", bytes))
    }

    fn of<const LIMIT: usize>(rows: &[SlowRow]) -> SlowestList<LIMIT> {
        let mut list = SlowestList::new();
        rows.iter().for_each(|&row| list.add(row));
        list
    }

    fn rows() -> impl Strategy<Value = Vec<SlowRow>> {
        let duration = prop_oneof![0..9_u64, any::<u64>(), u64::MAX - 3..=u64::MAX];
        let seq = prop_oneof![0..20_u64, 0..1_u64 << SEQ_BITS];
        let row = (duration, seq, any::<i64>(), 0..3_u32).prop_map(
            |(duration_ns, seq, end_ns, thread)| SlowRow { duration_ns, seq, end_ns, thread },
        );
        prop::collection::vec(row, 0..60)
    }

    #[test]
    fn a_list_of_none_keeps_none() {
        // Promise: a limit of 0 is no special case.
        let list = of::<0>(&[NOTHING, SlowRow { duration_ns: 5, ..NOTHING }]);
        assert_eq!((list.rows(), bytes(&list)), (&[][..], vec![0]));
    }

    #[test]
    fn lists_that_no_rows_make_are_refused() {
        // Promise: order, limit and sequences of a stored list can be relied on.
        assert!(decoded::<3>(&[2, 0, 2, 9, 2, 0, 0, 2, 0]).is_ok());
        assert!(decoded::<3>(&[2, 0, 2, 9, 2, 0, 0, 1, 0]).is_err(), "not by sequence");
        assert!(decoded::<3>(&[2, 0, 2, 9, 2, 0, 10, 2, 0]).is_err(), "below nothing");
        assert!(decoded::<1>(&[2, 0, 2, 9, 2, 0, 0, 2, 0]).is_err(), "more than the limit");
        assert!(decoded::<3>(&[2, 0, 0, 9, 2, 0, 0, 2, 0]).is_err(), "a run of no rows");
        assert!(decoded::<3>(&[1, 0, 1, 9, 1, 0]).is_err(), "a sequence below 0");
    }

    proptest! {
        #[test]
        fn the_slowest_of_all_are_kept(all in rows(), cut in 0..60_usize) {
            // Promise: a list is the beginning of all rows in order, however they were merged.
            let list = of::<7>(&all);
            let mut sorted = all.clone();
            sorted.sort_by(SlowRow::order);
            sorted.truncate(7);
            prop_assert_eq!(list.rows(), &sorted[..]);
            let (left, right) = all.split_at(cut.min(all.len()));
            for (mut one, other) in [(of(left), of(right)), (of(right), of(left))] {
                let mut encoded = one.clone();
                encoded.merge_encoded(Cursor::new("test", &bytes(&other))).unwrap();
                prop_assert_eq!(&encoded, &list);
                one.merge(&other);
                prop_assert_eq!(&one, &list);
            }
        }

        #[test]
        fn lists_come_back(all in rows()) {
            // Promise: stored lists are the same, cut ones are refused.
            let list = of::<32>(&all);
            let stored = bytes(&list);
            prop_assert_eq!(decoded(&stored), Ok(list));
            for length in 0..stored.len() {
                prop_assert!(decoded::<32>(&stored[..length]).is_err());
            }
        }
    }
}
