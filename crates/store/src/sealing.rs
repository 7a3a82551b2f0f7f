//! Makes segments of the unsealed rows of a lane, and a new head log when the old one is long.
//!
//! The commit point of a seal: the segment and its directory are synced, then the EDIT frame that
//! names it is appended and synced. Before it readers take the rows from the head log, behind it
//! from the segment; a crash in between leaves a file that the next opener removes.

use std::borrow::Cow;

use kronicler_format::limits::{CHUNK_ROW_COUNT_MAX, SEGMENT_CHUNK_COUNT_MAX};
use kronicler_format::{Edit, Row, Run, SegmentEntry, SegmentHeader};

use crate::StoreError;
use crate::detail_block::read_details;
use crate::lane_state::LaneState;
use crate::lane_writer::LaneWriter;
use crate::layout::{file_path, list_files};
use crate::segment_writer::{Arrivals, SegmentWriter, Workspace};
use crate::totals::Totals;
use crate::window::Window;

/// Which unsealed rows are to be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// Those of windows that are full.
    Full,
    /// All.
    All,
}

impl LaneWriter {
    /// Seals rows, as many as fit into one segment. Returns whether there were any; `state` is
    /// then to learn of it by [`LaneWriter::absorb_into`], at once.
    ///
    /// # Errors
    /// When a file cannot be read, written or synced; the rows are then still unsealed. After a
    /// failed sync of the head log it must not be synced again.
    pub fn seal(
        &mut self,
        state: &LaneState,
        which: Seal,
        now_ns: i64,
    ) -> Result<bool, StoreError> {
        let windows = sealable(state, which, self.segment_size_bytes_max);
        let Some(last) = windows.last() else { return Ok(false) };
        let sealed_seq = state.windows.get(windows.len());
        let sealed_seq = sealed_seq.map_or(state.next_seq, |next| next.first_seq);
        debug_assert!(last.end_seq() <= sealed_seq);
        let id = self.next_file_id(state)?;
        let mut workspace = std::mem::take(&mut self.workspace);
        let written = self.write_segments(state, windows, id, now_ns, &mut workspace);
        self.workspace = workspace;
        let segments_in = written.inspect_err(|_| self.discard_from(id))?;
        let next_id = id + segments_in.len() as u64;
        let edit = Edit { sealed_seq, segments_in, ..next_edit(state, next_id) };
        self.commit(&edit)?;
        Ok(true)
    }

    /// Sets how large a segment may be that [`LaneWriter::seal`] makes of more than one window.
    pub const fn limit_segments(&mut self, size_bytes_max: u64) {
        self.segment_size_bytes_max = size_bytes_max;
    }

    /// Whether the head log is longer than `size_bytes_max`, and at least half of it is of no use
    /// any more: then [`LaneWriter::rotate`] is worth its while.
    #[must_use]
    pub fn is_rotation_due(&self, state: &LaneState, size_bytes_max: u64) -> bool {
        let unsealed: u64 = state.blocks().map(|block| u64::from(block.size_bytes)).sum();
        self.log.size_bytes() > size_bytes_max.max(unsealed * 2)
    }

    /// A number that no file of the lane has.
    pub(crate) fn next_file_id(&self, state: &LaneState) -> Result<u64, StoreError> {
        // One that was left behind by a failed attempt keeps its number until it is removed.
        let files = list_files(&*self.storage, &self.dir)?;
        let behind = files.iter().map(|&(_, id)| id + 1).max().unwrap_or(0);
        Ok(state.next_file_id.max(behind))
    }

    /// Appends an edit and syncs it. All that stands before it is synced first: names that sealed
    /// rows need must not be missing when the edit is there.
    pub(crate) fn commit(&mut self, edit: &Edit) -> Result<(), StoreError> {
        self.settle()?;
        if self.log.is_dirty() {
            self.log.sync()?;
        }
        self.log.begin();
        self.log.put_edit(edit)?;
        self.log.write_edit()?;
        self.log.sync()
    }

    /// Removes the files with this number and higher ones: what they were for has failed. Should
    /// that fail, too, the next opener removes what no manifest names.
    pub(crate) fn discard_from(&self, first_id: u64) {
        for (kind, id) in list_files(&*self.storage, &self.dir).unwrap_or_default() {
            if id >= first_id {
                let _ = self.storage.remove(&file_path(&self.dir, kind, id));
            }
        }
    }

    pub(crate) fn segment_header(&self, state: &LaneState, id: u64, now_ns: i64) -> SegmentHeader {
        SegmentHeader { lane: self.lane, uuid: state.head.uuid, id, created_ns: now_ns }
    }

