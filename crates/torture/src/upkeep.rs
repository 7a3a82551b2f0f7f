//! What a process does for its lane besides appending: sealing, rotating, joining, expiring.

use std::ops::Range;

use kronicler_store::{HistoryLimits, LaneState, LaneWriter, MergePolicy, Seal, StoreError};

use crate::process::{Process, Trouble, root};
use crate::rows::Pid;
use crate::world::World;

const POLICY: MergePolicy =
    MergePolicy { size_bytes_max: 64 << 20, span_ns_max: i64::MAX, is_eager: true };
const LIMITS: HistoryLimits = HistoryLimits { age_ns_max: i64::MAX, size_bytes_max: 64 << 20 };

impl World {
    /// Takes over a lane that nobody owns.
    pub(crate) fn adopt(&mut self, pid: Pid, lane: u16) -> Result<(), Trouble> {
        self.take_over(pid, |world| LaneWriter::adopt(&world.storage, &root(), lane))
    }

    pub(crate) fn seal(&mut self, pid: Pid, which: Seal) -> Result<(), Trouble> {
        self.commit(pid, |process, now_ns| process.writer.seal(&process.state, which, now_ns))?;
        Ok(())
    }

    pub(crate) fn merge(&mut self, pid: Pid) -> Result<(), Trouble> {
        self.commit(pid, |process, now_ns| process.writer.merge(&process.state, &POLICY, now_ns))?;
        Ok(())
    }

    pub(crate) fn expire(&mut self, pid: Pid, count: usize) -> Result<(), Trouble> {
        self.mend(pid)?;
        let Some(process) = self.processes.get(&pid) else { return Ok(()) };
        let (lane, before) = (process.writer.lane(), process.state.clone());
        let Some(seqs) = expiring(&before, count) else { return Ok(()) };
        self.model.expiring(lane, seqs.end, self.disk.position());
        let result = self.commit(pid, |process, now_ns| {
            process.writer.expire(&process.state, count, &LIMITS, now_ns)
        });
        let after = self.processes.get(&pid).map(|process| &process.state.histories);
        if after.is_none_or(|after| *after == before.histories) {
            self.model.forgotten(lane, seqs);
        } else if let (Ok(true), Some(process)) = (&result, self.processes.get(&pid)) {
            let position = self.disk.position();
            self.model.remembered(lane, process.forgotten_before, position);
        }
        if matches!(result, Ok(true)) {
            self.model.expired(lane, self.disk.position());
        } else if let Some(process) = self.processes.get_mut(&pid) {
            // If they are gone all the same, their statistics may be, too.
            process.forgotten_before = self.model.forgotten_count(lane);
        }
        result.map(|_| ())
    }

    pub(crate) fn remember(&mut self, pid: Pid) -> Result<(), Trouble> {
        let is_done = self.commit(pid, |process, now_ns| {
            process.writer.remember(&process.state, &LIMITS, now_ns)
        })?;
        if let Some(process) = self.processes.get(&pid).filter(|_| is_done) {
            let (lane, position) = (process.writer.lane(), self.disk.position());
            self.model.remembered(lane, process.forgotten_before, position);
        }
        Ok(())
    }

    /// Something whose commit point is a synced EDIT frame.
    fn commit(
        &mut self,
        pid: Pid,
        act: impl FnOnce(&mut Process, i64) -> Result<bool, StoreError>,
    ) -> Result<bool, Trouble> {
        self.mend(pid)?;
        let Some(process) = self.processes.get_mut(&pid) else { return Ok(false) };
        let (lane, lies) = (process.writer.lane(), self.disk.lie_count());
        let result = act(process, self.now_ns);
        if self.disk.lie_count() > lies {
            self.model.is_unsure(lane);
        }
        match result {
            Ok(true) => {
                process.writer.absorb_into(&mut process.state, &[]);
                if self.disk.lie_count() == lies {
                    self.model.synced(lane, self.disk.position());
                }
            }
            Ok(false) => {}
            Err(_) => {
                process.is_torn = true;
                if process.writer.has_failed() {
                    self.model.sync_failed(lane);
                }
                // Should this fail, it is tried again before the next step.
                let _ = self.mend(pid);
            }
        }
        Ok(result?)
    }

    /// Replaces the head log, because it is long or because it could not be synced.
    pub(crate) fn rotate(&mut self, pid: Pid) -> Result<(), Trouble> {
        self.mend(pid)?;
        self.replace_head(pid)
    }

    fn replace_head(&mut self, pid: Pid) -> Result<(), Trouble> {
        let Some(process) = self.processes.get_mut(&pid) else { return Ok(()) };
        let (lane, lies) = (process.writer.lane(), self.disk.lie_count());
        let result = process.writer.rotate(&process.state, self.now_ns);
        if self.disk.lie_count() > lies {
            self.model.is_unsure(lane);
        }
        match result {
            Ok(fresh) => {
                (process.state, process.is_torn) = (fresh, false);
                if !self.disk.has_dropped() {
                    self.model.restored(lane);
                }
                if self.disk.lie_count() == lies {
                    self.model.synced(lane, self.disk.position());
                }
                Ok(())
            }
            Err(error) => {
                if process.writer.has_failed() {
                    self.processes.remove(&pid);
                }
                Err(error.into())
            }
        }
    }

    /// After a write that failed: finds out how much of it reached the file. After a sync that
    /// failed: makes a new head.
    pub(crate) fn mend(&mut self, pid: Pid) -> Result<(), Trouble> {
        let Some(process) = self.processes.get_mut(&pid) else { return Ok(()) };
        if !process.is_torn && !process.writer.has_failed() {
            return Ok(());
        }
        if process.writer.has_failed() {
            return self.replace_head(pid);
        }
        process.writer.recover(&mut process.state)?;
        process.is_torn = false;
        self.model.appended(process.writer.lane(), process.state.next_seq);
        Ok(())
    }
}

/// The rows that expire with so many segments.
fn expiring(state: &LaneState, count: usize) -> Option<Range<u64>> {
    let last = state.segments.get(..count).unwrap_or(&state.segments).last()?;
    let next = state.segments.get(count);
    let end = next.map_or(state.sealed_seq.max(last.end_seq), |next| next.first_seq);
    Some(state.floor_seq..end)
}
