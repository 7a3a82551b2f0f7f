//! Writes a head log: frame by frame, and whole when a new one replaces the old.
//!
//! ```text
//! header x 2 | CHECKPOINT x 2 | EDIT ... | NAMES x 2 ... | RUN x 2, ARRIVAL, ROWS ... |
//! DETAIL ... | HOOKS | READY x 2
//! ```
//!
//! is what a new head begins with; all of it is synced before the old one goes. CLOSED follows when
//! the last run had ended in order, and only the upkeep of a lane without owner makes the head.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::limits::{EDIT_ENTRY_COUNT_MAX, ROWS_PER_FRAME_MAX};
use kronicler_format::varint::{put_i64, put_u64};
use kronicler_format::{
    Checkpoint, Counters, Edit, FormatError, FrameKind, FrameSeed, Head, Hooks, Row, RowDetail,
    Run, encode_details, encode_frame, encode_rows, fitting_details,
};

use crate::detail_block::read_details;
use crate::lane_reader::{FRAMES_OFFSET, HEAD_COPIES, read_frames};
use crate::lane_state::{LaneState, frames_of};
use crate::layout::{generation_of, head_path};
use crate::{Dictionary, Storage, StorageFile, StoreError};

/// How often frames are written that later ones need: a flipped bit must not cost those.
const COPIES: usize = 2;
/// So much is gathered before it goes to the file while a new head is made.
const PIECE_SIZE_BYTES: usize = 1 << 20;
/// Blocks are allocated ahead of the log so far.
const RESERVE_STEP_BYTES: u64 = 256 << 10;
/// Allocated room that only edits may use: retention has to work on a full disk.
const EDIT_ROOM_BYTES: u64 = 64 << 10;
/// Details that one frame holds at most: as much as a reader reads of rows at once.
const DETAILS_SIZE_BYTES_MAX: usize = 256 << 10;
/// The time of arrival is written so often at most.
const ARRIVAL_STEP_NS: i64 = 1_000_000_000;

/// The head log that is written.
#[derive(Debug)]
pub(crate) struct HeadLog {
    path: PathBuf,
    file: Arc<dyn StorageFile>,
    seed: FrameSeed,
    generation: u64,
    /// Bytes that are in the file.
    offset: u64,
    /// Frames for the next append.
    buffer: Vec<u8>,
    names_logged: u32,
    series_logged: u32,
    arrival_ns: i64,
    cut_seq: u64,
    reserved: u64,
    is_dirty: bool,
    /// A sync failed: the system may have thrown away what it could not write, and would not say
    /// so again.
    has_failed: bool,
    /// A write failed: a part of it may stand in the file.
    is_torn: bool,
}

/// Why a head could not be made.
pub(crate) struct NotMade {
    pub error: StoreError,
    /// Whether its file may be there, and even complete.
    pub is_there: bool,
}

impl HeadLog {
    /// The log of a state that was read from `path`.
    pub fn open(
        storage: &dyn Storage,
        path: PathBuf,
        state: &LaneState,
    ) -> Result<Self, StoreError> {
        let file = storage.open_append(&path).map_err(StoreError::io("open", &path))?;
        let mut log = Self::new(path, file, &state.head);
        // Who keeps this file and removes others tells them by their names: that of a file which
        // somebody has renamed is not what its header says.
        log.generation = generation_of(&log.path).unwrap_or(log.generation);
        log.offset = state.offset;
        log.note(state);
        Ok(log)
    }

    fn new(path: PathBuf, file: Arc<dyn StorageFile>, head: &Head) -> Self {
        Self {
            path,
            file,
            seed: FrameSeed::new(&head.uuid),
            generation: head.generation,
            offset: 0,
            buffer: Vec::new(),
            names_logged: 0,
            series_logged: 0,
            arrival_ns: 0,
            cut_seq: 0,
            reserved: 0,
            is_dirty: false,
            has_failed: false,
            is_torn: false,
        }
    }

