//! What can go wrong when a clock is chosen or a ring is made.

use std::fmt;

use crate::limits::{CAPACITY_MAX, CAPACITY_MIN};

/// The wish for a clock names none that we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownClock {
    /// The word that was given.
    pub wish: String,
}

impl fmt::Display for UnknownClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the clock `{}` is unknown; use `tsc` or `os`, or leave it out", self.wish)
    }
}

impl std::error::Error for UnknownClock {}

/// Why a ring could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingError {
    /// The capacity is no power of two within the limits.
    Capacity {
        /// Records asked for.
        found: u32,
    },
    /// The system gave no memory for the ring.
    OutOfMemory {
        /// Bytes asked for.
        size_bytes: usize,
    },
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capacity { found } => write!(
                f,
                "a ring cannot have {found} records; use a power of two from {} to {}",
                CAPACITY_MIN, CAPACITY_MAX
            ),
            Self::OutOfMemory { size_bytes } => write!(
                f,
                "no memory for a ring of {size_bytes} bytes; raise the limit or use smaller rings"
            ),
        }
    }
}

impl std::error::Error for RingError {}