    /// Writes the rows of windows: one segment, or more when damaged rows leave many gaps.
    fn write_segments(
        &self,
        state: &LaneState,
        windows: &[Window],
        first_id: u64,
        now_ns: i64,
        workspace: &mut Workspace,
    ) -> Result<Vec<SegmentEntry>, StoreError> {
        let mut entries = Vec::new();
        let mut open: Option<(SegmentWriter<'_>, Totals)> = None;
        let finish = |(segment, totals): (SegmentWriter<'_>, Totals)| {
            segment.finish(runs_of(state, windows), &state.names, &totals)
        };
        for window in windows {
            let pieces = self.pieces_of(state, window)?;
            let is_whole =
                pieces.iter().map(|piece| piece.rows.len() as u64).sum::<u64>() == window.row_count;
            let is_one = is_whole && pieces.len() == 1;
            let seqs = window.first_seq..window.end_seq();
            let source = (self.log.file(), self.log.path(), state.seed());
            let details = read_details(&state.details, &seqs, source)?;
            for piece in &pieces {
                let chunk_count = piece.rows.len().div_ceil(CHUNK_ROW_COUNT_MAX);
                let is_full = |(segment, _): &mut (SegmentWriter<'_>, Totals)| {
                    segment.chunk_count() + chunk_count > SEGMENT_CHUNK_COUNT_MAX
                };
                if let Some(full) = open.take_if(is_full) {
                    let (entry, returned) = finish(full)?;
                    entries.push(entry);
                    *workspace = returned;
                }
                if open.is_none() {
                    let id = first_id + entries.len() as u64;
                    let header = self.segment_header(state, id, now_ns);
                    let (storage, memory) = (&*self.storage, std::mem::take(workspace));
                    let segment = SegmentWriter::create(storage, &self.dir, &header, memory)?;
                    open = Some((segment, Totals::default()));
                }
                let Some((segment, totals)) = &mut open else { continue };
                segment.add_rows(piece.first_seq, &piece.rows, &details, arrivals_of(window))?;
                if is_one {
                    totals.merge(&window.totals);
                } else {
                    let rows = (piece.first_seq..).zip(&*piece.rows);
                    rows.for_each(|(seq, row)| totals.add(seq, row));
                }
            }
        }
        if let Some((entry, returned)) = open.map(finish).transpose()? {
            entries.push(entry);
            *workspace = returned;
        }
        Ok(entries)
    }

    /// The rows of a window, in pieces without a gap.
    fn pieces_of(&self, state: &LaneState, window: &Window) -> Result<Vec<Piece<'_>>, StoreError> {
        if let Some(rows) = self.recent.of(window) {
            let (first_seq, rows) = (window.first_seq, Cow::Borrowed(rows));
            return Ok(vec![Piece { first_seq, rows }]);
        }
        self.read_window(state, window)
    }

    /// As [`LaneWriter::pieces_of`], from the file. What cannot be read any more is a gap.
    fn read_window(
        &self,
        state: &LaneState,
        window: &Window,
    ) -> Result<Vec<Piece<'_>>, StoreError> {
        let (file, path) = (self.log.file(), self.log.path());
        let mut bytes = Vec::new();
        let mut pieces: Vec<Piece<'_>> = Vec::new();
        for block in window.blocks.iter() {
            let is_next = |piece: &&mut Piece<'_>| piece.end_seq() == block.first_seq;
            let is_read = if let Some(piece) = pieces.last_mut().filter(is_next) {
                block.read(file, path, state.seed(), &mut bytes, piece.rows.to_mut())?
            } else {
                let mut rows = Vec::with_capacity(CHUNK_ROW_COUNT_MAX);
                let is_read = block.read(file, path, state.seed(), &mut bytes, &mut rows)?;
                let rows = Cow::Owned(rows);
                pieces.extend(is_read.then_some(Piece { first_seq: block.first_seq, rows }));
                is_read
            };
            if !is_read {
                let found = block.salvage(file, path, state.seed())?.into_iter();
                let found = found.map(|(first_seq, rows)| (first_seq, Cow::Owned(rows)));
                pieces.extend(found.map(|(first_seq, rows)| Piece { first_seq, rows }));
            }
        }
        Ok(pieces)
    }
}

/// An edit that changes nothing yet.
pub(crate) fn next_edit(state: &LaneState, next_file_id: u64) -> Edit {
    Edit {
        number: state.edit_number + 1,
        next_seq: state.next_seq,
        sealed_seq: state.sealed_seq,
        floor_seq: state.floor_seq,
        next_file_id,
        ..Edit::default()
    }
}

/// Rows without a gap.
struct Piece<'a> {
    first_seq: u64,
    rows: Cow<'a, [Row]>,
}

impl Piece<'_> {
    fn end_seq(&self) -> u64 {
        self.first_seq + self.rows.len() as u64
    }
}

fn arrivals_of(window: &Window) -> Arrivals {
    Arrivals { first_ns: window.first_arrival_ns, last_ns: window.last_arrival_ns }
}

/// The windows that go into the next segment: those at the front of one service and version.
fn sealable(state: &LaneState, which: Seal, size_bytes_max: u64) -> &[Window] {
    let run = |window: &Window| {
        window.blocks.first().and_then(|block| state.runs.get(block.run as usize))
    };
    let windows = match (which, state.windows.split_last()) {
        (Seal::Full, Some((last, before))) if !last.is_full() => before,
        _ => &state.windows[..],
    };
    let first = windows.first().and_then(run);
    let is_alike = |window: &&Window| match (first, run(window)) {
        (Some(first), Some(other)) => first.is_same_version(other),
        (first, other) => first == other,
    };
    let mut size_bytes = 0;
    let fits = |window: &&Window| {
        // As frames they take more than as columns; one that is too large by itself goes alone.
        let is_first = size_bytes == 0;
        let blocks = window.blocks.iter();
        size_bytes += blocks.map(|block| u64::from(block.size_bytes)).sum::<u64>();
        is_first || size_bytes <= size_bytes_max
    };
    let alike = windows.iter().take(SEGMENT_CHUNK_COUNT_MAX).take_while(is_alike);
    &windows[..alike.take_while(fits).count()]
}

/// The processes that wrote the rows of windows.
fn runs_of(state: &LaneState, windows: &[Window]) -> Vec<Run> {
    let mut indices: Vec<u32> =
        windows.iter().flat_map(|window| window.blocks.iter()).map(|block| block.run).collect();
    indices.dedup();
    indices.into_iter().filter_map(|index| state.runs.get(index as usize).cloned()).collect()
}
