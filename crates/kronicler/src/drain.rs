//! The drain: takes records out of the rings, gives them times and a series, and puts them into
//! the memtable. It never touches a file and never waits for one.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use kronicler_format::{Flags, Kind, Record, Row, SeriesEntry};
use kronicler_queue::{Consumer, Conversion, Timeline, Triple};

use crate::engine::{Engine, Lane, lock};
use crate::tally::Tally;

/// Records taken in one step from one ring: bounds how long the consumer role is held.
const STEP_RECORD_COUNT_MAX: usize = 65_536;

const UNKNOWN_SERIES: u32 = u32::MAX;

/// Counts of the rings of a database since it was opened, gone rings included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RingTotals {
    pub pushed: u64,
    pub dropped: u64,
    pub taken: u64,
}

/// The consumer of all rings of a database.
#[derive(Debug)]
pub(crate) struct Drain {
    slots: Vec<Slot>,
    next_key: u64,
    gone: RingTotals,
    /// What had been counted when the lane was last begun anew.
    baseline: RingTotals,
    timeline: Option<Timeline>,
    series_of_tag: Vec<u32>,
    rows: Vec<Row>,
}

/// A ring, and a key that no other ring of the database ever has.
#[derive(Debug)]
struct Slot {
    key: u64,
    ring: Consumer,
}

/// What a step of the drain did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Step {
    /// Records taken.
    pub taken: usize,
    /// Records left, because the memtable is full or the lane is not open yet.
    pub left: usize,
    /// How full the fullest ring was, from 0 to 1.
    pub fullest: f64,
    /// Whether the disk thread has something to do.
    pub has_work: bool,
}

impl Drain {
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            next_key: 0,
            gone: RingTotals { pushed: 0, dropped: 0, taken: 0 },
            baseline: RingTotals { pushed: 0, dropped: 0, taken: 0 },
            timeline: None,
            series_of_tag: Vec::new(),
            rows: Vec::new(),
        }
    }

    pub fn add(&mut self, consumer: Consumer) {
        self.slots.push(Slot { key: self.next_key, ring: consumer });
        self.next_key += 1;
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
        let totals = self.rings().fold(self.gone, |total, ring| RingTotals {
            taken: total.taken + ring.taken(),
            pushed: total.pushed + ring.pushed(),
            dropped: total.dropped + ring.dropped(),
        });
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

    fn rings(&self) -> impl Iterator<Item = &Consumer> {
        self.slots.iter().map(|slot| &slot.ring)
    }

    /// Forgets the records that wait, the counts so far, and which series belongs to which site:
    /// the lane has got a new head.
    pub fn begin_anew(&mut self) {
        for Slot { ring, .. } in &mut self.slots {
            ring.drain(usize::MAX, |_| {});
        }
        self.series_of_tag.clear();
        self.baseline = RingTotals::default();
        let totals = self.totals();
        // What is pushed meanwhile belongs to the new head.
        self.baseline = RingTotals { pushed: totals.taken, ..totals };
    }

    /// Takes all records and counts them as dropped.
    pub fn discard(&mut self, counter: &AtomicU64) -> usize {
        let mut taken = 0;
        for Slot { ring, .. } in &mut self.slots {
            taken += ring.drain(usize::MAX, |_| {});
        }
        Tally::add(counter, taken as u64);
        taken
    }

    /// Moves what is in the rings to the memtable, as far as there is room.
    pub fn step(&mut self, engine: &Engine) -> Step {
        let mut step = Step { fullest: self.fullest(), ..Step::default() };
        let may_take = match &*lock(&engine.lane) {
            Lane::Open(_) => true,
            Lane::Idle | Lane::Opening => false,
            Lane::Failed(_) => {
                step.taken = self.discard(&engine.tally.dropped_store);
                false
            }
            Lane::Closed => {
                step.taken = self.discard(&engine.tally.dropped_closed);
                false
            }
        };
        if may_take {
            step.taken = self.take(engine);
        }
        step.left = self.rings().map(Consumer::len).sum();
        step.has_work = step.taken > 0 || self.remove_gone(engine);
        step
    }

    fn take(&mut self, engine: &Engine) -> usize {
        if self.rings().all(Consumer::is_empty) {
            return 0;
        }
        let source = lock(&engine.options).clock;
        let timeline = self.timeline.get_or_insert_with(crate::clock::new_timeline);
        let conversion = timeline.observe(Triple::read(source));
        let triples = timeline.last_triples();
        let mut room = lock(&engine.memtable).room();
        let mut rows = std::mem::take(&mut self.rows);
        let mut taken = 0;
        let mut translate =
            Translate { conversion, series_of_tag: &mut self.series_of_tag, engine };
        for Slot { ring, .. } in &mut self.slots {
            ring.set_triples(triples);
            let thread = ring.thread();
            let count = ring.drain(room.min(STEP_RECORD_COUNT_MAX), |records| {
                translate.rows(records, thread, &mut rows);
            });
            room -= count;
            taken += count;
        }
        lock(&engine.memtable).append(&rows);
        // What a burst needed is not kept: in quiet times the drain holds a few kilobytes.
        rows.clear();
        rows.shrink_to(4_096);
        self.rows = rows;
        taken
    }

    fn fullest(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a ring has at most 2^24 records")]
        let fill = |ring: &Consumer| ring.len() as f64 / f64::from(ring.capacity());
        self.rings().map(fill).fold(0.0, f64::max)
    }

    /// Lets go of rings whose threads are gone and that are empty. Says whether there was one.
    fn remove_gone(&mut self, engine: &Engine) -> bool {
        let before = self.slots.len();
        self.slots.retain(|Slot { ring, .. }| {
            // Closed is asked first: nothing is pushed after it.
            let is_gone = ring.is_closed() && ring.is_empty();
            if is_gone {
                self.gone.pushed += ring.pushed();
                self.gone.dropped += ring.dropped();
                self.gone.taken += ring.taken();
                engine.release_ring(ring.capacity());
            }
            !is_gone
        });
        self.slots.len() < before
    }
}

