//! A stretch of a head log whose rows are found by one read.

use std::path::Path;

use kronicler_format::{FrameKind, FrameSearch, FrameSeed, Row, decode_frame, decode_rows};

use crate::{StorageFile, StoreError};

/// Rows and bytes of a block at most: what a reader holds in memory while it scans.
const BLOCK_ROW_COUNT_MAX: u32 = 8_192;
const BLOCK_SIZE_BYTES_MAX: u32 = 256 << 10;

/// A stretch of a head log whose rows are found by one read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Where its first frame begins.
    pub offset: u64,
    /// Bytes up to the end of its last frame.
    pub size_bytes: u32,
    /// Rows in it.
    pub row_count: u32,
    /// Sequence of its first row; the others follow without a gap.
    pub first_seq: u64,
    /// Earliest end.
    pub min_end_ns: i64,
    /// Latest end.
    pub max_end_ns: i64,
    /// Longest duration.
    pub max_duration_ns: u64,
    /// Index of the run that wrote it.
    pub run: u32,
}

impl Block {
    /// Sequence behind its last row.
    #[must_use]
    pub const fn end_seq(&self) -> u64 {
        self.first_seq + self.row_count as u64
    }

    /// Both in one, when `next` follows near enough, without a gap in the rows, in the same run.
    pub(crate) fn join(&self, next: &Block) -> Option<Block> {
        let size_bytes = u32::try_from(next.offset + u64::from(next.size_bytes) - self.offset);
        let size_bytes = size_bytes.ok().filter(|&size| size <= BLOCK_SIZE_BYTES_MAX)?;
        let row_count = self.row_count + next.row_count;
        let fits = row_count <= BLOCK_ROW_COUNT_MAX
            && self.run == next.run
            && self.end_seq() == next.first_seq;
        fits.then(|| Block {
            offset: self.offset,
            size_bytes,
            row_count,
            first_seq: self.first_seq,
            min_end_ns: self.min_end_ns.min(next.min_end_ns),
            max_end_ns: self.max_end_ns.max(next.max_end_ns),
            max_duration_ns: self.max_duration_ns.max(next.max_duration_ns),
            run: self.run,
        })
    }

    /// Appends its rows, in lane order, to `rows`. Returns `false`, and appends none, when the
    /// bytes are no longer what they were. `bytes` is only memory to read into.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn read(
        &self,
        file: &dyn StorageFile,
        path: &Path,
        seed: FrameSeed,
        bytes: &mut Vec<u8>,
        rows: &mut Vec<Row>,
    ) -> Result<bool, StoreError> {
        let before = rows.len();
        bytes.resize(self.size_bytes as usize, 0);
        let count = file.read_at(self.offset, bytes).map_err(StoreError::io("read", path))?;
        let mut at = 0;
        while at < count {
            let frame = decode_frame(&bytes[at..count], seed, self.offset + at as u64);
            let Ok(frame) = frame else { break };
            let is_rows = frame.kind == Some(FrameKind::Rows);
            if is_rows && decode_rows(frame.payload, rows).is_err() {
                break;
            }
            at += frame.size_bytes();
        }
        let is_whole = rows.len() - before == self.row_count as usize;
        if !is_whole {
            rows.truncate(before);
        }
        Ok(is_whole)
    }

    /// The rows of those of its frames that are still what they were, each with the sequence of its
    /// first row: for when [`Block::read`] has failed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn salvage(
        &self,
        file: &dyn StorageFile,
        path: &Path,
        seed: FrameSeed,
    ) -> Result<Vec<(u64, Vec<Row>)>, StoreError> {
        let mut bytes = vec![0; self.size_bytes as usize];
        let count = file.read_at(self.offset, &mut bytes).map_err(StoreError::io("read", path))?;
        let bytes = &bytes[..count];
        let search = FrameSearch::new(bytes, seed, self.offset);
        let (mut found, mut at) = (Vec::new(), Some(0));
        while let Some(here) = at.filter(|&at| at < count) {
            let Ok(frame) = decode_frame(&bytes[here..], seed, self.offset + here as u64) else {
                at = search.next_behind(here);
                continue;
            };
            let mut rows = Vec::new();
            if frame.kind == Some(FrameKind::Rows) {
                let first_seq = decode_rows(frame.payload, &mut rows);
                found.extend(first_seq.ok().map(|first_seq| (first_seq, rows)));
            }
            at = Some(here + frame.size_bytes());
        }
        found.retain(|(first_seq, rows)| {
            let end_seq = first_seq.saturating_add(rows.len() as u64);
            *first_seq >= self.first_seq && end_seq <= self.end_seq()
        });
        Ok(found)
    }
}
