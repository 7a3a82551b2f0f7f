//! Owns a lane: appends frames to its head log.
//!
//! The owner holds the lane's lock for life. What it appends goes out in one call of names, rows,
//! counters, in this order, so that a reader never meets a row whose name it cannot know. After a
//! failed append the file may end in a torn frame; the next append goes behind it, and readers
//! pass over it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::limits::{LANE_COUNT_MAX, ROWS_PER_FRAME_MAX};
use kronicler_format::varint::put_u64;
use kronicler_format::{
    Counters, FormatError, FrameKind, FrameSeed, Head, Row, Run, encode_frame, encode_rows,
};

use crate::lane_reader::{FRAMES_OFFSET, HEAD_COPIES, LaneReader, read_frames, read_head};
use crate::lane_state::LaneState;
use crate::layout::{head_path, lane_dir, list_heads, lock_path};
use crate::{Dictionary, Storage, StorageFile, StorageLock, StoreError};

/// How often frames are written that later ones need.
const COPIES: usize = 2;

/// What goes out in one append.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Names and series of the lane, of which those not yet logged are written.
    pub names: &'a Dictionary,
    /// Rows in lane order.
    pub rows: &'a [Row],
    /// Sequence of the first row.
    pub first_seq: u64,
    /// Counters, when they have changed.
    pub counters: Option<Counters>,
}

/// Owns a lane.
#[derive(Debug)]
pub struct LaneWriter {
    storage: Arc<dyn Storage>,
    lane: u16,
    dir: PathBuf,
    log: Log,
    is_dirty: bool,
    buffer: Vec<u8>,
    _lock: Box<dyn StorageLock>,
}

/// The head log that is written.
#[derive(Debug)]
struct Log {
    path: PathBuf,
    file: Arc<dyn StorageFile>,
    seed: FrameSeed,
    generation: u64,
    offset: u64,
    names_logged: u32,
    series_logged: u32,
}

impl Log {
    fn open(storage: &dyn Storage, path: PathBuf, state: &LaneState) -> Result<Self, StoreError> {
        Ok(Self {
            file: storage.open_append(&path).map_err(StoreError::io("open", &path))?,
            path,
            seed: FrameSeed::new(&state.head.uuid),
            generation: state.head.generation,
            offset: state.offset,
            names_logged: count(state.names.names().len()),
            series_logged: count(state.names.series().len()),
        })
    }
}

impl LaneWriter {
    /// Takes the lowest free lane of `root`, recovers what is in it and begins `run` there.
    ///
    /// `lost_at_most` bounds what the run before may have lost, if it did not end in order.
    ///
    /// # Errors
    /// When the directory cannot be made or written, or no lane is free.
    pub fn open(
        storage: &Arc<dyn Storage>,
        root: &Path,
        run: Run,
        lost_at_most: u64,
    ) -> Result<(Self, LaneState), StoreError> {
        make_root(&**storage, root)?;
        let (lane, lock) = take_lane(&**storage, root)?;
        let dir = lane_dir(root, lane);
        let found = LaneReader::open(storage, root, lane)?;
        let (path, mut state) = match found {
            Some(reader) => (reader.path().to_owned(), reader.into_state()),
            None => make_head(&**storage, &dir, lane, run.start_ns, 0)?,
        };
        storage.sync_dir(root).map_err(StoreError::io("sync", root))?;
        let log = Log::open(&**storage, path, &state)?;
        remove_replaced_heads(&**storage, &dir, lane, log.generation)?;
        let mut writer = Self {
            storage: Arc::clone(storage),
            lane,
            dir,
            log,
            is_dirty: false,
            buffer: Vec::new(),
            _lock: lock,
        };
        writer.begin_run(&mut state, run, lost_at_most)?;
        Ok((writer, state))
    }

    /// The lane.
    #[must_use]
    pub const fn lane(&self) -> u16 {
        self.lane
    }

