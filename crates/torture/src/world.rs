//! Processes that live on a simulated disk, and the model that keeps book of what they wrote.

use std::collections::BTreeMap;
use std::sync::Arc;

use kronicler_store::{Directory, LaneState, LaneWriter, Seal, Snapshot, Storage, StoreError};

use crate::epoch::When;
use crate::model::Model;
use crate::process::{Process, Trouble, root};
use crate::reading::{Found, read_all, read_on, read_snapshot, snapshot_of};
use crate::rows::{NOW_NS, Pid};
use crate::sim_disk::SimDisk;

const SECOND_NS: i64 = 1_000_000_000;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Takes the lowest free lane.
    Open(Pid),
    /// Appends so many rows.
    Append(Pid, u64),
    /// Makes all that was appended durable.
    Sync(Pid),
    /// Ends in order.
    Close(Pid),
    /// Ends without a word.
    Exit(Pid),
    /// All that are left end without a word.
    ExitAll,
    /// Clears its lane.
    Clear(Pid),
    /// Clears a lane unless somebody owns it.
    ClearOwnerless(u16),
    /// Somebody clears all lanes at once, and their owners see it.
    ClearAll,
    /// Seals all its rows.
    Seal(Pid),
    /// Seals full windows.
    SealFull(Pid),
    /// Replaces its head log.
    Rotate(Pid),
    /// Joins segments that follow each other.
    Merge(Pid),
    /// Lets its so many oldest segments expire.
    Expire(Pid, usize),
    /// Writes the statistics of expired rows for which there was no room.
    Remember(Pid),
    /// Takes over a lane that nobody owns.
    Adopt(Pid, u16),
    /// Time passes, and retired files go.
    Wait,
    /// Weeks pass.
    WaitLong,
    /// The disk has so many free bytes.
    Limit(u64),
    /// The disk has room again.
    Unlimit,
    /// The follower takes a snapshot and keeps it.
    Hold,
    /// The follower reads what it has kept.
    ReadHeld,
    /// A reader who has been following, one who has just come, and all owners read everything.
    Read,
}

/// Processes on a disk.
#[derive(Debug)]
pub struct World {
    pub(crate) disk: SimDisk,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) model: Model,
    pub(crate) processes: BTreeMap<Pid, Process>,
    pub(crate) now_ns: i64,
    follower: Directory,
    /// What the follower keeps, and what was found of it at once.
    held: Option<(Snapshot, Found)>,
    /// Whether somebody has begun to clear all lanes: from then on owners look whether they are to.
    pub(crate) is_looking: bool,
    /// What went wrong first though the disk did nothing wrong.
    wrong: Option<String>,
}

impl World {
    /// Nobody lives yet. `storage` is `disk`, or leads to it.
    #[must_use]
    pub fn new(disk: SimDisk, storage: Arc<dyn Storage>, model: Model) -> Self {
        let follower = Directory::new(Arc::clone(&storage), root());
        Self {
            disk,
            storage,
            model,
            processes: BTreeMap::new(),
            now_ns: NOW_NS,
            follower,
            held: None,
            is_looking: false,
            wrong: None,
        }
    }

    /// Takes steps up to the first that fails though the disk did nothing wrong.
    pub fn live(&mut self, steps: &[Step]) {
        for step in steps {
            if self.wrong.is_some() {
                return;
            }
            let (faults, refusals) = (self.disk.fault_count(), self.disk.refusal_count());
            self.now_ns += SECOND_NS;
            let result = self.step(*step);
            // Of a disk that failed meanwhile, errors may tell; of wrong rows none may. Rows expire
            // on a full disk, too.
            let is_excused = self.disk.fault_count() > faults
                || self.disk.refusal_count() > refusals && !matches!(step, Step::Expire(..));
            self.wrong = match result {
                Err(Trouble::Failed(_)) if is_excused => None,
                Err(Trouble::Failed(what) | Trouble::Wrong(what)) => {
                    Some(format!("{step:?}: {what}"))
                }
                Ok(()) => None,
            };
        }
    }

    /// The model of what was written, when nothing went wrong.
    ///
    /// # Errors
    /// What went wrong.
    pub fn into_model(self) -> Result<Model, String> {
        self.wrong.map_or(Ok(self.model), Err)
    }

    fn step(&mut self, step: Step) -> Result<(), Trouble> {
        self.obey()?;
        match step {
            Step::Open(pid) => self.open(pid),
            Step::Append(pid, count) => self.append(pid, count),
            Step::Sync(pid) => self.sync(pid),
            Step::Close(pid) => self.close(pid),
            Step::Exit(pid) => {
                self.processes.remove(&pid);
                Ok(())
            }
            Step::ExitAll => {
                self.processes.clear();
                Ok(())
            }
            Step::Clear(pid) => self.clear(pid),
            Step::ClearOwnerless(lane) => self.clear_ownerless(lane),
            Step::ClearAll => self.clear_all(),
            Step::Read => self.read(),
            Step::Seal(pid) => self.seal(pid, Seal::All),
            Step::SealFull(pid) => self.seal(pid, Seal::Full),
            Step::Rotate(pid) => self.rotate(pid),
            Step::Merge(pid) => self.merge(pid),
            Step::Expire(pid, count) => self.expire(pid, count),
            Step::Remember(pid) => self.remember(pid),
            Step::Adopt(pid, lane) => self.adopt(pid, lane),
            Step::Wait => {
                self.wait(20 * SECOND_NS);
                Ok(())
            }
            Step::WaitLong => {
                self.wait(30 * 86_400 * SECOND_NS);
                Ok(())
            }
            Step::Limit(bytes) => {
                self.disk.limit_space(Some(bytes));
                Ok(())
            }
            Step::Unlimit => {
                self.disk.limit_space(None);
                Ok(())
            }
            Step::Hold => self.hold(),
            Step::ReadHeld => self.read_held(),
        }
    }

