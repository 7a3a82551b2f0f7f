//! What is known of a lane after reading its head log up to some byte.
//!
//! Reader and writer keep the same state by the same code: the writer, too, learns of its rows by
//! absorbing the frames it has written. Invariants: rows of `blocks` are in lane order without
//! overlap; `totals` covers exactly the rows of `blocks`; every row's series is in `names`.

use std::sync::Arc;

use kronicler_format::limits::{ROWS_PER_FRAME_MAX, SEQ_BITS};
use kronicler_format::{
    Counters, FormatError, Frame, FrameKind, FrameSearch, FrameSeed, Head, NamesFrame, Row, Run,
    decode_frame, decode_rows, encoded_frame, first_cut_frame, varint::Cursor,
};
use kronicler_stats::{Moments, Sketch};

use crate::Dictionary;

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

/// Statistics of all rows of a series.
#[derive(Debug, Clone, Default)]
pub struct SeriesTotals {
    /// Exact moments of the durations.
    pub moments: Moments,
    /// Quantiles of the durations within 1 %.
    pub sketch: Sketch,
    /// Sequence of the first row that took the longest.
    pub slowest_seq: u64,
}

/// What was found damaged and set aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Damage {
    /// Rows that were stored and cannot be read any more.
    pub rows: u64,
    /// Bytes that could not be read, torn tails of earlier crashes included.
    pub bytes: u64,
    /// Bytes at the end of the log that are neither a frame nor the beginning of one, nor zeros:
    /// not what a crash leaves behind, so rows that were stored may be in them.
    pub tail_bytes: u64,
}

impl Damage {
    /// Whether answers may lack rows that were stored.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.rows > 0 || self.tail_bytes > 0
    }
}

/// What is known of a lane.
#[derive(Debug, Clone)]
pub struct LaneState {
    /// Whose log it is.
    pub head: Head,
    /// Names and series.
    pub names: Arc<Dictionary>,
    /// Where the rows are.
    pub blocks: Arc<Vec<Block>>,
    /// Statistics by series; series without rows may be missing at the end.
    pub totals: Arc<Vec<SeriesTotals>>,
    /// The processes that wrote to it.
    pub runs: Arc<Vec<Run>>,
    /// What happened to calls that became no row.
    pub counters: Counters,
    /// Sequence of the next row.
    pub next_seq: u64,
    /// Up to which byte the log has been read.
    pub offset: u64,
    /// Whether the head is complete.
    pub is_ready: bool,
    /// Whether the last writer ended in order.
    pub is_closed: bool,
    /// What was found damaged.
    pub damage: Damage,
    /// Whether only whole frames stand between the last block and the next rows.
    can_join: bool,
}

impl LaneState {
    /// The state before the first frame; `offset` is where that will stand.
    #[must_use]
    pub fn new(head: Head, offset: u64) -> Self {
        Self {
            head,
            names: Arc::default(),
            blocks: Arc::default(),
            totals: Arc::default(),
            runs: Arc::default(),
            counters: Counters::default(),
            next_seq: head.first_seq,
            offset,
            is_ready: false,
            is_closed: false,
            damage: Damage::default(),
            can_join: false,
        }
    }

    /// Rows stored in the lane, damaged ones included.
    #[must_use]
    pub const fn stored(&self) -> u64 {
        self.next_seq - self.head.first_seq
    }

    /// Moments of all rows with this name, from running totals.
    #[must_use]
    pub fn moments(&self, name: &str) -> Moments {
        let totals = self.names.series_of(name).iter();
        let totals = totals.filter_map(|&series| self.totals.get(series as usize));
        totals.fold(Moments::new(), |mut sum, totals| {
            sum.merge(&totals.moments);
            sum
        })
    }

    /// Takes over the frames in `bytes`, which stand at [`LaneState::offset`], up to the first
    /// that is not whole. Bytes in the middle that are no frame are passed over when a good frame
    /// follows them. Returns how many bytes were taken; the rest is to be offered again with more.
    /// `scratch` is only memory to decode into.
    pub fn absorb(&mut self, bytes: &[u8], scratch: &mut Vec<Row>) -> usize {
        let (seed, offset) = (FrameSeed::new(&self.head.uuid), self.offset);
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
        let mut rows = rows.chunks(ROWS_PER_FRAME_MAX);
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
        // Only CHECKPOINT stands before READY: any other frame tells as much, should it be damaged.
        self.is_ready |= !matches!(frame.kind, None | Some(FrameKind::Checkpoint));
        self.is_closed = frame.kind == Some(FrameKind::Closed);
        frame.size_bytes()
    }

