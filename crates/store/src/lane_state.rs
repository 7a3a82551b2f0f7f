//! What is known of a lane after reading its head log up to some byte.
//!
//! Reader and writer keep the same state by the same code: the writer, too, learns of its rows by
//! absorbing the frames it has written. Invariants: sequences from `floor_seq` to `sealed_seq`
//! stand in `segments`, those behind in `windows`, both in lane order without overlap; the totals
//! of a window cover exactly its rows; every row's series is in `names`.

use std::sync::Arc;

use kronicler_format::limits::{CHUNK_ROW_COUNT_MAX, ROWS_PER_FRAME_MAX, SEQ_BITS};
use kronicler_format::{
    Checkpoint, Counters, Edit, FormatError, Frame, FrameKind, FrameSearch, FrameSeed, Head,
    HistoryEntry, Hooks, NamesFrame, Row, Run, SegmentEntry, decode_frame, decode_rows,
    encoded_frame, first_cut_frame, varint::Cursor,
};

use crate::Dictionary;
use crate::block::Block;
use crate::detail_block::DetailBlock;
use crate::window::Window;

/// Bytes of a head log that could not be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Damage {
    /// Bytes that could not be read, torn tails of earlier crashes included.
    pub bytes: u64,
    /// Bytes at the end of the log that are neither a frame nor the beginning of one, nor zeros:
    /// not what a crash leaves behind, so rows that were stored may be in them.
    pub tail_bytes: u64,
}

/// What is known of a lane.
#[derive(Debug, Clone)]
pub struct LaneState {
    /// Whose log it is.
    pub head: Head,
    /// Names and series.
    pub names: Arc<Dictionary>,
    /// Where the sealed rows are.
    pub segments: Arc<Vec<SegmentEntry>>,
    /// Where the statistics of expired rows are.
    pub histories: Arc<Vec<HistoryEntry>>,
    /// Where the unsealed rows are.
    pub windows: Vec<Window>,
    /// Where details of unsealed rows are, in the order in which they were written.
    pub details: Arc<Vec<DetailBlock>>,
    /// The processes that wrote to it.
    pub runs: Arc<Vec<Run>>,
    /// What the last of them has hooked, as far as it told.
    pub hooks: Arc<Hooks>,
    /// What happened to calls that became no row.
    pub counters: Counters,
    /// Sequence of the next row.
    pub next_seq: u64,
    /// Rows below stand in segments.
    pub sealed_seq: u64,
    /// Rows below have expired.
    pub floor_seq: u64,
    /// Number of the last edit of the manifest.
    pub edit_number: u64,
    /// Numbers of files from here on were never used.
    pub next_file_id: u64,
    /// When the last rows were written, within a second; 0 when that is not known.
    pub arrival_ns: i64,
    /// Up to which byte the log has been read.
    pub offset: u64,
    /// Whether the head is complete.
    pub is_ready: bool,
    /// Whether the last writer ended in order.
    pub is_closed: bool,
    /// Whether somebody has looked after the lane since, who need not have ended in order.
    pub(crate) is_resumed: bool,
    /// What could not be read.
    pub damage: Damage,
    /// Whether only whole frames stand between the last block and the next rows.
    can_join: bool,
    /// Whether the next rows begin a window: those before are of another service or version.
    must_cut: bool,
    /// Whether damage let windows be cut elsewhere than the writer did.
    is_skewed: bool,
    /// Whether no frame behind the last bytes that could not be read tells a sequence: nobody
    /// knows whether there were rows in them.
    is_unsettled: bool,
}

impl LaneState {
    /// The state before the first frame; `offset` is where that will stand.
    #[must_use]
    pub fn new(head: Head, offset: u64) -> Self {
        Self {
            head,
            names: Arc::default(),
            segments: Arc::default(),
            histories: Arc::default(),
            windows: Vec::new(),
            details: Arc::default(),
            runs: Arc::default(),
            hooks: Arc::default(),
            counters: Counters::default(),
            next_seq: head.first_seq,
            sealed_seq: 0,
            floor_seq: 0,
            edit_number: 0,
            next_file_id: 0,
            arrival_ns: 0,
            offset,
            is_ready: false,
            is_closed: false,
            is_resumed: false,
            damage: Damage::default(),
            can_join: false,
            must_cut: false,
            is_skewed: false,
            is_unsettled: false,
        }
    }

