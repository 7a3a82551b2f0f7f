//! Forgets all rows: of a lane by its owner, and of all lanes at once by anybody.
//!
//! For all lanes there is one commit point: a control file that names their identities. From then
//! on no reader sees their rows, whoever owns the lanes and whenever he gets to it; an emptied lane
//! has a new identity. Owners empty theirs when they look, which those who write do each second;
//! lanes that nobody owns are emptied by whoever clears, or else by the next to take them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kronicler_format::Run;

use crate::control::change_control;
use crate::lane_files::{make_root, new_head, remove_heads};
use crate::lane_reader::LaneReader;
use crate::lane_state::LaneState;
use crate::lane_writer::{LaneWriter, empty};
use crate::layout::{lane_dir, list_heads, list_lanes, lock_path};
use crate::{Storage, StorageLock, StoreError};

impl LaneWriter {
    /// Forgets all rows: begins a new head with a new identity and removes all other files.
    ///
    /// # Errors
    /// When the new head cannot be made or an old one cannot be removed; the lane is then as it
    /// was, and can be written as before.
    pub fn clear(&mut self, run: Run) -> Result<LaneState, StoreError> {
        self.settle()?;
        // The old head may have been removed by somebody: its name must not be taken again.
        let before = self.log.generation();
        let head = new_head(&*self.storage, &self.dir, self.lane, run.start_ns, before)?;
        let (log, mut state) = self.make(head, None)?;
        let old = std::mem::replace(&mut self.log, log);
        let begun = self.begin_run(&mut state, run, 0).and_then(|()| {
            remove_heads(&*self.storage, &self.dir, &[old.generation(), head.generation])?;
            match self.storage.remove(old.path()) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
                result => result.map_err(StoreError::io("remove", old.path())),
            }
        });
        if let Err(error) = begun {
            self.log = old;
            self.orphan = Some(head.generation);
            // Should this fail, it is tried again before anything else is written.
            let _ = self.settle();
            return Err(error);
        }
        // The rows are gone with the head that named these files. What cannot be removed now is
        // removed by the next opener.
        let _ = self.remove_unlisted(&state);
        self.retired.clear();
        self.segment_runs.clear();
        self.unwritten = None;
        self.recent.clear();
        Ok(state)
    }
}

/// Empties a lane that nobody owns. Returns `false` when somebody does.
///
/// # Errors
/// When the lane cannot be locked or written.
pub fn clear_ownerless(
    storage: &Arc<dyn Storage>,
    root: &Path,
    lane: u16,
    now_ns: i64,
) -> Result<bool, StoreError> {
    make_root(&**storage, root)?;
    let Some(lock) = lock_lane(&**storage, root, lane)? else { return Ok(false) };
    empty(storage, root, lane, lock, now_ns)?;
    Ok(true)
}

fn lock_lane(
    storage: &dyn Storage,
    root: &Path,
    lane: u16,
) -> Result<Option<Box<dyn StorageLock>>, StoreError> {
    let dir = lane_dir(root, lane);
    // Refuses a link in its place.
    storage.create_dir(&dir).map_err(StoreError::io("make", &dir))?;
    let path = lock_path(&dir);
    storage.try_lock(&path).map_err(StoreError::io("lock", &path))
}

/// All lanes of a database being cleared.
///
/// ```
/// use std::{path::Path, sync::Arc};
/// use kronicler_format::Run;
/// use kronicler_store::{Clearing, Directory, LaneWriter, Memory, Storage};
///
/// let storage: Arc<dyn Storage> = Arc::new(Memory::default());
/// let root = Path::new("/data");
/// let (mut writer, state) = LaneWriter::open(&storage, root, Run::default(), 0)?;
/// let mut clearing = Clearing::begin(&storage, root, 1)?;
/// assert!(Directory::new(Arc::clone(&storage), root.into()).snapshot(None)?.lanes.is_empty());
/// assert!(!clearing.step(2)?, "its owner has not looked yet");
/// writer.clear(Run::default())?;
/// assert!(clearing.step(3)?);
/// clearing.end(4)?;
/// # Ok::<(), kronicler_store::StoreError>(())
/// ```
#[derive(Debug)]
pub struct Clearing {
    storage: Arc<dyn Storage>,
    root: PathBuf,
    lanes: Vec<LaneClearing>,
}

/// A lane being cleared.
#[derive(Debug)]
pub struct LaneClearing {
    /// Its number.
    pub lane: u16,
    /// The identity of the rows that count no more; `None` when no head of the lane can be read.
    pub uuid: Option<[u8; 16]>,
    /// Whether it is empty.
    pub is_done: bool,
    /// Why it could not be emptied by whoever clears. Its rows count no more all the same.
    pub failure: Option<StoreError>,
    /// Follows it as it was.
    reader: Option<LaneReader>,
}

