//! Reads a head log frame by frame and tells torn tails from damage.
//!
//! What stands between good frames is a torn tail, which costs nothing, when it is zeros or the
//! beginning of a frame and the sequences go on behind it. Anything else is damage.

use std::ops::Range;
use std::path::Path;

use kronicler_format::{
    Edit, Frame, FrameKind, FrameSearch, HEAD_SIZE_BYTES, Head, Row, decode_frame, decode_rows,
    first_cut_frame,
};

use super::report::{Draft, Finding};
use crate::lane_reader::{
    BUFFER_SIZE_BYTES, FRAME_SIZE_BYTES_MAX, FRAMES_OFFSET, HEAD_COPIES, open_head, read_frames,
};
use crate::lane_state::LaneState;
use crate::{Storage, StorageFile, StoreError};

const KEEP: &str = "keep a copy of the file; rows that stood there are gone";
const HARMLESS: &str = "nothing is lost yet: `kr compact` writes a new head log";

/// A head log that was read.
#[derive(Debug)]
pub(super) struct HeadCheck {
    pub state: LaneState,
    pub drafts: Vec<Draft>,
    pub torn_bytes: u64,
    pub size_bytes: u64,
}

/// Reads the head log at `path`; `None` when it is gone.
pub(super) fn check_head(
    storage: &dyn Storage,
    path: &Path,
    lane: u16,
    generation: u64,
) -> Result<Option<HeadCheck>, StoreError> {
    let Some((file, head)) = open_head(storage, path, lane)? else { return Ok(None) };
    let mut walk = Walk {
        file: &*file,
        path,
        state: LaneState::new(head, FRAMES_OFFSET),
        drafts: Vec::new(),
        pending: Vec::new(),
        bad_from: None,
        torn_bytes: 0,
    };
    walk.check_headers(generation)?;
    let size_bytes = walk.read_all()?;
    let Walk { mut state, drafts, torn_bytes, .. } = walk;
    if let Some(fresh) = state.unskewed(FRAMES_OFFSET) {
        state = fresh;
        read_frames(&*file, path, &mut state)?;
    }
    Ok(Some(HeadCheck { state, drafts, torn_bytes, size_bytes }))
}

struct Walk<'a> {
    file: &'a dyn StorageFile,
    path: &'a Path,
    state: LaneState,
    drafts: Vec<Draft>,
    /// Bad bytes behind which no frame has told a sequence yet.
    pending: Vec<Stretch>,
    /// Where bad bytes began whose end is not found yet.
    bad_from: Option<u64>,
    torn_bytes: u64,
}

/// Bytes between good frames.
#[derive(Clone, Copy)]
struct Stretch {
    offset: u64,
    size_bytes: u64,
    is_torn: bool,
}

