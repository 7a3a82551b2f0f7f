//! Bytes of a Kronicler database: what a record, a frame and a row look like, and nothing else.
//!
//! No files, no threads, no unsafe. Whatever decodes bytes here trusts none of them: it returns
//! a [`FormatError`] or a value within the limits of [`limits`]. The whole format is told in
//! `docs/format.md`.

mod error;
pub mod limits;
pub mod varint;
mod name;
mod series;
mod record;
mod names;
mod rows;
mod run;
mod counters;
mod head;
mod frame;
mod search;

pub use counters::Counters;
pub use error::FormatError;
pub use frame::{
    FRAME_HEADER_SIZE_BYTES, Frame, FrameKind, FrameSeed, decode_frame, encode_frame,
    encoded_frame, first_cut_frame,
};
pub use head::{FORMAT_VERSION, HEAD_SIZE_BYTES, Head};
pub use name::fit_name;
pub use names::{NameEntry, NamesFrame, SERIES_COUNT_MAX, SeriesEntry};
pub use record::{RECORD_SIZE_BYTES, Record};
pub use rows::{Row, decode_rows, encode_rows};
pub use run::Run;
pub use search::FrameSearch;
pub use series::{Flags, Kind, Outcome};
