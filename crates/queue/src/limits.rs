//! Limits of a ring.

/// Fewest records of a ring: half of it must be a record.
pub const CAPACITY_MIN: u32 = 2;
/// Most records of a ring: 512 MiB, far above what an engine gives to all of its rings.
pub const CAPACITY_MAX: u32 = 1 << 24;