impl Walk<'_> {
    fn check_headers(&mut self, generation: u64) -> Result<(), StoreError> {
        let mut bytes = [0; HEAD_SIZE_BYTES * HEAD_COPIES];
        self.read_at(0, &mut bytes)?;
        for (index, copy) in bytes.chunks_exact(HEAD_SIZE_BYTES).enumerate() {
            let fact = match Head::decode(copy) {
                Ok(head) if head == self.state.head => continue,
                Ok(_) => "the copies of the header are not the same".to_owned(),
                Err(error) => format!("a copy of the header is damaged: {error}"),
            };
            self.found((index * HEAD_SIZE_BYTES) as u64, fact, HARMLESS);
        }
        if self.state.head.generation != generation {
            let found = self.state.head.generation;
            let fact = format!("it is generation {found}, not the one its name says");
            self.found(0, fact, "give it back its name");
        }
        Ok(())
    }

    fn found(&mut self, offset: u64, fact: String, remedy: &'static str) {
        let finding = Finding::new(self.path, fact, remedy).at(offset);
        self.drafts.push(Draft { finding, seqs: 0..0 });
    }

    /// Reads all frames; returns the bytes of the file.
    fn read_all(&mut self) -> Result<u64, StoreError> {
        let mut buffer = vec![0; BUFFER_SIZE_BYTES];
        loop {
            let count = self.read_at(self.state.offset, &mut buffer)?;
            if self.take(&buffer[..count])? {
                continue;
            }
            let offset = self.state.offset;
            if count < BUFFER_SIZE_BYTES {
                self.end_of_log(offset + count as u64)?;
                return Ok(offset + count as u64);
            }
            // More garbage than the longest frame: only its end can still begin a good one.
            self.bad_from.get_or_insert(offset);
            self.state.skip_bytes_to(offset + first_cut_frame(&buffer) as u64);
        }
    }

    /// Takes the good frames in `bytes`; `false` when there are none.
    fn take(&mut self, bytes: &[u8]) -> Result<bool, StoreError> {
        let (seed, base) = (self.state.seed(), self.state.offset);
        let mut search: Option<FrameSearch<'_>> = None;
        let mut taken = 0;
        while taken < bytes.len() {
            let is_bad = search.as_ref().is_some_and(|search| !search.is_frame(taken));
            let rest = &bytes[taken..];
            let frame = (!is_bad).then(|| decode_frame(rest, seed, self.state.offset).ok());
            if let Some(frame) = frame.flatten() {
                self.end_stretch()?;
                self.take_frame(&frame, &rest[..frame.size_bytes()]);
                taken += frame.size_bytes();
                continue;
            }
            let search = search.get_or_insert_with(|| FrameSearch::new(bytes, seed, base));
            let Some(next) = search.next_behind(taken) else { break };
            self.bad_from.get_or_insert(self.state.offset);
            self.state.skip_bytes_to(base + next as u64);
            taken = next;
        }
        Ok(taken > 0)
    }

    /// Before a good frame: remembers the bad bytes before it.
    fn end_stretch(&mut self) -> Result<(), StoreError> {
        if let Some(from) = self.bad_from.take() {
            let stretch = self.stretch(from, self.state.offset)?;
            self.pending.push(stretch);
        }
        Ok(())
    }

    fn take_frame(&mut self, frame: &Frame<'_>, bytes: &[u8]) {
        let offset = self.state.offset;
        let (next_seq, counters) = (self.state.next_seq, self.state.counters);
        let (damaged, edit_number) = (self.state.damage.bytes, self.state.edit_number);
        self.state.absorb(bytes, &mut Vec::new());
        if self.state.damage.bytes > damaged {
            let fact = "a frame with a right checksum holds what no writer writes".to_owned();
            self.found(offset, fact, KEEP);
        }
        match frame.kind {
            Some(FrameKind::Rows) => self.check_rows(frame, offset, next_seq),
            Some(
                FrameKind::Names
                | FrameKind::Arrival
                | FrameKind::Ready
                | FrameKind::Detail
                | FrameKind::Hooks,
            )
            | None => {}
            Some(_) => self.settle(&(next_seq..self.state.next_seq)),
        }
        if frame.kind == Some(FrameKind::Edit) {
            let number = Edit::decode(frame.payload).map_or(0, |edit| edit.number);
            if number > edit_number + 1 {
                let expected = edit_number + 1;
                let fact = format!("edit {number} of the manifest stands where {expected} is due");
                self.found(offset, fact, "what the edits between named is not known");
            }
        }
        let mut never_lower = counters;
        never_lower.merge(&self.state.counters.since(&counters));
        if never_lower != self.state.counters {
            let fact = "a counter is lower than it was before".to_owned();
            self.found(offset, fact, "what was seen before cannot be told exactly");
        }
    }

    fn check_rows(&mut self, frame: &Frame<'_>, offset: u64, next_seq: u64) {
        let mut rows: Vec<Row> = Vec::new();
        let Ok(first_seq) = decode_rows(frame.payload, &mut rows) else { return };
        if first_seq < next_seq && !rows.is_empty() {
            return;
        }
        self.settle(&(next_seq..first_seq));
        let series_count = self.state.names.series().len();
        if rows.iter().any(|row| row.series as usize >= series_count) {
            let fact = "rows are of series that no good frame names".to_owned();
            self.found(offset, fact, KEEP);
            if let Some(draft) = self.drafts.last_mut() {
                draft.seqs = first_seq..first_seq + rows.len() as u64;
            }
        }
    }

    /// A frame has told a sequence: what stood before it was torn when the sequences go on, else
    /// the rows of the `jump` were in it, in its largest stretch most likely.
    fn settle(&mut self, jump: &Range<u64>) {
        let pending = std::mem::take(&mut self.pending);
        let sizes = pending.iter().map(|stretch| stretch.size_bytes);
        let mut guilty = sizes.max().filter(|_| !jump.is_empty());
        for stretch in pending {
            let is_guilty = guilty.take_if(|size| *size == stretch.size_bytes).is_some();
            if stretch.is_torn && !is_guilty {
                self.torn_bytes += stretch.size_bytes;
                continue;
            }
            let fact = format!("{} bytes are no frame", stretch.size_bytes);
            self.found(stretch.offset, fact, if is_guilty { KEEP } else { HARMLESS });
            if let Some(draft) = self.drafts.last_mut().filter(|_| is_guilty) {
                draft.seqs = jump.clone();
            }
        }
    }

    fn end_of_log(&mut self, end: u64) -> Result<(), StoreError> {
        let from = self.bad_from.take().unwrap_or(self.state.offset);
        // No frame tells whether there were rows in what could not be read last.
        let first = self.drafts.len();
        self.settle(&(0..0));
        for draft in &mut self.drafts[first..] {
            draft.finding.row_count = None;
        }
        if from == end {
            return Ok(());
        }
        let tail = self.stretch(from, end)?;
        if tail.is_torn {
            self.torn_bytes += tail.size_bytes;
            return Ok(());
        }
        let fact = format!("the last {} bytes are no frame", tail.size_bytes);
        let finding = Finding::new(self.path, fact, KEEP).at(from).of_rows(None);
        self.drafts.push(Draft { finding, seqs: 0..0 });
        Ok(())
    }

    fn stretch(&self, offset: u64, end: u64) -> Result<Stretch, StoreError> {
        let size_bytes = end - offset;
        let mut bytes = Vec::new();
        let mut is_zero = true;
        let mut at = offset;
        while at < end && is_zero {
            bytes.resize(usize::try_from(end - at).unwrap_or(usize::MAX).min(1 << 21), 0);
            self.read_at(at, &mut bytes)?;
            is_zero = bytes.iter().all(|&byte| byte == 0);
            at += bytes.len() as u64;
        }
        let is_short = size_bytes < FRAME_SIZE_BYTES_MAX as u64;
        let is_cut = is_short && first_cut_frame(&bytes) == 0;
        Ok(Stretch { offset, size_bytes, is_torn: is_zero || is_cut })
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> Result<usize, StoreError> {
        self.file.read_at(offset, bytes).map_err(StoreError::io("read", self.path))
    }
}
