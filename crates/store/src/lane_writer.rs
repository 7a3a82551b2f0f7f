//! Owns a lane: takes it, appends to its head log, gives it back.
//!
//! What clears it, makes segments of its rows, and lets them expire, stands in files of its own.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::{Counters, Head, Hooks, Row, RowDetail, Run};
use kronicler_stats::History;

use crate::control::read_controls;
use crate::head_log::{HeadLog, again, make_head};
use crate::lane_files::{
    make_root, new_head, next_generation, remove_heads, remove_replaced_heads, take_lane,
    unmake_head,
};
use crate::lane_reader::LaneReader;
use crate::lane_state::LaneState;
use crate::layout::{FileKind, file_path, lane_dir, list_files, list_heads, lock_path};
use crate::recent::Recent;
use crate::segment_writer::Workspace;
use crate::{Dictionary, Storage, StorageLock, StoreError};

/// How long files live on that were joined with others: answers that have begun may still read
/// them.
pub(crate) const READERS_GRACE_NS: i64 = 10_000_000_000;

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
    /// The present time, nanoseconds since the Unix epoch: when these rows arrive.
    pub now_ns: i64,
}

/// Owns a lane.
#[derive(Debug)]
pub struct LaneWriter {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) lane: u16,
    pub(crate) dir: PathBuf,
    pub(crate) log: HeadLog,
    pub(crate) segment_size_bytes_max: u64,
    /// The last rows, for sealing them.
    pub(crate) recent: Recent,
    pub(crate) workspace: Workspace,
    /// Generation of a head that was made and must not stay, but could not be removed.
    pub(crate) orphan: Option<u64>,
    /// Files that are in no manifest any more, and when they may go.
    pub(crate) retired: Vec<Retired>,
    /// Who wrote a segment, as far as it was asked; `None` when it is gone or damaged.
    pub(crate) segment_runs: HashMap<u64, Option<Run>>,
    /// History of rows that have expired on a full disk.
    pub(crate) unwritten: Option<History>,
    /// The file in which that was written last, which an edit may or may not have named.
    pub(crate) written_as: Option<u64>,
    _lock: Box<dyn StorageLock>,
}

