//! The rings of a database, seen from the consumer's end.

use std::sync::atomic::AtomicU64;

use kronicler_format::CallContext;
use kronicler_queue::{Consumer, Timeline};

use crate::tally::Tally;
use crate::thresholds::SlowMark;

/// Counts of the rings of a database since it was opened, gone rings included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RingTotals {
    pub pushed: u64,
    pub dropped: u64,
    pub taken: u64,
}

impl RingTotals {
    pub const fn plus(self, other: Self) -> Self {
        Self {
            pushed: self.pushed + other.pushed,
            dropped: self.dropped + other.dropped,
            taken: self.taken + other.taken,
        }
    }
}

/// What becomes of the records of a site that have the same flags.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub series: u32,
    /// Calls that a record stands for besides its own.
    pub skipped: u32,
}

impl Target {
    /// Of a site with flags that no record has had.
    pub const UNKNOWN: Self = Self { series: u32::MAX, skipped: 0 };
}

/// The consumer of all rings of a database, and what it needs to turn records into rows.
#[derive(Debug)]
pub(crate) struct Rings {
    pub slots: Vec<Slot>,
    next_key: u64,
    /// Counts of rings whose threads have ended.
    pub gone: RingTotals,
    /// What had been counted when the lane was last begun anew.
    baseline: RingTotals,
    pub timeline: Option<Timeline>,
    /// What becomes of records, by site and flags.
    pub targets: Vec<Target>,
    /// Above which duration calls are slow, by site.
    pub slow_marks: Vec<SlowMark>,
    /// Calls that began before this tick are not seen.
    pub unseen_before: u64,
}

/// A ring, and a key that no other ring of the database ever has.
#[derive(Debug)]
pub(crate) struct Slot {
    pub key: u64,
    pub ring: Consumer,
    /// What the next record's call belongs to, if the last one that was taken told that.
    pub context: Option<CallContext>,
    /// Records taken that told of the one behind them.
    pub beside_taken: u64,
}

impl Slot {
    /// Counts of calls.
    pub fn totals(&self) -> RingTotals {
        let beside = self.ring.beside();
        RingTotals {
            pushed: self.ring.pushed() - beside,
            dropped: self.ring.dropped(),
            taken: self.ring.taken() - self.beside_taken,
        }
    }

    /// Takes all records, and says how many are of calls.
    fn discard(&mut self) -> u64 {
        let mut beside = 0;
        let taken = self.ring.drain(usize::MAX, |records| {
            beside += records.iter().filter_map(CallContext::of_record).count() as u64;
        });
        self.context = None;
        self.beside_taken += beside;
        taken as u64 - beside
    }
}

impl Rings {
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            next_key: 0,
            gone: RingTotals { pushed: 0, dropped: 0, taken: 0 },
            baseline: RingTotals { pushed: 0, dropped: 0, taken: 0 },
            timeline: None,
            targets: Vec::new(),
            slow_marks: Vec::new(),
            unseen_before: 0,
        }
    }

    /// Adds a ring and gives its key.
    pub fn add(&mut self, consumer: Consumer) -> u64 {
        let key = self.next_key;
        self.slots.push(Slot { key, ring: consumer, context: None, beside_taken: 0 });
        self.next_key += 1;
        key
    }

    pub const fn ring_count(&self) -> usize {
        self.slots.len()
    }

    pub fn has_records(&self) -> bool {
        self.rings().any(|ring| !ring.is_empty() || ring.is_closed())
    }

    /// Counts of all rings since the lane was begun. Ring by ring, `taken` is never above
    /// `pushed`.
    pub fn totals(&self) -> RingTotals {
        let totals = self.slots.iter().fold(self.gone, |total, slot| total.plus(slot.totals()));
        RingTotals {
            pushed: totals.pushed - self.baseline.pushed,
            dropped: totals.dropped - self.baseline.dropped,
            taken: totals.taken - self.baseline.taken,
        }
    }

    /// For each ring, how many records were pushed: what a flush waits to see taken.
    pub fn marks(&self) -> Vec<(u64, u64)> {
        self.slots.iter().map(|slot| (slot.key, slot.ring.pushed())).collect()
    }

    /// Whether all records before these marks were taken; a ring that is gone was drained.
    pub fn has_passed(&self, marks: &[(u64, u64)]) -> bool {
        marks.iter().all(|&(key, pushed)| {
            let slot = self.slots.iter().find(|slot| slot.key == key);
            slot.is_none_or(|slot| slot.ring.taken() >= pushed)
        })
    }

    pub fn rings(&self) -> impl Iterator<Item = &Consumer> {
        self.slots.iter().map(|slot| &slot.ring)
    }

    /// Forgets the counts so far, and which series belongs to which site: the lane has got a new
    /// head. Of the records that were taken so many still wait for the disk, and those that were
    /// not taken wait, too; `None` forgets all of them.
    pub fn begin_anew(&mut self, kept: Option<u64>) {
        if kept.is_none() {
            self.slots.iter_mut().for_each(|slot| _ = slot.discard());
        }
        self.targets.clear();
        self.baseline = RingTotals::default();
        let totals = self.totals();
        // What is pushed meanwhile belongs to the new head.
        let taken = totals.taken - kept.unwrap_or(0);
        self.baseline = RingTotals { pushed: taken, dropped: totals.dropped, taken };
    }

    /// Lets calls that began before this tick be as if they had never been: captures were paused
    /// before this process could know. What was inserted by hand stays.
    pub fn forget_before(&mut self, tick: u64) {
        self.unseen_before = tick;
        self.baseline.dropped += self.totals().dropped;
    }

    /// Takes records that were forgotten out of the counts.
    pub const fn discount(&mut self, unseen: u64) {
        self.baseline.pushed += unseen;
        self.baseline.taken += unseen;
    }

    /// Takes all records and counts them as dropped.
    pub fn discard(&mut self, counter: &AtomicU64) -> usize {
        let waiting = self.rings().map(Consumer::len).sum();
        let calls = self.slots.iter_mut().map(Slot::discard).sum();
        Tally::add(counter, calls);
        waiting
    }

    /// How full the fullest ring is, from 0 to 1.
    pub fn fullest(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a ring has at most 2^24 records")]
        let fill = |ring: &Consumer| ring.len() as f64 / f64::from(ring.capacity());
        self.rings().map(fill).fold(0.0, f64::max)
    }
}
