//! Every single bit of a database flipped in turn: the same answer, or less and said so.
//!
//! `cargo test` flips each bit of what is found by its place (headers, directories of chunks,
//! trailers) and a share of the others; with `KRONICLER_FLIPS=all` every bit of every file, best
//! with `--release`. Each flip is followed by a whole reading, by a reader that has just come.

mod answer;
mod base;
mod flips;
