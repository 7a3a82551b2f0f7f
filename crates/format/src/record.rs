//! A record: one finished call as its thread leaves it in the ring, 32 bytes.
//!
//! ```text
//!  0        8        16     20      24        32
//!  | start  | end    | site | lap<<8| context |
//!  | u64    | u64    | u32  | |flags| u64     |
//! ```
//!
//! `start` and `end` are ticks of the process's clock, or nanoseconds as given for a manual row.
//! `lap` counts how often the ring had wrapped when the slot was written, so that whoever adopts
//! a ring left behind knows a stale slot from a fresh one.

use crate::{Flags, FormatError};

/// One finished call in the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Record {
    /// Start: ticks, or nanoseconds for a manual row.
    pub start: u64,
    /// End: ticks, or nanoseconds for a manual row.
    pub end: u64,
    /// What was called: the index of a name registered with the database.
    pub site: u32,
    /// Lap in the upper 24 bits, flags in the lower 8.
    pub lap_and_flags: u32,
    /// Parent or request of the call, 0 when there is none.
    pub context: u64,
}

/// Bytes of a record.
pub const RECORD_SIZE_BYTES: usize = 32;

const _: () = assert!(size_of::<Record>() == RECORD_SIZE_BYTES);
const _: () = assert!(align_of::<Record>() == 8);

impl Record {
    /// A record whose lap is not yet known: the ring fills it in.
    #[must_use]
    #[inline]
    pub const fn new(start: u64, end: u64, site: u32, flags: u8) -> Self {
        Self { start, end, site, lap_and_flags: flags as u32, context: 0 }
    }

    /// Outcome and kind of the call.
    ///
    /// # Errors
    /// When the bits are none of ours.
    pub fn flags(&self) -> Result<Flags, FormatError> {
        Flags::from_bits(self.lap_and_flags.to_le_bytes()[0])
    }
}
