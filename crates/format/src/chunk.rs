//! A chunk: up to 65,536 rows of one lane as columns, readable knowing only the lane's uuid and
//! the sequence of the chunk's first row.
//!
//! ```text
//! | directory | payload: column, column, ...                     |
//!             | column: codec metadata, page, page, ... page     |
//!             | page: 8,192 values, the last page of a column: the rest |
//! ```
//!
//! The columns, by tag: 1 threads (in the directory itself), 2 gaps between ends, 3 series, 4
//! durations of one series, 5 durations of all series without a column of their own, 6 details of
//! rows that have some, which is read only when it is asked for. The n-th
//! duration of a series belongs to its n-th row, so the series column tells which row has which.
//!
//! All checksums are seeded with the lane's uuid, the chunk's first sequence and the place in the
//! chunk: a page that turns up elsewhere is noticed, a whole chunk can be copied to another file.

mod directory;
mod columns;
mod encode;
mod decode;
mod details;
mod assemble;
#[cfg(test)]
mod tests;

pub use assemble::assemble_rows;
pub use columns::{ChunkSeries, DurationSpan, EndPage, ThreadRun};
pub use decode::{decode_chunk, verify_chunk};
pub use directory::ChunkDirectory;
pub use encode::{ChunkScratch, ChunkShape, encode_chunk, encode_chunk_with_details};
