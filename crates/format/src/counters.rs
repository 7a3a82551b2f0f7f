//! What happened to calls that became no row: in COUNTERS frames, behind the sequence of the next
//! row, and in CHECKPOINT frames.
//!
//! ```text
//! count, count x (tag, value)
//! ```
//!
//! All are varints. Values count since the lane was made, over all its runs. Unknown tags are
//! skipped.

use crate::FormatError;
use crate::varint::{Cursor, put_u64};

/// Counters of a lane, each counting calls since the lane was made.
///
/// With all but the last, `seen = stored + pending + skipped + dropped + lost` holds exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Left out on purpose by the option `every`.
    pub skipped_every: u64,
    /// Dropped because the ring was full.
    pub dropped_ring: u64,
    /// Dropped because the thread got no ring: too many threads.
    pub dropped_thread: u64,
    /// Dropped because the store could not be written.
    pub dropped_store: u64,
    /// Dropped because the database was closed.
    pub dropped_closed: u64,
    /// Lost because the clock jumped or ran backwards.
    pub lost_clock: u64,
    /// Lost with a process that did not end in order: at most so many.
    pub lost_at_most: u64,
    /// Details of calls that could not be kept; the calls themselves were.
    pub details_dropped: u64,
}

/// Counters a frame may have: bounds a damaged count.
const COUNTER_COUNT_MAX: usize = 64;

impl Counters {
    /// Calls dropped, for whatever cause.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped_ring + self.dropped_thread + self.dropped_store + self.dropped_closed
    }

    /// Adds the counts of another lane.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.fields_mut().into_iter().zip(other.fields()) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// What was counted since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut difference = *self;
        for (mine, before) in difference.fields_mut().into_iter().zip(earlier.fields()) {
            *mine = mine.saturating_sub(before);
        }
        difference
    }

    /// Appends the counters.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let set = (1_u64..).zip(self.fields()).filter(|&(_, value)| value != 0);
        put_u64(out, set.clone().count() as u64);
        for (tag, value) in set {
            put_u64(out, tag);
            put_u64(out, value);
        }
    }

    /// Reads the counters off the front of `cursor`.
    ///
    /// # Errors
    /// When they are cut short or too many.
    pub fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FormatError> {
        let mut counters = Self::default();
        for _ in 0..cursor.usize_at_most(COUNTER_COUNT_MAX)? {
            let (tag, value) = (cursor.usize_at_most(usize::MAX)?, cursor.u64()?);
            let fields = counters.fields_mut();
            if let Some(field) = fields.into_iter().nth(tag.wrapping_sub(1)) {
                *field = value;
            }
        }
        Ok(counters)
    }

    const fn fields(&self) -> [u64; 8] {
        [
            self.skipped_every,
            self.dropped_ring,
            self.dropped_thread,
            self.dropped_store,
            self.dropped_closed,
            self.lost_clock,
            self.lost_at_most,
            self.details_dropped,
        ]
    }

    const fn fields_mut(&mut self) -> [&mut u64; 8] {
        [
            &mut self.skipped_every,
            &mut self.dropped_ring,
            &mut self.dropped_thread,
            &mut self.dropped_store,
            &mut self.dropped_closed,
            &mut self.lost_clock,
            &mut self.lost_at_most,
            &mut self.details_dropped,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_come_back() {
        // Promise: everything is counted, by cause.
        let counters = Counters { skipped_every: 1, dropped_store: 1 << 50, ..Default::default() };
        let mut out = Vec::new();
        counters.encode(&mut out);
        assert_eq!(Counters::decode(&mut Cursor::new("counters", &out)), Ok(counters));
        out[0] += 1;
        out.extend([60, 9]);
        assert_eq!(Counters::decode(&mut Cursor::new("counters", &out)), Ok(counters));
    }
}