    /// The state from which to read the log once more when damage let the windows be cut elsewhere
    /// than the writer did: rows that turned out to be sealed are passed over from the start.
    #[must_use]
    pub(crate) fn unskewed(&self, offset: u64) -> Option<Self> {
        self.is_skewed.then(|| Self {
            names: Arc::clone(&self.names),
            next_seq: self.sealed_seq,
            ..Self::new(self.head, offset)
        })
    }

    /// Lets rows below `seq` be passed over: an edit of the log says that they are sealed.
    pub(crate) fn pass_over(&mut self, seq: u64) {
        self.next_seq = self.next_seq.max(seq);
    }

    /// A copy for questions about sealed rows. Who holds a whole one lets the owner copy the
    /// statistics of unsealed rows when it writes the next.
    #[must_use]
    pub fn sealed_part(&self) -> Self {
        let mut part = self.clone();
        part.windows.clear();
        part
    }

    /// Rows ever stored in the lane, expired and damaged ones included.
    #[must_use]
    pub const fn stored(&self) -> u64 {
        self.next_seq
    }

    /// Rows that have not expired and are not known to be damaged.
    #[must_use]
    pub fn live(&self) -> u64 {
        let sealed: u64 = self.segments.iter().map(|segment| segment.row_count).sum();
        let unsealed: u64 = self.windows.iter().map(|window| window.row_count).sum();
        sealed + unsealed
    }

    /// Rows that have not expired and stand in no file that is known: they were damaged.
    #[must_use]
    pub fn quarantined(&self) -> u64 {
        (self.next_seq - self.floor_seq).saturating_sub(self.live())
    }

