//! Each wanted row once, as rows arrive: what a live view reads.
//!
//! A follower remembers for each lane up to which sequence it has come. Whether rows are sealed,
//! joined or moved to a new head between two looks makes no difference, their sequences stay.

use std::collections::HashMap;

use kronicler_format::Row;
use kronicler_store::{LaneView, Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::filter::Filter;
use crate::scan::LaneScan;

/// Looks at a lane in vain, because a file is gone, before its rows count as missing.
const STALE_COUNT_MAX: u32 = 3;

/// Hands out each wanted row once, in the order of its lane, as rows arrive.
#[derive(Debug, Default)]
pub struct Follower {
    /// Which rows are wanted; may be changed between two looks.
    pub filter: Filter,
    lanes: HashMap<[u8; 16], Place>,
}

/// What a look found beside rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// Rows that expired before they could be looked at.
    pub missed: u64,
    /// Whether a lane is gone: cleared, or its directory removed.
    pub is_cleared: bool,
}

/// How far a lane has been looked at.
#[derive(Debug, Clone, Copy)]
struct Place {
    next_seq: u64,
    stale_count: u32,
}

impl Follower {
    /// A follower that begins with the first rows there are.
    #[must_use]
    pub fn new(filter: Filter) -> Self {
        Self { filter, lanes: HashMap::new() }
    }

    /// Passes over all rows of a snapshot that were not looked at yet.
    pub fn skip(&mut self, snapshot: &Snapshot) {
        let places = snapshot.lanes.iter().map(|view| {
            let place = Place { next_seq: view.end_seq(), stale_count: 0 };
            (view.state.head.uuid, place)
        });
        self.lanes = places.collect();
    }

    /// Calls `visit` with lane, sequence and row for every wanted row that it has not been called
    /// with before. When the answer is stale, a new snapshot has rows that this one lacks.
    ///
    /// # Errors
    /// When a file cannot be read. The next look goes on behind the last row that was visited.
    pub fn look(
        &mut self,
        snapshot: &Snapshot,
        mut visit: impl FnMut(&LaneView, u64, &Row),
    ) -> Result<Answer<Arrivals>, StoreError> {
        let (mut arrivals, mut gaps) = (Arrivals::default(), Gaps::of(snapshot));
        let there: Vec<[u8; 16]> = snapshot.lanes.iter().map(|view| view.state.head.uuid).collect();
        let known = self.lanes.len();
        self.lanes.retain(|uuid, _| there.contains(uuid));
        arrivals.is_cleared = self.lanes.len() < known;
        for (index, view) in snapshot.lanes.iter().enumerate() {
            let begin = Place { next_seq: view.state.floor_seq, stale_count: 0 };
            let place = self.lanes.entry(view.state.head.uuid).or_insert(begin);
            arrivals.missed += view.state.floor_seq.saturating_sub(place.next_seq);
            place.next_seq = place.next_seq.max(view.state.floor_seq);
            // Asking a filter about all names costs more than looking at nothing.
            if place.next_seq >= view.end_seq() {
                continue;
            }
            let scan = LaneScan::new(index, view, &self.filter);
            let mut lane = LaneLook { scan, place, visit: &mut visit };
            lane.look()?;
            gaps.add(lane.scan.gaps);
        }
        Ok(gaps.answer(arrivals))
    }
}

/// Looks at one lane.
struct LaneLook<'a, V> {
    scan: LaneScan<'a>,
    place: &'a mut Place,
    visit: &'a mut V,
}

impl<'a, V: FnMut(&LaneView, u64, &Row)> LaneLook<'a, V> {
    fn look(&mut self) -> Result<(), StoreError> {
        let (view, first_seq) = (self.scan.view, self.place.next_seq);
        let is_new = |end_seq: u64| end_seq > first_seq;
        for entry in self.scan.segments().filter(|entry| is_new(entry.end_seq)) {
            for (index, chunk) in self.scan.chunks(entry)? {
                let end_seq = chunk.first_seq + u64::from(chunk.row_count);
                let read = |scan: &mut LaneScan<'a>, visit: &mut dyn FnMut(u64, &Row)| {
                    scan.visit_chunk(entry, index, visit)
                };
                if is_new(end_seq) && !self.step(end_seq, read)? {
                    return Ok(());
                }
            }
            // Also notices a segment that is gone as a whole.
            if !self.step(entry.end_seq, |_, _| Ok(()))? {
                return Ok(());
            }
        }
        for block in self.scan.blocks().filter(|block| is_new(block.end_seq())) {
            if !self.step(block.end_seq(), |scan, visit| scan.visit_block(block, visit))? {
                return Ok(());
            }
        }
        self.step(view.end_seq(), |scan, visit| {
            scan.visit_pending(visit);
            Ok(())
        })?;
        Ok(())
    }

    /// Takes rows below `end_seq` from `read`; `false` when a file is gone that may have moved.
    fn step(
        &mut self,
        end_seq: u64,
        read: impl FnOnce(&mut LaneScan<'a>, &mut dyn FnMut(u64, &Row)) -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        let (view, first_seq) = (self.scan.view, self.place.next_seq);
        let mut next_seq = first_seq;
        let read = read(&mut self.scan, &mut |seq, row| {
            if seq >= first_seq {
                (self.visit)(view, seq, row);
                next_seq = seq + 1;
            }
        });
        if read.is_err() {
            self.place.next_seq = next_seq;
            return read.map(|()| false);
        }
        if self.scan.gaps.is_stale && self.place.stale_count < STALE_COUNT_MAX {
            self.place.next_seq = next_seq;
            self.place.stale_count += 1;
            return Ok(false);
        }
        *self.place = Place { next_seq: end_seq.max(first_seq), stale_count: 0 };
        Ok(true)
    }
}