    /// Counts bytes that are no good frame; a block must not span them.
    const fn set_aside(&mut self, bytes: u64) {
        self.damage.bytes += bytes;
        self.can_join = false;
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
            Some(FrameKind::Run) => {
                let run = Run::decode(frame.payload)?;
                self.skip_to(run.first_seq)?;
                if self.runs.last() != Some(&run) {
                    Arc::make_mut(&mut self.runs).push(run);
                }
            }
            Some(FrameKind::Counters | FrameKind::Checkpoint) => {
                self.counters = Counters::decode(frame.payload)?;
            }
            Some(FrameKind::Closed) => {
                // Says how many rows there were: a damaged last frame does not go unnoticed.
                self.skip_to(Cursor::new("closed frame", frame.payload).u64()?)?;
            }
            Some(FrameKind::Ready) | None => {}
        }
        Ok(())
    }

    fn apply_rows(&mut self, frame: &Frame<'_>, rows: &mut Vec<Row>) -> Result<(), FormatError> {
        rows.clear();
        let first_seq = decode_rows(frame.payload, rows)?;
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
        if first_seq < self.next_seq || rows.is_empty() {
            // They are known already.
            self.can_join = false;
        } else if rows.iter().any(|row| row.series as usize >= series_count) {
            // Their names were in a frame that is damaged.
            self.skip_to(end_seq)?;
        } else {
            self.skip_to(first_seq)?;
            self.extend_blocks(first_seq, rows, size_bytes);
            self.add_totals(first_seq, rows);
            self.next_seq = end_seq;
        }
        Ok(())
    }

    /// Rows before `seq` that never came were in a frame that is damaged.
    fn skip_to(&mut self, seq: u64) -> Result<(), FormatError> {
        check_seq(seq)?;
        if seq > self.next_seq {
            self.damage.rows += seq - self.next_seq;
            self.next_seq = seq;
            self.can_join = false;
        }
        Ok(())
    }

    fn extend_blocks(&mut self, first_seq: u64, rows: &[Row], size_bytes: usize) {
        let (Ok(size_bytes), Ok(row_count)) =
            (u32::try_from(size_bytes), u32::try_from(rows.len()))
        else {
            return;
        };
        let run = u32::try_from(self.runs.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let ends = rows.iter().map(|row| row.end_ns);
        let mut block = Block {
            offset: self.offset,
            size_bytes,
            row_count,
            first_seq,
            min_end_ns: ends.clone().min().unwrap_or(i64::MAX),
            max_end_ns: ends.max().unwrap_or(i64::MIN),
            max_duration_ns: rows.iter().map(|row| row.duration_ns).max().unwrap_or(0),
            run,
        };
        let blocks = Arc::make_mut(&mut self.blocks);
        if let Some(last) = blocks.last_mut()
            && self.can_join
            && let Some(joined) = last.join(&block)
        {
            block = joined;
            *last = block;
        } else {
            blocks.push(block);
        }
        self.can_join = true;
    }

    fn add_totals(&mut self, first_seq: u64, rows: &[Row]) {
        let totals = Arc::make_mut(&mut self.totals);
        if totals.len() < self.names.series().len() {
            totals.resize_with(self.names.series().len(), SeriesTotals::default);
        }
        for (seq, row) in (first_seq..).zip(rows) {
            totals[row.series as usize].add(seq, row.duration_ns);
        }
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

/// Sequences stay below what an id can hold.
const fn check_seq(seq: u64) -> Result<(), FormatError> {
    let limit = (1 << SEQ_BITS) - 1;
    if seq > limit {
        return Err(FormatError::OutOfRange { what: "sequence", found: seq, limit });
    }
    Ok(())
}

impl SeriesTotals {
    /// Adds the duration of the row with this sequence.
    #[inline]
    pub fn add(&mut self, seq: u64, duration_ns: u64) {
        if self.moments.max().is_none_or(|max| duration_ns > max) {
            self.slowest_seq = seq;
        }
        self.moments.add(duration_ns);
        self.sketch.add(duration_ns);
    }
}

impl Block {
    /// Sequence behind its last row.
    #[must_use]
    pub const fn end_seq(&self) -> u64 {
        self.first_seq + self.row_count as u64
    }

    /// Both in one, when `next` follows near enough, without a gap in the rows, in the same run.
    fn join(&self, next: &Block) -> Option<Block> {
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
}