    fn open(&mut self, pid: Pid) -> Result<(), Trouble> {
        let run = self.model.new_author(pid).run();
        self.take_over(pid, |world| LaneWriter::open(&world.storage, &root(), run, 100).map(Some))
    }

    /// A process begins to own a lane.
    pub(crate) fn take_over(
        &mut self,
        pid: Pid,
        take: impl FnOnce(&Self) -> Result<Option<(LaneWriter, LaneState)>, StoreError>,
    ) -> Result<(), Trouble> {
        let (lies, drops) = (self.disk.lie_count(), self.disk.drop_count());
        let opened = take(self);
        if opened.is_err() && self.disk.drop_count() > drops {
            // Of what a process before it left unsynced.
            self.model.any_sync_failed();
        }
        let Some((writer, state)) = opened? else { return Ok(()) };
        let (lane, author) = (writer.lane(), self.model.new_author(pid));
        if self.disk.drop_count() > drops {
            self.model.sync_failed(lane);
        }
        if self.disk.lie_count() > lies {
            self.model.is_unsure(lane);
            self.model.all_are_unsure();
        }
        self.model.opened(lane, state.next_seq, self.disk.position()).map_err(Trouble::Wrong)?;
        let mut process = Process::new(&self.storage, (writer, state), author);
        process.forgotten_before = self.model.forgotten_count(lane);
        self.processes.insert(pid, process);
        Ok(())
    }

    /// Time passes, and retired files go.
    fn wait(&mut self, time_ns: i64) {
        self.now_ns += time_ns;
        for process in self.processes.values_mut() {
            process.writer.sweep(self.now_ns);
        }
    }

    fn append(&mut self, pid: Pid, count: u64) -> Result<(), Trouble> {
        self.mend(pid)?;
        let Some(process) = self.processes.get_mut(&pid) else { return Ok(()) };
        let (lane, first_seq) = (process.writer.lane(), process.state.next_seq);
        self.model.appending(lane, first_seq, first_seq + count, process.author);
        let result = process.append(count, self.now_ns);
        process.is_torn = result.is_err();
        let mended = self.mend(pid);
        if result.is_ok() {
            self.model.appended(lane, first_seq + count);
        }
        result?;
        mended
    }

    fn sync(&mut self, pid: Pid) -> Result<(), Trouble> {
        self.mend(pid)?;
        let Some(process) = self.processes.get_mut(&pid) else { return Ok(()) };
        let (lane, lies) = (process.writer.lane(), self.disk.lie_count());
        let result = process.writer.sync();
        if result.is_err() {
            process.is_torn = true;
            self.model.sync_failed(lane);
            // A new head, or the process ends.
            let _ = self.mend(pid);
        } else if self.disk.lie_count() == lies {
            self.model.synced(lane, self.disk.position());
        }
        Ok(result?)
    }

    fn close(&mut self, pid: Pid) -> Result<(), Trouble> {
        if let Err(trouble) = self.mend(pid) {
            self.processes.remove(&pid);
            return Err(trouble);
        }
        let Some(process) = self.processes.remove(&pid) else { return Ok(()) };
        let (lane, lies) = (process.writer.lane(), self.disk.lie_count());
        let result = process.writer.close(&process.state);
        if result.is_err() {
            self.model.sync_failed(lane);
        } else if self.disk.lie_count() == lies {
            self.model.synced(lane, self.disk.position());
        }
        Ok(result?)
    }

    fn read(&mut self) -> Result<(), Trouble> {
        let fresh = read_all(&self.storage, &root());
        let followed = read_on(&mut self.follower);
        // Whoever has read what a failed sync then dropped cannot have it any more.
        let followed = (!self.disk.has_dropped()).then_some(followed);
        for found in [Some(fresh), followed].into_iter().flatten() {
            let mut found = found.map_err(Trouble::Failed)?;
            for lane in self.model.lanes() {
                let found = found.lanes.remove(&lane).unwrap_or_default();
                self.model.judge(lane, When::Running, &found).map_err(Trouble::Wrong)?;
            }
        }
        for process in self.processes.values().filter(|_| !self.disk.has_dropped()) {
            let found = process.read().map_err(Trouble::Failed)?;
            let lane = process.writer.lane();
            self.model.judge(lane, When::Running, &found).map_err(Trouble::Wrong)?;
        }
        Ok(())
    }

    fn hold(&mut self) -> Result<(), Trouble> {
        let snapshot = snapshot_of(&mut self.follower).map_err(Trouble::Failed)?;
        let found = read_snapshot(&snapshot).map_err(Trouble::Failed)?;
        self.held = Some((snapshot, found));
        Ok(())
    }

    /// What was kept is what it was, as far as its files are still there.
    fn read_held(&self) -> Result<(), Trouble> {
        let Some((snapshot, before)) = self.held.as_ref().filter(|_| !self.disk.has_dropped())
        else {
            return Ok(());
        };
        let found = read_snapshot(snapshot).map_err(Trouble::Failed)?;
        for (lane, before) in &before.lanes {
            let found = found.lanes.get(lane).cloned().unwrap_or_default();
            let is_same = found == *before;
            let is_part = found.is_gone && found.rows.iter().all(|row| before.rows.contains(row));
            if !is_same && !is_part {
                return Err(Trouble::Wrong(format!("a snapshot of lane {lane} has changed")));
            }
        }
        Ok(())
    }
}
