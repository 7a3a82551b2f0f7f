//! Bytes of a Kronicler database: what a record, a frame, a row, a chunk look like, and
//! nothing else.
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
mod call_context;
mod names;
mod rows;
mod detail;
mod detail_fields;
mod run;
mod hooks;
mod counters;
mod edit;
mod file_header;
mod head;
mod control;
mod frame;
mod search;
mod page;
mod codec;
mod chunk;
mod segment;

pub use call_context::CallContext;
pub use chunk::{
    ChunkDirectory, ChunkScratch, ChunkSeries, ChunkShape, DurationSpan, EndPage, ThreadRun,
    assemble_rows, decode_chunk, encode_chunk, encode_chunk_with_details, verify_chunk,
};
pub use control::{CONTROL_SIZE_BYTES_MAX, Control};
pub use counters::Counters;
pub use detail::{RowDetail, decode_details, encode_details, fitting_details, join_details};
pub use detail_fields::{Argument, Detail, LoopUse, TraceIds};
pub use edit::{Checkpoint, Edit, HistoryEntry, SegmentEntry};
pub use error::FormatError;
pub use file_header::{FILE_HEADER_SIZE_BYTES, FORMAT_VERSION, FileHeader};
pub use frame::{
    FRAME_HEADER_SIZE_BYTES, Frame, FrameKind, FrameSeed, decode_frame, encode_frame,
    encoded_frame, first_cut_frame, header_check,
};
pub use head::{HEAD_SIZE_BYTES, Head};
pub use hooks::{Hook, HookKind, Hooks};
pub use name::fit_name;
pub use names::{NameEntry, NamesFrame, SERIES_COUNT_MAX, SeriesEntry};
pub use page::{Narrow, PageValues};
pub use record::{RECORD_SIZE_BYTES, Record};
pub use rows::{Row, decode_rows, encode_rows};
pub use run::{Run, fit_label};
pub use search::FrameSearch;
pub use segment::{
    ChunkEntry, FOOTER_TRAILER_SIZE_BYTES, Footer, FooterName, FooterSeries,
    SEGMENT_HEADER_SIZE_BYTES, SegmentHeader, footer_size_bytes,
};
pub use series::{Flags, Kind, Outcome};
