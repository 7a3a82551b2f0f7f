//! A record: one finished call as its thread leaves it in the ring, 32 bytes.
//!
//! ```text
//!  0        8        16     20      24        32
//!  | start  | end    | site | lap<<8| context |
//!  | u64    | u64    | u32  | |flags| u64     |
//! ```
//!
//! `start` and `end` are ticks of the process's clock, or nanoseconds as given: for a manual row,
//! and where the highest bit of `end` is set, which that of a tick never is.
//! `lap` counts how often the ring had wrapped when the slot was written, so that whoever adopts
//! a ring left behind knows a stale slot from a fresh one.

use crate::{Flags, FormatError, Kind};

/// One finished call in the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Record {
    /// Start: ticks, or nanoseconds where times are given.
    pub start: u64,
    /// End: ticks, or nanoseconds where times are given.
    pub end: u64,
    /// What was called: the index of a name registered with the database.
    pub site: u32,
    /// Lap in the upper 24 bits, flags in the lower 8.
    pub lap_and_flags: u32,
    /// The ticket with which the detail of the call is handed over, 0 when it gets none. In a
    /// record that tells of the next one, the request: see [`CallContext`](crate::CallContext).
    pub context: u64,
}

/// Bytes of a record.
pub const RECORD_SIZE_BYTES: usize = 32;

/// Set in the end of a record whose times are given: ticks are below 2^62, nanoseconds below 2^63.
const GIVEN: u64 = 1 << 63;

const _: () = assert!(size_of::<Record>() == RECORD_SIZE_BYTES);
const _: () = assert!(align_of::<Record>() == 8);

impl Record {
    /// A record whose lap is not yet known: the ring fills it in.
    #[must_use]
    #[inline]
    pub const fn new(start: u64, end: u64, site: u32, flags: u8) -> Self {
        Self { start, end, site, lap_and_flags: flags as u32, context: 0 }
    }

    /// A record of any kind whose times are given, in nanoseconds.
    #[must_use]
    #[inline]
    pub const fn with_given_times(start_ns: u64, end_ns: u64, site: u32, flags: u8) -> Self {
        Self::new(start_ns, end_ns | GIVEN, site, flags)
    }

    /// The end in nanoseconds where times are given; none where they are ticks.
    #[must_use]
    #[inline]
    pub fn given_end_ns(&self, flags: Flags) -> Option<u64> {
        let is_given = flags.kind() == Kind::Manual || self.end & GIVEN != 0;
        is_given.then_some(self.end & !GIVEN)
    }

    /// Outcome and kind of the call.
    ///
    /// # Errors
    /// When the bits are none of ours.
    pub fn flags(&self) -> Result<Flags, FormatError> {
        Flags::from_bits(self.lap_and_flags.to_le_bytes()[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    #[test]
    fn given_times_are_told_from_ticks() {
        // Promise: times that are given come back as they were, whatever the kind; the largest
        // tick is no time that was given.
        let latest = i64::MAX.cast_unsigned();
        for kind in [Kind::Async, Kind::Http, Kind::Signal, Kind::Manual] {
            let flags = Flags::new(Outcome::Ok, kind);
            for end in [0, 1, latest] {
                let record = Record::with_given_times(0, end, 1, flags.bits());
                assert_eq!(record.given_end_ns(flags), Some(end), "{kind:?}");
            }
        }
        let ticks = Record::new(0, (1 << 62) - 1, 1, 0);
        assert_eq!(ticks.given_end_ns(Flags::new(Outcome::Ok, Kind::Sync)), None);
        let by_hand = Flags::new(Outcome::Ok, Kind::Manual);
        assert_eq!(Record::new(0, 7, 1, by_hand.bits()).given_end_ns(by_hand), Some(7));
    }
}
