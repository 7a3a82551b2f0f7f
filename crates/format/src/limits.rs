//! Limits of the format: what a decoder accepts and an encoder never exceeds.

/// Bytes of a name or source; longer ones are cut and marked with a hash.
pub const NAME_SIZE_BYTES_MAX: usize = 1_024;

/// Names a lane can hold; the calls of further names count under [`OTHER_NAME`].
pub const NAME_COUNT_MAX: u32 = 100_000;

/// The name of all calls whose own name found no place in the dictionary.
pub const OTHER_NAME: &str = "__other__";

/// Rows in one ROWS frame: at most 25 bytes a row, so a frame stays below 256 KiB.
pub const ROWS_PER_FRAME_MAX: usize = 8_192;

/// Bytes of a frame's payload. Bounds what a damaged length can make a reader allocate.
pub const PAYLOAD_SIZE_BYTES_MAX: usize = 1 << 20;

/// Lanes of a database: the lane is the upper 10 of an id's 53 bits.
pub const LANE_COUNT_MAX: u16 = 1_024;

/// Bits of an id that hold the sequence within its lane.
pub const SEQ_BITS: u32 = 43;

/// Bytes of a label of a run (service, version, instance, host).
pub const LABEL_SIZE_BYTES_MAX: usize = 256;
