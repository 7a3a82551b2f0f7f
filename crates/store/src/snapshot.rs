//! What a query sees: the lanes of a database as they were at one moment.

use std::path::PathBuf;
use std::sync::Arc;

use kronicler_format::limits::SEQ_BITS;
use kronicler_format::{FrameKind, FrameSeed, Row, decode_frame, decode_rows};

use crate::lane_state::{Block, LaneState};
use crate::{Storage, StorageFile, StoreError};

/// The lanes of a database at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The lanes, lowest first.
    pub lanes: Vec<LaneView>,
    /// Head logs that cannot be read at all.
    pub unreadable_heads: u32,
}

/// A lane at one moment.
#[derive(Debug, Clone)]
pub struct LaneView {
    /// What is known of it.
    pub state: LaneState,
    /// Rows behind those of the log: captured in this process, not yet in a frame.
    pub pending: Arc<[Row]>,
    storage: Arc<dyn Storage>,
    path: PathBuf,
}

/// Identity of a row: the lane in the upper 10 of 53 bits, the sequence in the lower 43.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(u64);

impl RowId {
    /// The id of a row.
    #[must_use]
    #[inline]
    pub const fn new(lane: u16, seq: u64) -> Self {
        Self((lane as u64) << SEQ_BITS | seq)
    }

    /// The id with this number, as it comes from a user.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number, below 2^53.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The lane.
    #[must_use]
    pub const fn lane(self) -> u64 {
        self.0 >> SEQ_BITS
    }

    /// The sequence in its lane.
    #[must_use]
    pub const fn seq(self) -> u64 {
        self.0 & ((1 << SEQ_BITS) - 1)
    }
}

impl Snapshot {
    /// The lane with this number.
    #[must_use]
    pub fn lane(&self, lane: u64) -> Option<&LaneView> {
        self.lanes.iter().find(|view| u64::from(view.lane()) == lane)
    }

    /// Whether something stored could not be read, so that answers lack it.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.unreadable_heads > 0 || self.lanes.iter().any(|view| view.state.damage.is_partial())
    }
}

impl LaneView {
    /// A view of `state`, whose log is at `path`.
    #[must_use]
    pub const fn new(
        storage: Arc<dyn Storage>,
        path: PathBuf,
        state: LaneState,
        pending: Arc<[Row]>,
    ) -> Self {
        Self { state, pending, storage, path }
    }

    /// The lane's number.
    #[must_use]
    pub const fn lane(&self) -> u16 {
        self.state.head.lane
    }

    /// Sequence behind the last row.
    #[must_use]
    pub fn end_seq(&self) -> u64 {
        self.state.next_seq + self.pending.len() as u64
    }

    /// Reads blocks of the lane.
    ///
    /// # Errors
    /// When the log cannot be opened; it is gone after a `clear()`.
    pub fn reader(&self) -> Result<BlockReader<'_>, StoreError> {
        let file = self.storage.open(&self.path).map_err(StoreError::io("open", &self.path))?;
        Ok(BlockReader { view: self, file, bytes: Vec::new() })
    }
}

/// Reads blocks of a lane; holds one descriptor while it lives.
#[derive(Debug)]
pub struct BlockReader<'a> {
    view: &'a LaneView,
    file: Arc<dyn StorageFile>,
    bytes: Vec<u8>,
}

impl BlockReader<'_> {
    /// Replaces `rows` by the rows of `block`, in lane order, the first with `block.first_seq`.
    /// Returns `false`, and no rows, when the bytes are no longer what they were.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self, block: &Block, rows: &mut Vec<Row>) -> Result<bool, StoreError> {
        rows.clear();
        self.bytes.resize(block.size_bytes as usize, 0);
        let count = self.file.read_at(block.offset, &mut self.bytes);
        let count = count.map_err(StoreError::io("read", &self.view.path))?;
        let seed = FrameSeed::new(&self.view.state.head.uuid);
        let mut at = 0;
        while at < count {
            let frame = decode_frame(&self.bytes[at..count], seed, block.offset + at as u64);
            let Ok(frame) = frame else { break };
            let is_rows = frame.kind == Some(FrameKind::Rows);
            if is_rows && decode_rows(frame.payload, rows).is_err() {
                break;
            }
            at += frame.size_bytes();
        }
        let is_whole = rows.len() == block.row_count as usize;
        if !is_whole {
            rows.clear();
        }
        Ok(is_whole)
    }
}
