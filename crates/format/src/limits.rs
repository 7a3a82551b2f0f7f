//! Limits of the format: what a decoder accepts and an encoder never exceeds.

/// Bytes of a name or source; longer ones are cut and marked with a hash.
pub const NAME_SIZE_BYTES_MAX: usize = 1_024;

/// Names a lane can hold; the calls of further names count under [`OTHER_NAME`].
pub const NAME_COUNT_MAX: u32 = 100_000;

/// The name of all calls whose own name found no place in the dictionary.
pub const OTHER_NAME: &str = "__other__";

/// Rows in one ROWS frame: at most 25 bytes a row, so a frame stays below 256 KiB.
pub const ROWS_PER_FRAME_MAX: usize = 8_192;

/// Bytes of what is told of one row besides its times.
pub const DETAIL_SIZE_BYTES_MAX: usize = 4_096;

/// Bytes of a frame's payload. Bounds what a damaged length can make a reader allocate.
pub const PAYLOAD_SIZE_BYTES_MAX: usize = 1 << 20;

/// Lanes of a database: the lane is the upper 10 of an id's 53 bits.
pub const LANE_COUNT_MAX: u16 = 1_024;

/// Bits of an id that hold the sequence within its lane.
pub const SEQ_BITS: u32 = 43;

/// Bytes of a label of a run (service, version, instance, host), and of a text of a hook.
pub const LABEL_SIZE_BYTES_MAX: usize = 256;

/// Entries of a HOOKS frame: with texts at their longest it stays below 68 KiB.
pub const HOOK_COUNT_MAX: usize = 128;

/// Rows of one chunk.
pub const CHUNK_ROW_COUNT_MAX: usize = 65_536;

/// Values of one page: all pages of a column but the last hold so many.
pub const PAGE_VALUE_COUNT_MAX: usize = 8_192;

/// Rows from which on a series has a column of its own for its durations in a chunk.
pub const OWN_PAGE_ROW_COUNT_MIN: usize = 1_024;

/// Bytes of a chunk's directory. Each row in another thread takes 6 bytes of it, each row in
/// another series 2 to 6.
pub const DIRECTORY_SIZE_BYTES_MAX: usize = 1 << 20;

/// Bytes of a chunk: four times what rows without any pattern take, for columns to come.
pub const CHUNK_SIZE_BYTES_MAX: usize = 1 << 23;

/// Bytes of the details of a chunk: with rows without any pattern it still has no more than a chunk
/// may have.
pub const CHUNK_DETAILS_SIZE_BYTES_MAX: usize = 1 << 22;

/// Chunks of one segment.
pub const SEGMENT_CHUNK_COUNT_MAX: usize = 16;

/// Runs of one segment: no more than could write a row each into one chunk.
pub const SEGMENT_RUN_COUNT_MAX: usize = CHUNK_ROW_COUNT_MAX;

/// Bytes of a segment's footer: all names a lane can hold, at their longest, fit.
pub const FOOTER_SIZE_BYTES_MAX: usize = 1 << 28;

/// Segments or histories that one EDIT frame names: at most 110 bytes each, so it fits a frame.
pub const EDIT_ENTRY_COUNT_MAX: usize = 4_096;

/// Fields of a control file: bounds a damaged count.
pub const CONTROL_FIELD_COUNT_MAX: usize = 64;