    /// The head log.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.log.path
    }

    /// Whether something was appended since the last sync.
    #[must_use]
    pub const fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// Appends a batch. What it holds is then to be absorbed by `LaneWriter::absorb_into`.
    ///
    /// # Errors
    /// When the file cannot be written. A part of the batch may stand in the file: call
    /// [`LaneWriter::recover`], which tells by `next_seq` how many of the rows do.
    pub fn append(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        self.buffer.clear();
        let (names, series) = self.encode_names(batch.names).map_err(self.defect())?;
        let mut first_seq = batch.first_seq;
        for rows in batch.rows.chunks(ROWS_PER_FRAME_MAX) {
            self.encode(FrameKind::Rows, |out| encode_rows(out, first_seq, rows))
                .map_err(self.defect())?;
            first_seq += rows.len() as u64;
        }
        if let Some(counters) = batch.counters {
            self.encode(FrameKind::Counters, |out| counters.encode(out)).map_err(self.defect())?;
        }
        self.write()?;
        (self.log.names_logged, self.log.series_logged) = (names, series);
        Ok(())
    }

    /// Lets `state` learn of what the last append wrote; `rows` are those it was given.
    pub fn absorb_into(&self, state: &mut LaneState, rows: &[Row]) {
        state.skip_bytes_to(self.log.offset - self.buffer.len() as u64);
        state.absorb_own(&self.buffer, rows);
    }

    /// After a failed append: lets `state` learn of the part that reached the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn recover(&mut self, state: &mut LaneState) -> Result<(), StoreError> {
        read_frames(&*self.log.file, &self.log.path, state)?;
        self.log.offset = self.log.file.stat().map_err(StoreError::io("read", &self.log.path))?.len;
        Ok(())
    }

    /// Makes all that was appended survive a power cut.
    ///
    /// # Errors
    /// When the system says so. The file must not be synced again: the system may have thrown
    /// away what it could not write (<https://wiki.postgresql.org/wiki/Fsync_Errors>).
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.log.file.sync().map_err(StoreError::io("sync", &self.log.path))?;
        self.is_dirty = false;
        Ok(())
    }

    /// Appends the frame that says that this run ended in order, and syncs.
    ///
    /// # Errors
    /// When the file cannot be written or synced.
    pub fn close(mut self, state: &LaneState) -> Result<(), StoreError> {
        self.buffer.clear();
        self.encode(FrameKind::Closed, |out| put_u64(out, state.next_seq))
            .map_err(self.defect())?;
        self.write()?;
        self.sync()
    }

    /// Forgets all rows: begins a new head with a new identity and removes all others.
    ///
    /// # Errors
    /// When the new head cannot be made or an old one cannot be removed; the lane is then as it
    /// was, and can be written as before.
    pub fn clear(&mut self, run: Run) -> Result<LaneState, StoreError> {
        // The old head may have been removed by somebody: its name must not be taken again.
        let before = self.log.generation;
        let (path, mut state) =
            make_head(&*self.storage, &self.dir, self.lane, run.start_ns, before)?;
        let log = match Log::open(&*self.storage, path.clone(), &state) {
            Ok(log) => log,
            Err(error) => return Err(self.unmake(&path, error)),
        };
        let old = std::mem::replace(&mut self.log, log);
        let begun = self.begin_run(&mut state, run, 0).and_then(|()| {
            remove_heads(&*self.storage, &self.dir, &[old.generation, self.log.generation])?;
            match self.storage.remove(&old.path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
                result => result.map_err(StoreError::io("remove", &old.path)),
            }
        });
        match begun {
            Ok(()) => Ok(state),
            Err(error) => {
                self.log = old;
                Err(self.unmake(&path, error))
            }
        }
    }

    /// Removes a head that is not to be used after all; `error` says why.
    fn unmake(&self, path: &Path, error: StoreError) -> StoreError {
        self.storage.remove(path).map_or_else(StoreError::io("remove", path), |()| error)
    }

    fn begin_run(
        &mut self,
        state: &mut LaneState,
        mut run: Run,
        lost_at_most: u64,
    ) -> Result<(), StoreError> {
        self.recover(state)?;
        run.first_seq = state.next_seq;
        let was_used = !state.runs.is_empty() || state.stored() > 0;
        let is_unclean = was_used && !state.is_closed;
        run.lost_at_most = if is_unclean { lost_at_most } else { 0 };
        let mut counters = state.counters;
        counters.lost_at_most = counters.lost_at_most.saturating_add(run.lost_at_most);
        self.buffer.clear();
        // Twice, like names: a flipped bit must not give its rows to the run before.
        for _ in 0..COPIES {
            self.encode(FrameKind::Run, |out| run.encode(out)).map_err(self.defect())?;
        }
        if counters != state.counters {
            self.encode(FrameKind::Counters, |out| counters.encode(out)).map_err(self.defect())?;
        }
        self.write()?;
        self.absorb_into(state, &[]);
        Ok(())
    }

    /// Encodes names and series that are not logged yet; returns how many are known then. Each
    /// frame is written twice: without it all rows of its series could not be read.
    fn encode_names(&mut self, names: &Dictionary) -> Result<(u32, u32), FormatError> {
        let (mut first_name, mut first_series) = (self.log.names_logged, self.log.series_logged);
        let all = (count(names.names().len()), count(names.series().len()));
        while (first_name, first_series) != all {
            let frame = names.frame_from(first_name, first_series);
            first_name += count(frame.names.len());
            first_series += count(frame.series.len());
            for _ in 0..COPIES {
                self.encode(FrameKind::Names, |out| frame.encode(out))?;
            }
        }
        Ok(all)
    }

    fn encode(
        &mut self,
        kind: FrameKind,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), FormatError> {
        let offset = self.log.offset + self.buffer.len() as u64;
        encode_frame(&mut self.buffer, self.log.seed, offset, kind, write)
    }

    fn write(&mut self) -> Result<(), StoreError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.is_dirty = true;
        self.log.file.append(&self.buffer).map_err(StoreError::io("write", &self.log.path))?;
        self.log.offset += self.buffer.len() as u64;
        Ok(())
    }

    /// A frame that the format refuses is a defect of ours; it stops the writer, not the host.
    fn defect(&self) -> impl FnOnce(FormatError) -> StoreError + use<> {
        let (path, offset) = (self.log.path.clone(), self.log.offset);
        move |source| StoreError::Damaged { path, offset, source }
    }
}