    /// Whether answers may lack rows that were stored.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.quarantined() > 0 || self.damage.tail_bytes > 0 || self.is_unsettled
    }

    /// Where the unsealed rows are, in lane order.
    pub fn blocks(&self) -> impl DoubleEndedIterator<Item = &Block> {
        self.windows.iter().flat_map(|window| window.blocks.iter())
    }

    /// Sequence at which the next window begins at the latest: no frame of rows spans it.
    #[must_use]
    pub(crate) fn cut_seq(&self) -> u64 {
        let last = self.windows.last().filter(|_| !self.must_cut);
        let first_seq = last.map_or(self.next_seq, |window| window.first_seq);
        let behind = (self.next_seq - first_seq) / CHUNK_ROW_COUNT_MAX as u64;
        first_seq + (behind + 1) * CHUNK_ROW_COUNT_MAX as u64
    }

    /// Seeds the checksums of the lane.
    #[must_use]
    pub fn seed(&self) -> FrameSeed {
        FrameSeed::new(&self.head.uuid)
    }

    /// Takes over the frames in `bytes`, which stand at [`LaneState::offset`], up to the first
    /// that is not whole. Bytes in the middle that are no frame are passed over when a good frame
    /// follows them. Returns how many bytes were taken; the rest is to be offered again with more.
    /// `scratch` is only memory to decode into.
    pub fn absorb(&mut self, bytes: &[u8], scratch: &mut Vec<Row>) -> usize {
        let (seed, offset) = (self.seed(), self.offset);
        let mut search = None;
        let mut taken = 0;
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            let is_bad =
                search.as_ref().is_some_and(|search: &FrameSearch| !search.is_frame(taken));
            let frame = (!is_bad).then(|| decode_frame(rest, seed, self.offset).ok()).flatten();
            let step = if let Some(frame) = frame {
                self.apply(&frame, scratch)
            } else {
                // From the first bad frame on, false ones cost no checksum of what they claim.
                let search = search.get_or_insert_with(|| FrameSearch::new(bytes, seed, offset));
                let Some(next) = search.next_behind(taken) else { break };
                self.set_aside((next - taken) as u64);
                next - taken
            };
            taken += step;
            self.offset += step as u64;
        }
        taken
    }

    /// Takes over the frames of an append that has just gone to the file at
    /// [`LaneState::offset`]: `rows` are those of its ROWS frames, which need not be decoded again.
    pub(crate) fn absorb_own(&mut self, bytes: &[u8], rows: &[Row]) {
        let mut rows = frames_of(rows, self.next_seq, self.cut_seq());
        let mut rest = bytes;
        while let Some(frame) = encoded_frame(rest) {
            let size_bytes = frame.size_bytes();
            if frame.kind == Some(FrameKind::Rows) {
                let rows = rows.next().unwrap_or_default();
                debug_assert!(self.is_same(&frame, rows), "our own frames must be readable");
                // What the format refuses was refused when the frame was made.
                let _ = self.take_rows(self.next_seq, rows, size_bytes);
            } else {
                self.apply(&frame, &mut Vec::new());
            }
            self.offset += size_bytes as u64;
            rest = &rest[size_bytes..];
        }
    }

    fn is_same(&self, frame: &Frame<'_>, rows: &[Row]) -> bool {
        let mut decoded = Vec::new();
        decode_rows(frame.payload, &mut decoded) == Ok(self.next_seq) && decoded == rows
    }

    /// Takes over one frame. One whose checksum is right but whose content is not was written by
    /// a defect of ours: it is set aside like a damaged one.
    fn apply(&mut self, frame: &Frame<'_>, scratch: &mut Vec<Row>) -> usize {
        if self.apply_payload(frame, scratch).is_err() {
            self.set_aside(frame.size_bytes() as u64);
        }
        self.is_ready |= matches!(frame.kind, Some(FrameKind::Ready | FrameKind::Closed));
        // Upkeep of a lane that nobody owns is no run: how the last one ended stays as it was.
        let is_end = frame.kind == Some(FrameKind::Closed);
        self.is_resumed = self.is_closed && frame.kind == Some(FrameKind::Edit);
        self.is_closed = is_end || self.is_resumed;
        frame.size_bytes()
    }

    /// Counts bytes that are no good frame; a block must not span them.
    const fn set_aside(&mut self, bytes: u64) {
        self.damage.bytes += bytes;
        self.can_join = false;
        self.is_unsettled = true;
    }

    fn apply_payload(
        &mut self,
        frame: &Frame<'_>,
        scratch: &mut Vec<Row>,
    ) -> Result<(), FormatError> {
        match frame.kind {
            Some(FrameKind::Rows) => self.apply_rows(frame, scratch)?,
            Some(FrameKind::Names) => {
                let names = NamesFrame::decode(frame.payload)?;
                Arc::make_mut(&mut self.names).absorb(&names)?;
            }
            Some(FrameKind::Run) => self.apply_run(Run::decode(frame.payload)?)?,
            Some(FrameKind::Counters) => {
                let mut cursor = Cursor::new("counters frame", frame.payload);
                self.skip_to(cursor.u64()?)?;
                self.counters = Counters::decode(&mut cursor)?;
            }
            Some(FrameKind::Checkpoint) => {
                let checkpoint = Checkpoint::decode(frame.payload)?;
                self.counters = checkpoint.counters;
                self.apply_edit(&checkpoint.manifest)?;
            }
            Some(FrameKind::Edit) => self.apply_edit(&Edit::decode(frame.payload)?)?,
            Some(FrameKind::Arrival) => {
                self.arrival_ns = Cursor::new("arrival frame", frame.payload).i64()?;
            }
            Some(FrameKind::Closed) => {
                // Says how many rows there were: a damaged last frame does not go unnoticed.
                self.skip_to(Cursor::new("closed frame", frame.payload).u64()?)?;
            }
            Some(FrameKind::Detail) => {
                let block = DetailBlock::of(frame, self.offset, self.next_seq)?;
                let block = block.filter(|block| block.end_seq > self.sealed_seq);
                Arc::make_mut(&mut self.details).extend(block);
            }
            Some(FrameKind::Hooks) => self.hooks = Arc::new(Hooks::decode(frame.payload)?),
            Some(FrameKind::Ready) | None => {}
        }
        Ok(())
    }

    fn apply_run(&mut self, run: Run) -> Result<(), FormatError> {
        self.skip_to(run.first_seq)?;
        let last = self.runs.last();
        if last == Some(&run) {
            return Ok(());
        }
        self.must_cut |= last.is_some_and(|last| !last.is_same_version(&run));
        Arc::make_mut(&mut self.runs).push(run);
        self.hooks = Arc::default();
        Ok(())
    }

    /// Takes over a change of the manifest. One whose copy is known is passed over.
    fn apply_edit(&mut self, edit: &Edit) -> Result<(), FormatError> {
        if edit.number <= self.edit_number {
            return Ok(());
        }
        self.replace_segments(edit)?;
        let kept = self.histories.iter();
        let kept = kept.filter(|history| !edit.histories_out.contains(&history.id));
        self.histories = Arc::new(kept.chain(&edit.histories_in).copied().collect());
        self.edit_number = edit.number;
        self.sealed_seq = edit.sealed_seq;
        self.floor_seq = edit.floor_seq;
        self.next_file_id = edit.next_file_id;
        self.skip_to(edit.next_seq.max(edit.sealed_seq))?;
        self.windows.retain(|window| window.end_seq() > edit.sealed_seq);
        if self.details.iter().any(|block| block.end_seq <= edit.sealed_seq) {
            Arc::make_mut(&mut self.details).retain(|block| block.end_seq > edit.sealed_seq);
        }
        self.is_skewed |=
            self.windows.first().is_some_and(|window| window.first_seq < edit.sealed_seq);
        Ok(())
    }

    fn replace_segments(&mut self, edit: &Edit) -> Result<(), FormatError> {
        let end_seq = self.segments.last().map_or(edit.floor_seq, |segment| segment.end_seq);
        let is_appending = edit.segments_out.is_empty() && self.floor_seq == edit.floor_seq;
        if is_appending && edit.segments_in.iter().all(|segment| segment.first_seq >= end_seq) {
            check_segments(&edit.segments_in, edit)?;
            // Most edits only seal: a log of many is read without copying the list for each.
            Arc::make_mut(&mut self.segments).extend(&edit.segments_in);
            return Ok(());
        }
        // An edit before may have been lost: what has expired or was joined since goes as well.
        let is_superseded = |old: &SegmentEntry| {
            let is_in =
                |new: &SegmentEntry| new.first_seq < old.end_seq && old.first_seq < new.end_seq;
            old.end_seq <= edit.floor_seq || edit.segments_in.iter().any(is_in)
        };
        let kept = self
            .segments
            .iter()
            .filter(|segment| !edit.segments_out.contains(&segment.id) && !is_superseded(segment));
        let mut segments: Vec<_> = kept.chain(&edit.segments_in).copied().collect();
        segments.sort_unstable_by_key(|segment| segment.first_seq);
        check_segments(&segments, edit)?;
        self.segments = Arc::new(segments);
        Ok(())
    }

    fn apply_rows(&mut self, frame: &Frame<'_>, rows: &mut Vec<Row>) -> Result<(), FormatError> {
        rows.clear();
        let first_seq = Cursor::new("rows frame", frame.payload).u64()?;
        if first_seq < self.next_seq {
            // They are known already, or sealed: no frame spans the end of what is sealed.
            self.can_join = false;
            return Ok(());
        }
        decode_rows(frame.payload, rows)?;
        self.take_rows(first_seq, rows, frame.size_bytes())
    }

    /// Takes over the rows of a frame of `size_bytes` that stands at [`LaneState::offset`].
    fn take_rows(
        &mut self,
        first_seq: u64,
        rows: &[Row],
        size_bytes: usize,
    ) -> Result<(), FormatError> {
        let end_seq = first_seq.saturating_add(rows.len() as u64);
        check_seq(end_seq)?;
        let series_count = self.names.series().len();
        if rows.is_empty() {
            // Says which sequence comes next.
            self.skip_to(first_seq)?;
        } else if first_seq < self.next_seq {
            // They are known already.
            self.can_join = false;
        } else if rows.iter().any(|row| row.series as usize >= series_count) {
            // Their names were in a frame that is damaged.
            self.skip_to(end_seq)?;
        } else {
            self.skip_to(first_seq)?;
            self.extend_windows(first_seq, rows, size_bytes);
            self.next_seq = end_seq;
        }
        Ok(())
    }

    /// Rows before `seq` that never came were in a frame that is damaged.
    fn skip_to(&mut self, seq: u64) -> Result<(), FormatError> {
        check_seq(seq)?;
        self.is_unsettled = false;
        if seq > self.next_seq {
            self.next_seq = seq;
            self.can_join = false;
        }
        Ok(())
    }

    fn extend_windows(&mut self, first_seq: u64, rows: &[Row], size_bytes: usize) {
        let (Ok(size_bytes), Ok(row_count)) =
            (u32::try_from(size_bytes), u32::try_from(rows.len()))
        else {
            return;
        };
        let run = u32::try_from(self.runs.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let ends = rows.iter().map(|row| row.end_ns);
        let block = Block {
            offset: self.offset,
            size_bytes,
            row_count,
            first_seq,
            min_end_ns: ends.clone().min().unwrap_or(i64::MAX),
            max_end_ns: ends.max().unwrap_or(i64::MIN),
            max_duration_ns: rows.iter().map(|row| row.duration_ns).max().unwrap_or(0),
            run,
        };
        let is_beyond = |window: &Window| first_seq >= window.limit_seq();
        if self.must_cut || self.windows.last().is_none_or(is_beyond) {
            self.windows.push(Window::new(first_seq, self.arrival_ns));
            self.must_cut = false;
        }
        if let Some(window) = self.windows.last_mut() {
            window.add(block, rows, self.can_join, self.arrival_ns);
        }
        self.can_join = true;
    }

    /// Passes over bytes that hold no frame, up to `offset`.
    pub const fn skip_bytes_to(&mut self, offset: u64) {
        if offset > self.offset {
            self.set_aside(offset - self.offset);
            self.offset = offset;
            self.damage.tail_bytes = 0;
        }
    }

    /// Says what stands behind the last frame of the log.
    pub(crate) fn set_tail(&mut self, bytes: &[u8]) {
        let is_torn = bytes.iter().all(|&byte| byte == 0) || first_cut_frame(bytes) == 0;
        self.damage.tail_bytes = if is_torn { 0 } else { bytes.len() as u64 };
    }
}