impl LaneClearing {
    /// What was known of the lane when it was last looked at with rows in it.
    #[must_use]
    pub fn state(&self) -> Option<&LaneState> {
        self.reader.as_ref().map(LaneReader::state)
    }
}

impl Clearing {
    /// Lets the rows of all lanes count no more, durably, and at once for all readers.
    ///
    /// # Errors
    /// When a lane cannot be read, or the control file not be made; all rows then count as before.
    pub fn begin(storage: &Arc<dyn Storage>, root: &Path, now_ns: i64) -> Result<Self, StoreError> {
        let mut lanes = Vec::new();
        change_control(&**storage, root, now_ns, |control| {
            lanes = identities(storage, root)?;
            // What an earlier clearing could not empty stays: the head that was read may be one
            // that a power cut takes back, and the one before it would count again.
            control.cleared.extend(lanes.iter().filter_map(|lane| lane.uuid));
            control.cleared.sort_unstable();
            control.cleared.dedup();
            control.cleared_ns = now_ns;
            Ok(())
        })?;
        Ok(Self { storage: Arc::clone(storage), root: root.to_owned(), lanes })
    }

    /// The lanes, lowest first.
    #[must_use]
    pub fn lanes(&self) -> &[LaneClearing] {
        &self.lanes
    }

    /// Empties the lanes that nobody owns, and looks which owners have emptied theirs; says whether
    /// all are empty, or failed to be emptied.
    ///
    /// # Errors
    /// When a lane cannot be read.
    pub fn step(&mut self, now_ns: i64) -> Result<bool, StoreError> {
        for lane in &mut self.lanes {
            if lane.is_done || lane.failure.is_some() {
                continue;
            }
            match empty_cleared(&self.storage, &self.root, lane, now_ns) {
                Ok(is_done) => lane.is_done = is_done,
                Err(error) => lane.failure = Some(error),
            }
        }
        Ok(self.lanes.iter().all(|lane| lane.is_done || lane.failure.is_some()))
    }

    /// The first reason why a lane could not be emptied, if there is one.
    pub fn take_failure(&mut self) -> Option<StoreError> {
        self.lanes.iter_mut().find_map(|lane| lane.failure.take())
    }

    /// Ends the clearing: what is still to be emptied stays to be heeded, nothing else.
    ///
    /// # Errors
    /// When the control file cannot be replaced or removed.
    pub fn end(self, now_ns: i64) -> Result<(), StoreError> {
        let done = self.lanes.iter().filter(|lane| lane.is_done);
        let mut done: Vec<[u8; 16]> = done.filter_map(|lane| lane.uuid).collect();
        done.sort_unstable();
        let are_all_done = self.lanes.iter().all(|lane| lane.is_done);
        change_control(&*self.storage, &self.root, now_ns, |control| {
            // Once all lanes are empty, those of earlier clearings are, too.
            let is_done = |uuid: &[u8; 16]| are_all_done || done.binary_search(uuid).is_ok();
            control.cleared.retain(|uuid| !is_done(uuid));
            Ok(())
        })?;
        Ok(())
    }
}

/// The lanes that hold something, with their identities.
fn identities(storage: &Arc<dyn Storage>, root: &Path) -> Result<Vec<LaneClearing>, StoreError> {
    let mut lanes = Vec::new();
    for lane in list_lanes(&**storage, root)? {
        let reader = LaneReader::open(storage, root, lane)?;
        let uuid = reader.as_ref().map(|reader| reader.state().head.uuid);
        let is_done = uuid.is_none() && list_heads(&**storage, &lane_dir(root, lane))?.is_empty();
        lanes.push(LaneClearing { lane, uuid, is_done, failure: None, reader });
    }
    Ok(lanes)
}

/// Empties a lane if nobody owns it; says whether it is empty, by whomever.
fn empty_cleared(
    storage: &Arc<dyn Storage>,
    root: &Path,
    cleared: &mut LaneClearing,
    now_ns: i64,
) -> Result<bool, StoreError> {
    let lane = cleared.lane;
    if is_another(storage, root, cleared)? {
        return Ok(true);
    }
    let Some(lock) = lock_lane(&**storage, root, lane)? else { return Ok(false) };
    // Its owner may have emptied it, and ended, before the lock was free.
    if !is_another(storage, root, cleared)? {
        empty(storage, root, lane, lock, now_ns)?;
    }
    Ok(true)
}

/// Whether the lane has another identity than the one that was cleared.
fn is_another(
    storage: &Arc<dyn Storage>,
    root: &Path,
    cleared: &mut LaneClearing,
) -> Result<bool, StoreError> {
    if let Some(reader) = &mut cleared.reader
        && reader.refresh()?
    {
        return Ok(false);
    }
    let present = LaneReader::open(storage, root, cleared.lane)?;
    if present.as_ref().map(|reader| reader.state().head.uuid) != cleared.uuid {
        return Ok(true);
    }
    cleared.reader = present;
    Ok(false)
}