    /// Remembers what is in the log now.
    fn note(&mut self, state: &LaneState) {
        self.names_logged = count(state.names.names().len());
        self.series_logged = count(state.names.series().len());
        self.arrival_ns = state.arrival_ns;
        self.cut_seq = state.cut_seq();
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn file(&self) -> &dyn StorageFile {
        &*self.file
    }

    pub const fn generation(&self) -> u64 {
        self.generation
    }

    pub const fn size_bytes(&self) -> u64 {
        self.offset
    }

    pub const fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// Forgets frames of an append that was not written.
    pub fn begin(&mut self) {
        self.buffer.clear();
    }

    /// Encodes the time of arrival of the rows that follow, unless it has hardly changed.
    pub fn put_arrival(&mut self, now_ns: i64) -> Result<(), StoreError> {
        let is_new = now_ns.abs_diff(self.arrival_ns) >= ARRIVAL_STEP_NS.unsigned_abs();
        if is_new {
            self.put(FrameKind::Arrival, |out| put_i64(out, now_ns))?;
            self.arrival_ns = now_ns;
        }
        Ok(())
    }

    pub fn put_rows(&mut self, first_seq: u64, rows: &[Row]) -> Result<(), StoreError> {
        let mut seq = first_seq;
        for rows in frames_of(rows, first_seq, self.cut_seq) {
            self.put(FrameKind::Rows, |out| encode_rows(out, seq, rows))?;
            seq += rows.len() as u64;
        }
        Ok(())
    }

    /// Encodes details of rows that stand before; they ascend.
    pub fn put_details(&mut self, details: &[RowDetail]) -> Result<(), StoreError> {
        let mut rest = details;
        while !rest.is_empty() {
            let count = fitting_details(rest, DETAILS_SIZE_BYTES_MAX).max(1);
            let (frame, later) = rest.split_at(count);
            self.put(FrameKind::Detail, |out| encode_details(out, 0, frame))?;
            rest = later;
        }
        Ok(())
    }

    /// Encodes what the process that writes has hooked so far.
    pub fn put_hooks(&mut self, hooks: &Hooks) -> Result<(), StoreError> {
        self.put(FrameKind::Hooks, |out| hooks.encode(out))
    }

    /// Encodes that the head is complete.
    pub fn put_ready(&mut self) -> Result<(), StoreError> {
        self.put_copies(FrameKind::Ready, |_| {})
    }

    pub fn put_run(&mut self, run: &Run) -> Result<(), StoreError> {
        self.put_copies(FrameKind::Run, |out| run.encode(out))
    }

    /// Encodes counters, and the sequence of the next row: that the rows before got lost to damage
    /// is noticed.
    pub fn put_counters(&mut self, next_seq: u64, counters: &Counters) -> Result<(), StoreError> {
        self.put(FrameKind::Counters, |out| {
            put_u64(out, next_seq);
            counters.encode(out);
        })
    }

    pub fn put_edit(&mut self, edit: &Edit) -> Result<(), StoreError> {
        self.put_copies(FrameKind::Edit, |out| edit.encode(out))
    }

    pub fn put_closed(&mut self, next_seq: u64) -> Result<(), StoreError> {
        self.put(FrameKind::Closed, |out| put_u64(out, next_seq))
    }

    /// Encodes names and series that are not logged yet; returns how many are known then.
    pub fn put_names(&mut self, names: &Dictionary) -> Result<(u32, u32), StoreError> {
        let (mut first_name, mut first_series) = (self.names_logged, self.series_logged);
        let all = (count(names.names().len()), count(names.series().len()));
        while (first_name, first_series) != all {
            let frame = names.frame_from(first_name, first_series);
            first_name += count(frame.names.len());
            first_series += count(frame.series.len());
            self.put_copies(FrameKind::Names, |out| frame.encode(out))?;
        }
        Ok(all)
    }

    fn put_copies(
        &mut self,
        kind: FrameKind,
        write: impl Fn(&mut Vec<u8>),
    ) -> Result<(), StoreError> {
        (0..COPIES).try_for_each(|_| self.put(kind, &write))
    }

    fn put(&mut self, kind: FrameKind, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError> {
        let offset = self.offset + self.buffer.len() as u64;
        let result = encode_frame(&mut self.buffer, self.seed, offset, kind, write);
        // A frame that the format refuses is a defect of ours; it stops the writer, not the host.
        result.map_err(|source| self.damaged(source))
    }

    fn damaged(&self, source: FormatError) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), offset: self.offset, source }
    }

    /// Writes the frames that were put since [`HeadLog::begin`], leaving room for edits.
    pub fn write(&mut self) -> Result<(), StoreError> {
        let end = self.offset + self.buffer.len() as u64 + EDIT_ROOM_BYTES;
        if end > self.reserved && !self.buffer.is_empty() {
            // Much at once is for speed only: on a nearly full disk what is needed is enough.
            let ahead = end + RESERVE_STEP_BYTES;
            let reserved = self.file.reserve(ahead).map(|()| ahead);
            let reserved = reserved.or_else(|_| self.file.reserve(end).map(|()| end));
            self.reserved = reserved.map_err(StoreError::io("write", &self.path))?;
        }
        self.write_edit()
    }

    /// Writes the frames that were put since [`HeadLog::begin`] into the room kept for edits.
    pub fn write_edit(&mut self) -> Result<(), StoreError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if self.is_torn {
            let source = io::Error::other("an earlier write has failed and was not looked at");
            return Err(StoreError::io("write", &self.path)(source));
        }
        self.is_dirty = true;
        let result = self.file.append(&self.buffer);
        self.is_torn = result.is_err();
        result.map_err(StoreError::io("write", &self.path))?;
        self.offset += self.buffer.len() as u64;
        Ok(())
    }

    /// Lets `state` learn of what the last write wrote; `rows` are those it was given.
    pub fn absorb_into(&mut self, state: &mut LaneState, rows: &[Row]) {
        state.skip_bytes_to(self.offset - self.buffer.len() as u64);
        state.absorb_own(&self.buffer, rows);
        self.buffer.clear();
        // The names that the state knows may be ahead of those that are logged.
        self.arrival_ns = state.arrival_ns;
        self.cut_seq = state.cut_seq();
    }

    /// Lets the next append write all names again.
    pub const fn forget_logged(&mut self) {
        self.note_names((0, 0));
    }

    pub const fn note_names(&mut self, (names, series): (u32, u32)) {
        (self.names_logged, self.series_logged) = (names, series);
    }

    /// After a failed write: lets `state` learn of the part that reached the file.
    pub fn recover(&mut self, state: &mut LaneState) -> Result<(), StoreError> {
        self.buffer.clear();
        read_frames(&*self.file, &self.path, state)?;
        self.offset = self.file.stat().map_err(StoreError::io("read", &self.path))?.len;
        self.is_torn = false;
        self.arrival_ns = state.arrival_ns;
        self.cut_seq = state.cut_seq();
        Ok(())
    }

    /// Makes all that was written survive a power cut.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        if self.has_failed {
            let source = io::Error::other("an earlier sync has failed");
            return Err(StoreError::io("sync", &self.path)(source));
        }
        let result = self.file.sync();
        self.has_failed = result.is_err();
        result.map_err(StoreError::io("sync", &self.path))?;
        self.is_dirty = false;
        Ok(())
    }

    pub const fn has_failed(&self) -> bool {
        self.has_failed
    }
}