/// A file that is in no manifest any more.
#[derive(Debug)]
pub(crate) struct Retired {
    pub path: PathBuf,
    /// Readers may still want it up to this time.
    pub until_ns: i64,
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
        let reader = LaneReader::open(storage, root, lane)?;
        // Looked at while the lane is locked: what is asked for later its owner sees.
        let (mut writer, mut state) = if is_cleared(&**storage, root, reader.as_ref())? {
            empty(storage, root, lane, lock, run.start_ns)?
        } else {
            Self::own(storage, root, lane, lock, reader, run.start_ns)?
        };
        writer.begin_run(&mut state, run, lost_at_most)?;
        Ok((writer, state))
    }

    /// Takes a lane that nobody owns, for its upkeep: no run begins, and how the last one ended
    /// stays told. `None` when somebody owns it, or there is nothing in it that can be read. One
    /// that was cleared is emptied.
    ///
    /// # Errors
    /// When the lane cannot be locked, read or written.
    pub fn adopt(
        storage: &Arc<dyn Storage>,
        root: &Path,
        lane: u16,
    ) -> Result<Option<(Self, LaneState)>, StoreError> {
        let dir = lane_dir(root, lane);
        // Nothing is made where nothing is: the directories above may not be durable yet.
        if list_heads(&**storage, &dir)?.is_empty() {
            return Ok(None);
        }
        // Refuses a link in its place.
        storage.create_dir(&dir).map_err(StoreError::io("make", &dir))?;
        let path = lock_path(&dir);
        let lock = storage.try_lock(&path).map_err(StoreError::io("lock", &path))?;
        let Some(lock) = lock else { return Ok(None) };
        let Some(reader) = LaneReader::open(storage, root, lane)? else { return Ok(None) };
        if is_cleared(&**storage, root, Some(&reader))? {
            let created_ns = reader.state().head.created_ns;
            return empty(storage, root, lane, lock, created_ns).map(Some);
        }
        Self::own(storage, root, lane, lock, Some(reader), 0).map(Some)
    }

    fn new(
        storage: &Arc<dyn Storage>,
        lane: u16,
        dir: PathBuf,
        log: HeadLog,
        lock: Box<dyn StorageLock>,
    ) -> Self {
        Self {
            storage: Arc::clone(storage),
            lane,
            dir,
            log,
            segment_size_bytes_max: u64::MAX,
            recent: Recent::default(),
            workspace: Workspace::default(),
            orphan: None,
            retired: Vec::new(),
            segment_runs: HashMap::new(),
            unwritten: None,
            written_as: None,
            _lock: lock,
        }
    }

    fn own(
        storage: &Arc<dyn Storage>,
        root: &Path,
        lane: u16,
        lock: Box<dyn StorageLock>,
        reader: Option<LaneReader>,
        now_ns: i64,
    ) -> Result<(Self, LaneState), StoreError> {
        let dir = lane_dir(root, lane);
        let is_new = reader.is_none();
        let (log, state) = match reader {
            Some(reader) => {
                let path = reader.path().to_owned();
                let state = reader.into_state();
                (HeadLog::open(&**storage, path, &state)?, state)
            }
            None => {
                let head = new_head(&**storage, &dir, lane, now_ns, 0)?;
                make_head(&**storage, &dir, head, None).map_err(|failed| {
                    let _ = unmake_head(&**storage, &dir, head.generation);
                    failed.error
                })?
            }
        };
        // Who made the lane or the head may have died before this.
        storage.sync_dir(&dir).map_err(StoreError::io("sync", &dir))?;
        storage.sync_dir(root).map_err(StoreError::io("sync", root))?;
        let mut writer = Self::new(storage, lane, dir, log, lock);
        let state = writer.recover_all(state, is_new)?;
        Ok((writer, state))
    }

    /// Makes what is gone on from durable, and removes what it replaces.
    fn recover_all(&mut self, mut state: LaneState, is_new: bool) -> Result<LaneState, StoreError> {
        self.log.recover(&mut state)?;
        let was_closed = state.is_closed;
        if !is_new && (!was_closed || state.is_resumed) {
            // A sync may have failed before the last owner died: what can still be read now is then
            // not on the disk, and would be missing behind the next power cut.
            self.log.forget_logged();
            self.log.begin();
            self.log.put_ready()?;
            let names = self.log.put_names(&state.names)?;
            for edit in again(&state) {
                self.log.put_edit(&edit)?;
            }
            self.log.put_counters(state.next_seq, &state.counters)?;
            if was_closed {
                self.log.put_closed(state.next_seq)?;
            }
            self.log.write()?;
            self.log.note_names(names);
            self.absorb_into(&mut state, &[]);
        }
        if self.log.sync().is_err() {
            state = self.rotate(&state, state.head.created_ns)?;
        }
        let (storage, dir) = (&*self.storage, &self.dir);
        remove_replaced_heads(storage, dir, self.lane, self.log.generation())?;
        self.remove_unlisted(&state)?;
        Ok(state)
    }

    /// The lane.
    #[must_use]
    pub const fn lane(&self) -> u16 {
        self.lane
    }

    /// The head log.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.log.path()
    }

    /// Whether something was appended since the last sync.
    #[must_use]
    pub const fn is_dirty(&self) -> bool {
        self.log.is_dirty()
    }

    /// Appends a batch. What it holds is then to be absorbed by `LaneWriter::absorb_into`.
    ///
    /// # Errors
    /// When the file cannot be written. A part of the batch may stand in the file: call
    /// [`LaneWriter::recover`], which tells by `next_seq` how many of the rows do.
    pub fn append(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        self.settle()?;
        self.log.begin();
        let names = self.log.put_names(batch.names)?;
        if !batch.rows.is_empty() {
            self.log.put_arrival(batch.now_ns)?;
        }
        self.log.put_rows(batch.first_seq, batch.rows)?;
        if let Some(counters) = batch.counters {
            let next_seq = batch.first_seq + batch.rows.len() as u64;
            self.log.put_counters(next_seq, &counters)?;
        }
        self.log.write()?;
        self.log.note_names(names);
        Ok(())
    }

    /// Appends details of rows that were appended before, in ascending order. They are then to be
    /// absorbed by [`LaneWriter::absorb_into`], without rows.
    ///
    /// # Errors
    /// As [`LaneWriter::append`]; they can be appended once more.
    pub fn append_details(&mut self, details: &[RowDetail]) -> Result<(), StoreError> {
        self.settle()?;
        self.log.begin();
        self.log.put_details(details)?;
        self.log.write()
    }

    /// Appends what this process has hooked so far, in place of what it told before. It is then to
    /// be absorbed by [`LaneWriter::absorb_into`], without rows.
    ///
    /// # Errors
    /// As [`LaneWriter::append`]; it can be appended once more.
    pub fn append_hooks(&mut self, hooks: &Hooks) -> Result<(), StoreError> {
        self.settle()?;
        self.log.begin();
        self.log.put_hooks(hooks)?;
        self.log.write()
    }

    /// How many details found no room in a segment since this was last asked.
    pub const fn take_dropped_details(&mut self) -> u64 {
        std::mem::replace(&mut self.workspace.details_dropped, 0)
    }

    /// Lets `state` learn of what the last append wrote; `rows` are those it was given.
    pub fn absorb_into(&mut self, state: &mut LaneState, rows: &[Row]) {
        let first_seq = state.next_seq;
        self.log.absorb_into(state, rows);
        self.recent.forget_below(state.sealed_seq);
        if !rows.is_empty() && state.next_seq == first_seq + rows.len() as u64 {
            self.recent.add(first_seq, rows);
        }
    }

    /// After a failed append: lets `state` learn of the part that reached the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn recover(&mut self, state: &mut LaneState) -> Result<(), StoreError> {
        self.log.recover(state)
    }

    /// Makes all that was appended survive a power cut.
    ///
    /// # Errors
    /// When the system says so. The file must not be synced again: the system may have thrown
    /// away what it could not write (<https://wiki.postgresql.org/wiki/Fsync_Errors>). Go on with
    /// [`LaneWriter::rotate`].
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.settle()?;
        self.log.sync()
    }

    /// Whether a sync has failed: nothing is durable any more until [`LaneWriter::rotate`] has made
    /// a new head.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        self.log.has_failed()
    }

    /// Appends the frame that says that this run ended in order, and syncs.
    ///
    /// # Errors
    /// When the file cannot be written or synced.
    pub fn close(mut self, state: &LaneState) -> Result<(), StoreError> {
        // The next owner trusts that all before the frame is durable.
        self.sync()?;
        self.log.begin();
        self.log.put_closed(state.next_seq)?;
        self.log.write_edit()?;
        self.log.sync()?;
        self.sweep(i64::MAX);
        Ok(())
    }

    /// Replaces the head log by one without the frames of sealed rows, and without what could not
    /// be read: also the way to go on when the old one could not be synced. Returns the state of
    /// the new one, which is complete and synced. Names that were not yet logged are in it.
    ///
    /// # Errors
    /// When the new head cannot be made; the old one is then as it was.
    pub fn rotate(&mut self, state: &LaneState, now_ns: i64) -> Result<LaneState, StoreError> {
        self.settle()?;
        let generation = next_generation(&*self.storage, &self.dir, self.log.generation())?;
        let head =
            Head { generation, created_ns: now_ns, first_seq: state.sealed_seq, ..state.head };
        // A file of an edit that could not be synced keeps its number: readers may know it.
        let next_file_id = self.next_file_id(state)?;
        let mut state = state.clone();
        state.next_file_id = next_file_id;
        let (log, fresh) = self.make(head, Some(&state))?;
        let old = std::mem::replace(&mut self.log, log);
        self.retired.push(Retired { path: old.path().to_owned(), until_ns: 0 });
        self.sweep(now_ns);
        Ok(fresh)
    }

    /// Makes a head; one that fails is removed.
    pub(crate) fn make(
        &mut self,
        head: Head,
        old: Option<&LaneState>,
    ) -> Result<(HeadLog, LaneState), StoreError> {
        let old = old.map(|old| (old, self.log.file(), self.log.path()));
        make_head(&*self.storage, &self.dir, head, old).map_err(|failed| {
            self.orphan = failed.is_there.then_some(head.generation);
            // Should this fail, it is tried again before anything else is written.
            let _ = self.settle();
            failed.error
        })
    }

    /// Removes a head that must not stay: it may be complete, so that the next opener would take it
    /// for the newest, and forget what is written to this one from here on.
    pub(crate) fn settle(&mut self) -> Result<(), StoreError> {
        if let Some(generation) = self.orphan {
            unmake_head(&*self.storage, &self.dir, generation)?;
            self.orphan = None;
        }
        Ok(())
    }

    pub(crate) fn begin_run(
        &mut self,
        state: &mut LaneState,
        mut run: Run,
        lost_at_most: u64,
    ) -> Result<(), StoreError> {
        run.first_seq = state.next_seq;
        let was_used = !state.runs.is_empty() || state.stored() > 0;
        let is_unclean = was_used && !state.is_closed;
        run.lost_at_most = if is_unclean { lost_at_most } else { 0 };
        let mut counters = state.counters;
        counters.lost_at_most = counters.lost_at_most.saturating_add(run.lost_at_most);
        self.log.begin();
        self.log.put_run(&run)?;
        if counters != state.counters {
            self.log.put_counters(state.next_seq, &counters)?;
        }
        self.log.write()?;
        self.absorb_into(state, &[]);
        // Rows are not to be there without the run that wrote them. Should this fail, nothing is
        // durable until there is a new head.
        let _ = self.log.sync();
        Ok(())
    }

    /// Removes files of segments and histories that are in no manifest: a crash left them behind.
    /// None while a head is there that cannot be read: it may name them.
    pub(crate) fn remove_unlisted(&self, state: &LaneState) -> Result<(), StoreError> {
        if list_heads(&*self.storage, &self.dir)? != [self.log.generation()] {
            return Ok(());
        }
        let segments: HashSet<u64> = state.segments.iter().map(|segment| segment.id).collect();
        let histories: HashSet<u64> = state.histories.iter().map(|history| history.id).collect();
        for (kind, id) in list_files(&*self.storage, &self.dir)? {
            let is_listed = match kind {
                FileKind::Segment => segments.contains(&id),
                FileKind::History => histories.contains(&id),
            };
            let path = file_path(&self.dir, kind, id);
            if !is_listed {
                self.storage.remove(&path).map_err(StoreError::io("remove", &path))?;
            }
        }
        Ok(())
    }

    /// When the next retired file may go, nanoseconds since the Unix epoch.
    #[must_use]
    pub fn next_sweep_ns(&self) -> Option<i64> {
        self.retired.iter().map(|retired| retired.until_ns).min()
    }

    /// Removes all retired files, whoever may want them: on a full disk an answer that has begun
    /// begins anew. Says whether there were any.
    pub fn sweep_all(&mut self, now_ns: i64) -> bool {
        let count = self.retired.len();
        self.retired.iter_mut().for_each(|retired| retired.until_ns = now_ns);
        self.sweep(now_ns);
        self.retired.len() < count
    }

    /// Removes retired files that no reader wants any more at `now_ns`. One that cannot be removed
    /// is tried again later.
    pub fn sweep(&mut self, now_ns: i64) {
        let storage = &self.storage;
        self.retired.retain_mut(|retired| {
            if retired.until_ns > now_ns {
                return true;
            }
            let result = storage.remove(&retired.path);
            let is_gone =
                result.map_or_else(|e| e.kind() == std::io::ErrorKind::NotFound, |()| true);
            retired.until_ns = now_ns.saturating_add(READERS_GRACE_NS);
            !is_gone
        });
    }
}

