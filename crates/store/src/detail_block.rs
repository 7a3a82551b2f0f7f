//! Where details of unsealed rows stand in a head log: one frame each.
//!
//! A frame speaks only of rows that stand before it. Others are passed over: rows that a crash took
//! have sequences that are given to others.

use std::ops::Range;
use std::path::Path;

use kronicler_format::{
    FormatError, Frame, FrameKind, FrameSeed, RowDetail, decode_details, decode_frame, join_details,
};

use crate::{StorageFile, StoreError};

/// A frame of details in a head log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DetailBlock {
    /// Where the frame begins.
    pub offset: u64,
    /// Bytes of the whole frame.
    pub size_bytes: u32,
    /// Sequence of the first row that it speaks of.
    pub first_seq: u64,
    /// Sequence behind the last of these.
    pub end_seq: u64,
}

impl DetailBlock {
    /// A frame that stands at `offset`, behind the rows below `next_seq`; `None` when it tells
    /// nothing of them.
    pub(crate) fn of(
        frame: &Frame<'_>,
        offset: u64,
        next_seq: u64,
    ) -> Result<Option<Self>, FormatError> {
        let details = decode_details(frame.payload, 0)?;
        let known = details.partition_point(|detail| detail.seq < next_seq);
        let ends = details[..known].first().zip(details[..known].last());
        let size_bytes = u32::try_from(frame.size_bytes()).unwrap_or(u32::MAX);
        Ok(ends.map(|(first, last)| Self {
            offset,
            size_bytes,
            first_seq: first.seq,
            end_seq: last.seq + 1,
        }))
    }

    /// Whether it speaks of a row in `seqs`, as far as is known without reading it.
    #[must_use]
    pub fn meets(&self, seqs: &Range<u64>) -> bool {
        self.first_seq < seqs.end && seqs.start < self.end_seq
    }
}

/// The details of the rows in `seqs`, ascending, from a head log. What cannot be read any more is
/// left out.
pub(crate) fn read_details(
    blocks: &[DetailBlock],
    seqs: &Range<u64>,
    (file, path, seed): (&dyn StorageFile, &Path, FrameSeed),
) -> Result<Vec<RowDetail>, StoreError> {
    let mut found: Vec<RowDetail> = Vec::new();
    let mut bytes = Vec::new();
    for block in blocks {
        if !block.meets(seqs) {
            continue;
        }
        let wanted = seqs.start.max(block.first_seq)..seqs.end.min(block.end_seq);
        bytes.resize(block.size_bytes as usize, 0);
        let count = file.read_at(block.offset, &mut bytes).map_err(StoreError::io("read", path))?;
        let Ok(frame) = decode_frame(&bytes[..count], seed, block.offset) else { continue };
        if frame.kind != Some(FrameKind::Detail) {
            continue;
        }
        let details = decode_details(frame.payload, 0).unwrap_or_default();
        found.extend(details.into_iter().filter(|detail| wanted.contains(&detail.seq)));
    }
    found.sort_by_key(|detail| detail.seq);
    join_details(&mut found);
    Ok(found)
}