/// Cuts rows, of which the first has `first_seq`, into what goes into one frame each: no frame
/// spans two windows, of which one begins at `cut_seq`.
pub(crate) fn frames_of(
    mut rows: &[Row],
    mut first_seq: u64,
    mut cut_seq: u64,
) -> impl Iterator<Item = &[Row]> {
    std::iter::from_fn(move || {
        let room = usize::try_from(cut_seq - first_seq).unwrap_or(usize::MAX);
        let count = rows.len().min(ROWS_PER_FRAME_MAX).min(room);
        let (frame, rest) = rows.split_at(count);
        rows = rest;
        first_seq += count as u64;
        if first_seq == cut_seq {
            cut_seq += CHUNK_ROW_COUNT_MAX as u64;
        }
        (!frame.is_empty()).then_some(frame)
    })
}

/// Sequences stay below what an id can hold.
const fn check_seq(seq: u64) -> Result<(), FormatError> {
    let limit = (1 << SEQ_BITS) - 1;
    if seq > limit {
        return Err(FormatError::OutOfRange { what: "sequence", found: seq, limit });
    }
    Ok(())
}

/// Segments of a manifest do not overlap, and hold sealed rows only.
fn check_segments(segments: &[SegmentEntry], edit: &Edit) -> Result<(), FormatError> {
    let mut end_seq = edit.floor_seq;
    for segment in segments {
        if segment.first_seq < end_seq {
            let (found, limit) = (end_seq, segment.first_seq);
            return Err(FormatError::OutOfRange { what: "end of a segment", found, limit });
        }
        end_seq = segment.end_seq;
    }
    if end_seq > edit.sealed_seq {
        let (found, limit) = (end_seq, edit.sealed_seq);
        return Err(FormatError::OutOfRange { what: "end of the last segment", found, limit });
    }
    Ok(())
}
