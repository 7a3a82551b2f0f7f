//! What the processes of a life wrote, and what of it must still be there after a cut.
//!
//! A lane goes through epochs: `clear` begins a new one. Positions are those of a recording: what
//! was true when so many changes were made.

use std::collections::BTreeMap;

use crate::epoch::{Doubts, Epoch, Floor, Forgettable, Outcome, Span, When};
use crate::reading::LaneFound;
use crate::rows::{Author, Pid};

/// What was written, and when which part of it became durable.
#[derive(Debug, Clone, Default)]
pub struct Model {
    lanes: BTreeMap<u16, Lane>,
    author_count: u32,
    /// A sync of names lied that may have been of those above all lanes.
    is_unsure: bool,
}

#[derive(Debug, Clone, Default)]
struct Lane {
    epochs: Vec<Epoch>,
    doubts: Doubts,
}

impl Model {
    /// An author that wrote nothing yet.
    pub fn new_author(&mut self, pid: Pid) -> Author {
        self.author_count += 1;
        Author::new(self.author_count, pid)
    }

    /// The lanes that were ever opened, lowest first.
    pub fn lanes(&self) -> impl Iterator<Item = u16> {
        self.lanes.keys().copied()
    }

    /// Begins with what an image holds: all of it is durable.
    #[must_use]
    pub fn inheriting(&self, lanes: &BTreeMap<u16, LaneFound>) -> Self {
        let inherit = |found: &LaneFound| Lane {
            epochs: vec![Epoch::inheriting(found)],
            doubts: Doubts { is_lossy: found.is_damaged, ..Doubts::default() },
        };
        let lanes = lanes.iter().map(|(&lane, found)| (lane, inherit(found))).collect();
        Self { lanes, author_count: self.author_count, is_unsure: false }
    }

    /// A process opened a lane and goes on at `next_seq`.
    ///
    /// # Errors
    /// When rows are missing that must be there while the machine runs.
    pub fn opened(&mut self, lane: u16, next_seq: u64, position: usize) -> Result<(), String> {
        let known = self.lane(lane);
        if known.is_open() {
            // Rows that are gone, with an error for who cleared, were cleared all the same.
            let is_cleared = next_seq == 0 && known.current().end_seq > 0;
            let outcome = if is_cleared { Outcome::Settled } else { Outcome::Abandoned };
            known.decide(outcome(position));
        }
        let must_have = if known.doubts.has_lost_unsynced { 0 } else { known.current().end_seq };
        let is_unsure = known.doubts.is_unsure;
        let epoch = known.current_mut();
        if next_seq < must_have && !is_unsure {
            return Err(format!("lane {lane} opens at {next_seq}, not at {must_have}"));
        }
        epoch.shorten(next_seq, position);
        known.doubts.has_lost_unsynced = false;
        Ok(())
    }

    /// A process begins to append rows.
    pub fn appending(&mut self, lane: u16, first_seq: u64, end_seq: u64, author: Author) {
        self.lane(lane).current_mut().spans.push(Span::new(first_seq, end_seq, author));
    }

    /// All rows below `end_seq` were appended.
    pub fn appended(&mut self, lane: u16, end_seq: u64) {
        self.lane(lane).current_mut().end_seq = end_seq;
    }

    /// All rows that were appended are durable from here on.
    pub fn synced(&mut self, lane: u16, position: usize) {
        let known = self.lane(lane);
        if known.is_open() {
            known.decide(Outcome::Abandoned(position));
        }
        let epoch = known.current_mut();
        epoch.durable.push((position, epoch.end_seq));
    }

    /// A sync failed: what was not durable may be gone even for readers, and no later sync of that
    /// file makes it durable.
    pub fn sync_failed(&mut self, lane: u16) {
        let known = self.lane(lane);
        known.doubts.has_lost_unsynced = true;
        known.doubts.is_lossy = true;
        known.current_mut().doubt_unsynced();
    }

    /// After a failed sync everything was read again, and is durable in another file.
    pub fn restored(&mut self, lane: u16) {
        let known = self.lane(lane);
        (known.doubts.has_lost_unsynced, known.doubts.is_lossy) = (false, known.doubts.is_unsure);
        known.current_mut().trust_all();
    }

    /// A sync failed, of which lane is not known.
    pub fn any_sync_failed(&mut self) {
        let lanes: Vec<u16> = self.lanes().collect();
        lanes.into_iter().for_each(|lane| self.sync_failed(lane));
    }

    /// A sync of names lied.
    pub fn is_unsure(&mut self, lane: u16) {
        let known = self.lane(lane);
        (known.doubts.is_unsure, known.doubts.is_lossy) = (true, true);
    }