/// Turns records into rows.
struct Translate<'a> {
    conversion: Conversion,
    series_of_tag: &'a mut Vec<u32>,
    engine: &'a Engine,
}

impl Translate<'_> {
    fn rows(&mut self, records: &[Record], thread: u32, rows: &mut Vec<Row>) {
        let mut lost = 0;
        for record in records {
            match self.row(record, thread) {
                Some(row) => rows.push(row),
                None => lost += 1,
            }
        }
        if lost > 0 {
            Tally::add(&self.engine.tally.lost_clock, lost);
        }
    }

    fn row(&mut self, record: &Record, thread: u32) -> Option<Row> {
        let flags = record.flags().ok()?;
        let (end_ns, duration_ns) = if flags.kind() == Kind::Manual {
            (record.end.cast_signed(), record.end.checked_sub(record.start)?)
        } else {
            let span = self.conversion.convert(record.start, record.end)?;
            (span.end_ns, span.duration_ns)
        };
        let tag = record.site as usize * Flags::COUNT + usize::from(flags.bits());
        let known = self.series_of_tag.get(tag).copied().unwrap_or(UNKNOWN_SERIES);
        let series =
            if known == UNKNOWN_SERIES { self.intern(record.site, flags, tag)? } else { known };
        Some(Row { series, thread, end_ns, duration_ns })
    }

    #[cold]
    fn intern(&mut self, site: u32, flags: Flags, tag: usize) -> Option<u32> {
        let site = lock(&self.engine.sites).get(site)?.clone();
        let mut lane = lock(&self.engine.lane);
        let Lane::Open(open) = &mut *lane else { return None };
        let names = Arc::make_mut(&mut open.state.names);
        let entry = SeriesEntry { name: 0, flags, weight: 1, status_class: 0 };
        let series = names.intern(&site.name, &site.source, entry);
        if self.series_of_tag.len() <= tag {
            self.series_of_tag.resize(tag + 1, UNKNOWN_SERIES);
        }
        self.series_of_tag[tag] = series;
        Some(series)
    }
}
