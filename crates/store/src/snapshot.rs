//! What a query sees: the lanes of a database as they were at one moment.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use kronicler_format::limits::SEQ_BITS;
use kronicler_format::{ChunkEntry, HistoryEntry, Row, RowDetail, SegmentEntry, join_details};
use kronicler_stats::History;

use crate::StoreError;
use crate::block::Block;
use crate::catalog::{Catalog, ChunkKey, FileKey, OpenFile};
use crate::detail_block::read_details;
use crate::expiry::{is_history_of_other, read_history};
use crate::lane_state::LaneState;
use crate::layout::{FileKind, file_name};
use crate::sealed_moments::SealedMoments;
use crate::segment_reader::{Opened, SegmentReader};

/// The lanes of a database at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The lanes, lowest first.
    pub lanes: Vec<LaneView>,
    /// Head logs that cannot be read at all.
    pub unreadable_heads: u32,
    /// Lanes that were cleared, and whose owners have yet to empty them: their rows count no more.
    pub cleared_lanes: Vec<u16>,
    /// Since when captures into the database are paused, nanoseconds since the Unix epoch.
    pub paused_ns: Option<i64>,
}

/// A lane at one moment.
#[derive(Debug, Clone)]
pub struct LaneView {
    /// What is known of it.
    pub state: LaneState,
    /// Rows behind those of the log: captured in this process, not yet in a frame.
    pub pending: Arc<[Row]>,
    /// Details, ascending, that are not yet in a frame: of such rows, or of some that are.
    pub pending_details: Arc<[RowDetail]>,
    catalog: Arc<Catalog>,
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
        self.unreadable_heads > 0 || self.lanes.iter().any(|view| view.state.is_partial())
    }
}

impl LaneView {
    /// A view of `state`, whose log is at `path`.
    #[must_use]
    pub fn new(
        catalog: Arc<Catalog>,
        path: PathBuf,
        state: LaneState,
        pending: Arc<[Row]>,
    ) -> Self {
        Self { state, pending, pending_details: Arc::default(), catalog, path }
    }

    /// Adds details that are not yet in a frame, ascending.
    #[must_use]
    pub fn with_details(mut self, details: Arc<[RowDetail]>) -> Self {
        self.pending_details = details;
        self
    }

    /// The details of unsealed rows in `seqs`, ascending, as far as they can be read. `None` when
    /// the head log is gone: rotated or cleared since.
    ///
    /// # Errors
    /// When the log cannot be opened or read.
    pub fn unsealed_details(&self, seqs: Range<u64>) -> Result<Option<Vec<RowDetail>>, StoreError> {
        let mut details = Vec::new();
        if self.state.details.iter().any(|block| block.meets(&seqs)) {
            let Some(open) = self.catalog.open(&self.path)? else { return Ok(None) };
            let source = (&*open.file, &*self.path, self.state.seed());
            details = read_details(&self.state.details, &seqs, source)?;
        }
        let pending = self.pending_details.iter().filter(|detail| seqs.contains(&detail.seq));
        details.extend(pending.cloned());
        details.sort_by_key(|detail| detail.seq);
        join_details(&mut details);
        Ok(Some(details))
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

    /// Reads blocks of the head log. `None` when it is gone: rotated or cleared since.
    ///
    /// # Errors
    /// When the log cannot be opened.
    pub fn blocks(&self) -> Result<Option<BlockReader<'_>>, StoreError> {
        let open = self.catalog.open(&self.path)?;
        Ok(open.map(|open| BlockReader { view: self, open, bytes: Vec::new() }))
    }

    /// Reads a segment.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub fn segment(&self, entry: &SegmentEntry) -> Result<Opened<SegmentReader>, StoreError> {
        let path = self.path.with_file_name(file_name(FileKind::Segment, entry.id));
        SegmentReader::open(&self.catalog, path, self.state.head.uuid, entry)
    }

    /// Reads statistics of expired rows.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub fn history(&self, entry: &HistoryEntry) -> Result<Opened<Arc<History>>, StoreError> {
        let key = FileKey { uuid: self.state.head.uuid, id: entry.id };
        if let Some(history) = self.catalog.histories.get(&key) {
            return Ok(Opened::Found(history));
        }
        let path = self.path.with_file_name(file_name(FileKind::History, entry.id));
        let Some(open) = self.catalog.open(&path)? else { return Ok(Opened::Gone) };
        let Some(history) = read_history(&*open.file, &path, &self.state, entry)? else {
            // The lane was cleared, and has written others since.
            let is_other = is_history_of_other(&*open.file, key.uuid);
            return Ok(if is_other { Opened::Gone } else { Opened::Damaged });
        };
        let memory_bytes = history.memory_bytes();
        Ok(Opened::Found(self.catalog.histories.insert(key, history, memory_bytes).value))
    }

    /// Exact moments of the sealed rows, by series. Reads the footers of segments that came since
    /// it was last asked.
    ///
    /// # Errors
    /// When a file cannot be opened or read.
    pub fn sealed_moments(&self) -> Result<Arc<SealedMoments>, StoreError> {
        let (uuid, state) = (self.state.head.uuid, &self.state);
        let kept = self.catalog.sealed_moments(&uuid);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.is_of(state)) {
            return Ok(Arc::clone(kept));
        }
        let begun = kept.filter(|kept| kept.can_grow_to(state));
        let mut moments = begun.map_or_else(SealedMoments::default, Arc::unwrap_or_clone);
        let sealed_seq = moments.sealed_seq;
        for entry in state.segments.iter().filter(|entry| entry.first_seq >= sealed_seq) {
            match self.segment(entry)? {
                Opened::Found(segment) => moments.add(segment.footer()),
                Opened::Gone => moments.is_gone = true,
                Opened::Damaged => moments.is_partial = true,
            }
        }
        (moments.floor_seq, moments.sealed_seq) = (state.floor_seq, state.sealed_seq);
        let moments = Arc::new(moments);
        self.catalog.keep_sealed_moments(uuid, &moments);
        Ok(moments)
    }

    /// What was kept of a chunk under a key. It means nothing here, and never gets old: a chunk
    /// does not change.
    #[must_use]
    pub fn kept_of_chunk(&self, chunk: &ChunkEntry, key: &[u8]) -> Option<Arc<Vec<u8>>> {
        self.catalog.found.get(&(self.chunk_key(chunk), key.to_vec()))
    }

    /// Keeps something that was found out about a chunk for as long as there is room.
    pub fn keep_of_chunk(&self, chunk: &ChunkEntry, key: Vec<u8>, value: Vec<u8>) {
        // The key stands in a table and in a queue.
        let size_bytes = key.capacity() * 2 + value.capacity();
        self.catalog.found.insert((self.chunk_key(chunk), key), value, size_bytes);
    }

    fn chunk_key(&self, chunk: &ChunkEntry) -> ChunkKey {
        let &ChunkEntry { first_seq, row_count, .. } = chunk;
        ChunkKey { uuid: self.state.head.uuid, first_seq, row_count }
    }

    /// What its readers share with those of other views.
    #[must_use]
    pub const fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }
}

/// Reads blocks of a lane; holds one descriptor while it lives.
#[derive(Debug)]
pub struct BlockReader<'a> {
    view: &'a LaneView,
    open: OpenFile,
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
        let seed = self.view.state.seed();
        let is_whole =
            block.read(&*self.open.file, &self.view.path, seed, &mut self.bytes, rows)?;
        Ok(is_whole)
    }
}