    /// Rows below `floor_seq` are about to expire.
    pub fn expiring(&mut self, lane: u16, floor_seq: u64, position: usize) {
        let floor = Floor { begun_at: position, settled_at: None, floor_seq };
        self.lane(lane).current_mut().floors.push(floor);
    }

    /// The rows that were about to expire are gone for good.
    pub fn expired(&mut self, lane: u16, position: usize) {
        if let Some(floor) = self.lane(lane).current_mut().floors.last_mut() {
            floor.settled_at = Some(position);
        }
    }

    /// There was no room for the statistics of these rows; says how many such ranges there are.
    pub fn forgotten(&mut self, lane: u16, seqs: std::ops::Range<u64>) {
        let forgettable = Forgettable { seqs, remembered_at: None };
        self.lane(lane).current_mut().forgettable.push(forgettable);
    }

    /// How many ranges of rows there are whose statistics were not written with their expiry.
    pub fn forgotten_count(&mut self, lane: u16) -> usize {
        self.lane(lane).current_mut().forgettable.len()
    }

    /// Statistics that had no room were written: those of all ranges but the first so many.
    pub fn remembered(&mut self, lane: u16, but: usize, position: usize) {
        for range in self.lane(lane).current_mut().forgettable.iter_mut().skip(but) {
            range.remembered_at = range.remembered_at.or(Some(position));
        }
    }

    /// A sync of names lied while a lane was opened: those above it may be lost, too.
    pub fn all_are_unsure(&mut self) {
        self.is_unsure = true;
        let lanes: Vec<u16> = self.lanes().collect();
        lanes.into_iter().for_each(|lane| self.is_unsure(lane));
    }

    /// A lane is about to be cleared.
    pub fn clearing(&mut self, lane: u16, position: usize) {
        self.lane(lane).epochs.push(Epoch::new(position, Outcome::UnderWay));
    }

    /// A lane was cleared.
    pub fn cleared(&mut self, lane: u16, position: usize) {
        self.lane(lane).decide(Outcome::Settled(position));
    }

    /// A lane was not cleared, because somebody owns it.
    pub fn not_cleared(&mut self, lane: u16, position: usize) {
        self.lane(lane).decide(Outcome::Abandoned(position));
    }

    /// Clearing failed.
    pub fn clear_failed(&mut self, lane: u16) {
        self.lane(lane).decide(Outcome::Open);
    }

    fn lane(&mut self, lane: u16) -> &mut Lane {
        let known = self.lanes.entry(lane).or_default();
        if known.epochs.is_empty() {
            (known.doubts.is_unsure, known.doubts.is_lossy) = (self.is_unsure, self.is_unsure);
            known.epochs.push(Epoch::new(0, Outcome::Settled(0)));
        }
        known
    }

    /// Says what is wrong with what was found in a lane.
    ///
    /// # Errors
    /// When rows are lost, wrong, stand there twice, or come from a time that is over.
    pub fn judge(&self, lane: u16, when: When, found: &LaneFound) -> Result<(), String> {
        let rows = &found.rows;
        if let Some(twice) = rows.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            return Err(format!("lane {lane}: row {} stands behind {}", twice[1].0, twice[0].0));
        }
        let Some(known) = self.lanes.get(&lane) else {
            let is_empty = rows.is_empty() && found.floor_seq == 0;
            return if is_empty { Ok(()) } else { Err(format!("lane {lane} has rows of nobody")) };
        };
        let mut result = Err(format!("lane {lane} has no epoch"));
        for epoch in known.epochs.iter().rev() {
            let is_over = epoch.is_over(when) && !known.doubts.is_unsure;
            if is_over || epoch.begun_at > when.position() {
                continue;
            }
            result = epoch
                .judge(known.doubts, when, found)
                .map_err(|wrong| format!("lane {lane}: {wrong}"));
            let is_settled = epoch.is_settled(when) && !known.doubts.is_unsure;
            if result.is_ok() || is_settled {
                break;
            }
        }
        result
    }
}

impl Lane {
    fn is_open(&self) -> bool {
        self.epochs.last().is_some_and(|epoch| epoch.outcome == Outcome::Open)
    }

    fn decide(&mut self, outcome: Outcome) {
        if let Some(epoch) = self.epochs.last_mut() {
            epoch.outcome = outcome;
        }
    }

    fn current_index(&self) -> usize {
        let settled = |epoch: &Epoch| matches!(epoch.outcome, Outcome::Settled(_));
        self.epochs.iter().rposition(settled).unwrap_or(0)
    }

    fn current(&self) -> &Epoch {
        &self.epochs[self.current_index()]
    }

    fn current_mut(&mut self) -> &mut Epoch {
        let index = self.current_index();
        &mut self.epochs[index]
    }
}