/// Makes a head with what `old` knows, its unsealed rows taken from the file at its path; synced
/// and complete when this returns.
pub(crate) fn make_head(
    storage: &dyn Storage,
    dir: &Path,
    head: Head,
    old: Option<(&LaneState, &dyn StorageFile, &Path)>,
) -> Result<(HeadLog, LaneState), NotMade> {
    let path = head_path(dir, head.generation);
    let file = storage.create(&path).map_err(StoreError::io("make", &path));
    let file = file.map_err(|error| NotMade { error, is_there: false })?;
    let mut log = HeadLog::new(path.clone(), file, &head);
    let made = fill_head(&mut log, &head, old).and_then(|()| {
        // A power cut must not leave the word that all is there without all of it.
        log.sync()?;
        log.begin();
        log.put_ready()?;
        if let Some((old, ..)) = old.filter(|(old, ..)| old.is_closed) {
            log.put_closed(old.next_seq)?;
        }
        log.write()?;
        log.sync()?;
        storage.sync_dir(dir).map_err(StoreError::io("sync", dir))?;
        let mut state = LaneState::new(head, FRAMES_OFFSET);
        log.recover(&mut state)?;
        log.note(&state);
        let is_same = old.is_none_or(|(old, ..)| {
            state.next_seq == old.next_seq && state.segments == old.segments
        });
        if state.is_ready && is_same { Ok(state) } else { Err(unreadable(&path)) }
    });
    match made {
        Ok(state) => Ok((log, state)),
        Err(error) => Err(NotMade { error, is_there: true }),
    }
}

/// The disk gave back other bytes than it was given.
fn unreadable(path: &Path) -> StoreError {
    let source = FormatError::NotKronicler { what: "head that was just made" };
    StoreError::Damaged { path: path.to_owned(), offset: 0, source }
}

fn fill_head(
    log: &mut HeadLog,
    head: &Head,
    old: Option<(&LaneState, &dyn StorageFile, &Path)>,
) -> Result<(), StoreError> {
    log.buffer = head.encode().repeat(HEAD_COPIES);
    match old {
        None => {
            let checkpoint = Checkpoint::default();
            log.put_copies(FrameKind::Checkpoint, |out| checkpoint.encode(out))?;
        }
        Some((old, file, path)) => {
            fill_manifest(log, old)?;
            let logged = log.put_names(&old.names)?;
            log.note_names(logged);
            fill_rows(log, old, file, path)?;
        }
    }
    log.write()
}

