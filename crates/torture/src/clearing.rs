//! Clearing: a lane by its owner, one that nobody owns, and all of them at once by somebody else.

use kronicler_store::{Clearing, Dictionary, LaneState, clear_ownerless, read_controls};

use crate::process::{Trouble, root};
use crate::rows::Pid;
use crate::world::World;

impl World {
    pub(crate) fn clear(&mut self, pid: Pid) -> Result<(), Trouble> {
        self.mend(pid)?;
        let Some(process) = self.processes.get_mut(&pid) else { return Ok(()) };
        let (lane, lies) = (process.writer.lane(), self.disk.lie_count());
        self.model.clearing(lane, self.disk.position());
        let result = process.writer.clear(process.author.run());
        match &result {
            Ok(_) => self.model.cleared(lane, self.disk.position()),
            Err(_) => self.model.clear_failed(lane),
        }
        if self.disk.lie_count() > lies {
            self.model.is_unsure(lane);
        }
        self.begin_anew(pid, result?);
        Ok(())
    }

    pub(crate) fn clear_ownerless(&mut self, lane: u16) -> Result<(), Trouble> {
        let lies = self.disk.lie_count();
        self.model.clearing(lane, self.disk.position());
        let result = clear_ownerless(&self.storage, &root(), lane, self.now_ns);
        match &result {
            Ok(true) => self.model.cleared(lane, self.disk.position()),
            Ok(false) => self.model.not_cleared(lane, self.disk.position()),
            Err(_) => self.model.clear_failed(lane),
        }
        if self.disk.lie_count() > lies {
            self.model.is_unsure(lane);
        }
        result?;
        Ok(())
    }

    /// Somebody clears all lanes. From the moment when that has begun no rows are there; should it
    /// fail there is no telling, until an owner looks.
    pub(crate) fn clear_all(&mut self) -> Result<(), Trouble> {
        let lanes: Vec<u16> = self.model.lanes().collect();
        let lies = self.disk.lie_count();
        self.is_looking = true;
        for &lane in &lanes {
            self.model.clearing(lane, self.disk.position());
        }
        let begun = Clearing::begin(&self.storage, &root(), self.now_ns);
        for &lane in &lanes {
            match &begun {
                Ok(_) => self.model.cleared(lane, self.disk.position()),
                Err(_) => self.model.clear_failed(lane),
            }
        }
        if self.disk.lie_count() > lies {
            self.model.all_are_unsure();
        }
        let mut clearing = begun?;
        let pids: Vec<Pid> = self.processes.keys().copied().collect();
        let emptied = pids.into_iter().try_for_each(|pid| self.empty(pid));
        let stepped = clearing.step(self.now_ns);
        let failures = clearing.lanes().iter().filter_map(|lane| lane.failure.as_ref());
        let failure = failures.map(|failure| Trouble::Failed(failure.to_string())).next();
        let ended = clearing.end(self.now_ns);
        if self.disk.lie_count() > lies {
            self.model.all_are_unsure();
        }
        emptied?;
        stepped?;
        ended?;
        failure.map_or(Ok(()), Err)
    }

    /// An owner empties its lane, whose rows count no more; or it ends.
    fn empty(&mut self, pid: Pid) -> Result<(), Trouble> {
        let Some(process) = self.processes.get_mut(&pid) else { return Ok(()) };
        match process.writer.clear(process.author.run()) {
            Ok(state) => {
                self.begin_anew(pid, state);
                Ok(())
            }
            Err(error) => {
                self.processes.remove(&pid);
                Err(error.into())
            }
        }
    }

    /// Owners look whether their rows still count.
    pub(crate) fn obey(&mut self) -> Result<(), Trouble> {
        if !self.is_looking {
            return Ok(());
        }
        let control = read_controls(&*self.storage, &root())?.control;
        let is_cleared = |pid: &Pid| {
            let process = self.processes.get(pid);
            process.is_some_and(|process| control.is_cleared(&process.state.head.uuid))
        };
        let cleared: Vec<Pid> = self.processes.keys().copied().filter(is_cleared).collect();
        for pid in cleared {
            if let Err(trouble) = self.clear(pid) {
                // What it writes would count no more.
                self.processes.remove(&pid);
                return Err(trouble);
            }
        }
        Ok(())
    }

    fn begin_anew(&mut self, pid: Pid, state: LaneState) {
        let author = self.model.new_author(pid);
        if let Some(process) = self.processes.get_mut(&pid) {
            process.names = Dictionary::clone(&state.names);
            process.state = state;
            process.author = author;
            process.forgotten_before = 0;
            process.is_torn = false;
        }
    }
}
