//! A segment: an immutable file of up to 16 chunks, with a header before and a footer behind them.
//!
//! ```text
//! | header, 64 bytes | chunk | chunk | ... | footer | trailer, 24 bytes |
//! ```
//!
//! The head log says where the footer stands; the trailer does so without it, from the file's end.

mod header;
mod footer;
mod sections;

pub use footer::{FOOTER_TRAILER_SIZE_BYTES, Footer, footer_size_bytes};
pub use header::{SEGMENT_HEADER_SIZE_BYTES, SegmentHeader};
pub use sections::{ChunkEntry, FooterName, FooterSeries};