fn fill_manifest(log: &mut HeadLog, old: &LaneState) -> Result<(), StoreError> {
    let mut edits = manifest(old, old.edit_number, old.sealed_seq).into_iter();
    let first = edits.next().unwrap_or_default();
    let checkpoint = Checkpoint { counters: old.counters, manifest: first };
    log.put_copies(FrameKind::Checkpoint, |out| checkpoint.encode(out))?;
    for edit in edits {
        log.put_edit(&edit)?;
        log.flush_piece()?;
    }
    Ok(())
}

/// Edits that name all segments and histories, at least one; their numbers begin with `number`.
fn manifest(state: &LaneState, number: u64, next_seq: u64) -> Vec<Edit> {
    let mut segments = state.segments.chunks(EDIT_ENTRY_COUNT_MAX);
    let mut histories = state.histories.chunks(EDIT_ENTRY_COUNT_MAX);
    let count = segments.len().max(histories.len()).max(1) as u64;
    let edits = (number..number + count).map(|number| Edit {
        number,
        next_seq,
        sealed_seq: state.sealed_seq,
        floor_seq: state.floor_seq,
        next_file_id: state.next_file_id,
        segments_in: segments.next().unwrap_or_default().to_vec(),
        histories_in: histories.next().unwrap_or_default().to_vec(),
        ..Edit::default()
    });
    edits.collect()
}

/// Edits that say once more what the manifest is, to readers who know it and to those who do not.
pub(crate) fn again(state: &LaneState) -> Vec<Edit> {
    let mut edits = manifest(state, state.edit_number + 1, state.next_seq);
    for edit in &mut edits {
        edit.segments_out = edit.segments_in.iter().map(|segment| segment.id).collect();
        edit.histories_out = edit.histories_in.iter().map(|history| history.id).collect();
    }
    edits
}

fn fill_rows(
    log: &mut HeadLog,
    old: &LaneState,
    file: &dyn StorageFile,
    path: &Path,
) -> Result<(), StoreError> {
    let (mut bytes, mut rows) = (Vec::new(), Vec::new());
    let mut run_logged = None;
    for window in &old.windows {
        log.put_arrival(window.first_arrival_ns)?;
        let last = window.blocks.len().saturating_sub(1);
        for (index, block) in window.blocks.iter().enumerate() {
            if index == last {
                log.put_arrival(window.last_arrival_ns)?;
            }
            if run_logged != Some(block.run) {
                if let Some(run) = old.runs.get(block.run as usize) {
                    log.put_run(run)?;
                }
                run_logged = Some(block.run);
            }
            rows.clear();
            if block.read(file, path, old.seed(), &mut bytes, &mut rows)? {
                log.put_old_rows(block.first_seq, &rows)?;
            } else {
                // What can no longer be read leaves gaps: readers count such rows as damaged.
                for (first_seq, rows) in block.salvage(file, path, old.seed())? {
                    log.put_old_rows(first_seq, &rows)?;
                }
            }
            log.flush_piece()?;
        }
    }
    let last = old.runs.len().checked_sub(1);
    if let Some(run) = old.runs.last().filter(|_| run_logged.map(|run| run as usize) != last) {
        log.put_run(run)?;
    }
    // Rows behind the last block may have been damaged.
    log.put(FrameKind::Rows, |out| encode_rows(out, old.next_seq, &[]))?;
    // Behind all rows that they speak of.
    for block in old.details.iter() {
        let seqs = old.sealed_seq..old.next_seq;
        let source = (file, path, old.seed());
        log.put_details(&read_details(std::slice::from_ref(block), &seqs, source)?)?;
        log.flush_piece()?;
    }
    // Behind the last run, whose they are.
    if old.hooks.is_empty() { Ok(()) } else { log.put_hooks(&old.hooks) }
}

impl HeadLog {
    /// While a new head is made: encodes rows of the old one.
    fn put_old_rows(&mut self, first_seq: u64, rows: &[Row]) -> Result<(), StoreError> {
        let mut seq = first_seq;
        for rows in rows.chunks(ROWS_PER_FRAME_MAX) {
            self.put(FrameKind::Rows, |out| encode_rows(out, seq, rows))?;
            seq += rows.len() as u64;
        }
        Ok(())
    }

    /// While a new head is made: lets go of what was gathered when it is much.
    fn flush_piece(&mut self) -> Result<(), StoreError> {
        if self.buffer.len() >= PIECE_SIZE_BYTES {
            self.write()?;
            self.buffer.clear();
        }
        Ok(())
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