/// Empties a lane that nobody owns. Returns `false` when somebody does.
///
/// # Errors
/// When the lane cannot be locked or written.
pub fn clear_ownerless(
    storage: &dyn Storage,
    root: &Path,
    lane: u16,
    now_ns: i64,
) -> Result<bool, StoreError> {
    let dir = lane_dir(root, lane);
    // Refuses a link in its place.
    storage.create_dir(&dir).map_err(StoreError::io("make", &dir))?;
    let lock = lock_path(&dir);
    let Some(_lock) = storage.try_lock(&lock).map_err(StoreError::io("lock", &lock))? else {
        return Ok(false);
    };
    let (_, state) = make_head(storage, &dir, lane, now_ns, 0)?;
    remove_heads(storage, &dir, &[state.head.generation])?;
    Ok(true)
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn make_root(storage: &dyn Storage, root: &Path) -> Result<(), StoreError> {
    storage.create_dir(root).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotADirectory => StoreError::NotADirectory { path: root.to_owned() },
        _ => StoreError::io("make", root)(error),
    })
}

fn take_lane(
    storage: &dyn Storage,
    root: &Path,
) -> Result<(u16, Box<dyn StorageLock>), StoreError> {
    for lane in 0..LANE_COUNT_MAX {
        let dir = lane_dir(root, lane);
        storage.create_dir(&dir).map_err(StoreError::io("make", &dir))?;
        let path = lock_path(&dir);
        if let Some(lock) = storage.try_lock(&path).map_err(StoreError::io("lock", &path))? {
            return Ok((lane, lock));
        }
    }
    Err(StoreError::NoFreeLane { path: root.to_owned(), limit: LANE_COUNT_MAX })
}

/// Makes an empty head of the next generation: synced and complete when this returns.
fn make_head(
    storage: &dyn Storage,
    dir: &Path,
    lane: u16,
    now_ns: i64,
    generation_before: u64,
) -> Result<(PathBuf, LaneState), StoreError> {
    let newest = list_heads(storage, dir)?.first().copied().unwrap_or(0).max(generation_before);
    let head = Head {
        lane,
        uuid: new_uuid(),
        generation: newest.saturating_add(1),
        created_ns: now_ns,
        first_seq: 0,
    };
    let path = head_path(dir, head.generation);
    let seed = FrameSeed::new(&head.uuid);
    let mut bytes = head.encode().repeat(HEAD_COPIES);
    let mut put = |kind, write: &dyn Fn(&mut Vec<u8>)| {
        let offset = bytes.len() as u64;
        encode_frame(&mut bytes, seed, offset, kind, write)
    };
    let defect = |source| StoreError::Damaged { path: path.clone(), offset: 0, source };
    put(FrameKind::Checkpoint, &|out| Counters::default().encode(out)).map_err(defect)?;
    put(FrameKind::Ready, &|_| {}).map_err(defect)?;
    let file = storage.create(&path).map_err(StoreError::io("make", &path))?;
    let written = file.append(&bytes).map_err(StoreError::io("write", &path)).and_then(|()| {
        file.sync().map_err(StoreError::io("sync", &path))?;
        storage.sync_dir(dir).map_err(StoreError::io("sync", dir))
    });
    if written.is_err() {
        // Should this fail as well, the next opener removes what is not complete.
        let _ = storage.remove(&path);
    }
    written?;
    let mut state = LaneState::new(head, FRAMES_OFFSET);
    read_frames(&*file, &path, &mut state)?;
    Ok((path, state))
}

/// Removes heads that another replaced, and those whose making was cut short. One that cannot be
/// read is kept: a person may still want to look at it.
fn remove_replaced_heads(
    storage: &dyn Storage,
    dir: &Path,
    lane: u16,
    generation: u64,
) -> Result<(), StoreError> {
    let mut kept = vec![generation];
    kept.extend(list_heads(storage, dir)?.into_iter().filter(|&other| {
        let is_readable = read_head(storage, &head_path(dir, other), lane).is_ok();
        !is_readable
    }));
    remove_heads(storage, dir, &kept)
}

/// Removes all heads but those of these generations. A power cut may bring one back: it has an
/// older generation than one that is complete, so the next opener removes it again.
fn remove_heads(storage: &dyn Storage, dir: &Path, kept: &[u64]) -> Result<(), StoreError> {
    for generation in list_heads(storage, dir)? {
        let path = head_path(dir, generation);
        if !kept.contains(&generation) {
            storage.remove(&path).map_err(StoreError::io("remove", &path))?;
        }
    }
    Ok(())
}

/// 128 bits that no other lane has: the standard library seeds each hasher from the system.
fn new_uuid() -> [u8; 16] {
    use std::hash::{BuildHasher, RandomState};
    let half = || RandomState::new().hash_one(std::process::id()).to_le_bytes();
    let mut uuid = [0; 16];
    uuid[..8].copy_from_slice(&half());
    uuid[8..].copy_from_slice(&half());
    uuid
}