/// Empties a lane whose lock is held: begins a head with a new identity, without any run, and
/// removes all other files.
pub(crate) fn empty(
    storage: &Arc<dyn Storage>,
    root: &Path,
    lane: u16,
    lock: Box<dyn StorageLock>,
    now_ns: i64,
) -> Result<(LaneWriter, LaneState), StoreError> {
    let dir = lane_dir(root, lane);
    let head = new_head(&**storage, &dir, lane, now_ns, 0)?;
    let made = make_head(&**storage, &dir, head, None);
    let (log, state) = made.map_err(|failed| {
        let _ = unmake_head(&**storage, &dir, head.generation);
        failed.error
    })?;
    remove_heads(&**storage, &dir, &[log.generation()])?;
    let writer = LaneWriter::new(storage, lane, dir, log, lock);
    writer.remove_unlisted(&state)?;
    Ok((writer, state))
}

/// Whether the rows of this lane count no more, and it is to be emptied.
///
/// # Errors
/// When that cannot be read, or a newer program says so in a way that is not known here: rows that
/// are appended to a lane that is to be emptied would go with it.
fn is_cleared(
    storage: &dyn Storage,
    root: &Path,
    reader: Option<&LaneReader>,
) -> Result<bool, StoreError> {
    let Some(reader) = reader else { return Ok(false) };
    Ok(read_controls(storage, root)?.control.is_cleared(&reader.state().head.uuid))
}
