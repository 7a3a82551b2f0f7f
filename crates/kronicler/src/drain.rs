//! The drain: takes records out of the rings, gives them times and a series, and puts them into
//! the memtable. It never touches a file and never waits for one.

use std::sync::Arc;

use kronicler_format::{CallContext, Flags, Record, Row, SeriesEntry};
use kronicler_queue::{Consumer, Conversion, Triple};

use crate::details::Ticket;
use crate::engine::{Engine, Lane, lock};
use crate::memtable::Appender;
use crate::rings::{Rings, Slot, Target};
use crate::sites::SiteForm;
use crate::tally::Tally;
use crate::thresholds::SlowMark;

/// Records taken in one step: bounds how long the consumer role is held, to 3 ms or so.
const STEP_RECORD_COUNT_MAX: usize = 131_072;
/// Steps that empty all rings, which hold 16 MiB at most.
const STEP_COUNT_MAX: usize = 4;

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

impl Engine {
    /// Drains on the calling thread all that was in the rings, as far as there is room.
    pub fn drain_now(&self) -> Step {
        let mut last = self.drain_step();
        for _ in 1..STEP_COUNT_MAX {
            if last.left == 0 || last.taken == 0 {
                break;
            }
            last = self.drain_step();
        }
        last
    }

    /// Runs a step of the drain on the calling thread and tells the disk thread.
    pub fn drain_step(&self) -> Step {
        let step = step(&mut lock(&self.rings), self);
        if step.has_work {
            self.control.order(|orders| orders.has_work = true);
        }
        step
    }
}

/// Moves what is in the rings to the memtable, as far as there is room.
fn step(rings: &mut Rings, engine: &Engine) -> Step {
    let mut step = Step { fullest: rings.fullest(), ..Step::default() };
    let may_take = match &*lock(&engine.lane) {
        Lane::Open(_) => true,
        Lane::Idle | Lane::Opening => false,
        Lane::Failed(_) => {
            step.taken = rings.discard(&engine.tally.dropped_store);
            engine.details.clear(true);
            false
        }
        Lane::Closed => {
            step.taken = rings.discard(&engine.tally.dropped_closed);
            engine.details.clear(true);
            false
        }
    };
    if may_take {
        step.taken = take(rings, engine);
    }
    step.left = rings.rings().map(Consumer::len).sum();
    step.has_work = step.taken > 0 || remove_gone(rings, engine) || engine.details.has_placed();
    step
}

fn take(rings: &mut Rings, engine: &Engine) -> usize {
    if rings.rings().all(Consumer::is_empty) {
        engine.details.settle(&[], &[]);
        return 0;
    }
    let source = lock(&engine.options).clock;
    let timeline = rings.timeline.get_or_insert_with(crate::clock::new_timeline);
    let conversion = timeline.observe(Triple::read(source));
    let triples = timeline.last_triples();
    let mut memtable = lock(&engine.memtable);
    let mut room = memtable.room().min(STEP_RECORD_COUNT_MAX);
    let mut taken = 0;
    let mut translate = Translate {
        conversion,
        targets: &mut rings.targets,
        slow_marks: &mut rings.slow_marks,
        engine,
        unseen_before: rings.unseen_before,
        unseen: 0,
        skipped: 0,
        appended: memtable.appended(),
        tickets: Vec::new(),
        contexts: Vec::new(),
        beside: 0,
    };
    let mut rows = memtable.appender();
    for Slot { key, ring, context, beside_taken } in &mut rings.slots {
        ring.set_triples(triples);
        let origin = Origin { key: *key, thread: ring.thread() };
        let count = ring.drain(room, |records| {
            translate.rows(records, origin, context, &mut rows);
        });
        *beside_taken += std::mem::take(&mut translate.beside);
        room -= count;
        taken += count;
    }
    if translate.skipped > 0 {
        Tally::add(&engine.tally.skipped_every, translate.skipped);
    }
    engine.details.settle(&translate.tickets, &translate.contexts);
    let unseen = translate.unseen;
    rings.discount(unseen);
    taken
}

/// Lets go of rings whose threads are gone and that are empty. Says whether there was one.
fn remove_gone(rings: &mut Rings, engine: &Engine) -> bool {
    let before = rings.slots.len();
    rings.slots.retain(|slot| {
        // Closed is asked first: nothing is pushed after it.
        let is_gone = slot.ring.is_closed() && slot.ring.is_empty();
        if is_gone {
            rings.gone = rings.gone.plus(slot.totals());
            engine.release_ring(slot.ring.capacity());
        }
        !is_gone
    });
    rings.slots.len() < before
}

/// The ring that records come from.
#[derive(Clone, Copy)]
struct Origin {
    key: u64,
    thread: u32,
}

/// Turns records into rows.
struct Translate<'a> {
    conversion: Conversion,
    /// By site and flags.
    targets: &'a mut Vec<Target>,
    /// By site.
    slow_marks: &'a mut Vec<SlowMark>,
    engine: &'a Engine,
    /// Calls that began before this tick are not seen.
    unseen_before: u64,
    /// How many there were.
    unseen: u64,
    /// Calls that the rows stand for besides their own.
    skipped: u64,
    /// Rows that were ever appended.
    appended: u64,
    /// Records with a detail, and before which row theirs was appended.
    tickets: Vec<(Ticket, Option<u64>)>,
    /// Rows of which it is known who made the call.
    contexts: Vec<(u64, CallContext)>,
    /// Records of the present ring that told that.
    beside: u64,
}

impl Translate<'_> {
    fn rows(
        &mut self,
        records: &[Record],
        origin: Origin,
        context: &mut Option<CallContext>,
        rows: &mut Appender<'_>,
    ) {
        let mut lost = 0;
        for record in records {
            if let Some(of_next) = CallContext::of_record(record) {
                *context = Some(of_next);
                self.beside += 1;
                continue;
            }
            let context = context.take();
            let row = self.row(record, origin.thread);
            if let Ok(ticket) = u32::try_from(record.context)
                && ticket != 0
            {
                self.tickets.push(((origin.key, ticket), row.map(|_| self.appended)));
            }
            match row {
                Some(row) => {
                    self.contexts.extend(context.map(|context| (self.appended, context)));
                    rows.push(row);
                    self.appended += 1;
                }
                None if self.is_unseen(record) => self.unseen += 1,
                None => lost += 1,
            }
        }
        if lost > 0 {
            Tally::add(&self.engine.tally.lost_clock, lost);
        }
    }

    fn row(&mut self, record: &Record, thread: u32) -> Option<Row> {
        let flags = record.flags().ok()?;
        let (end_ns, duration_ns) = if let Some(end_ns) = record.given_end_ns(flags) {
            (end_ns.cast_signed(), end_ns.checked_sub(record.start)?)
        } else if record.start < self.unseen_before {
            return None;
        } else {
            let span = self.conversion.convert(record.start, record.end)?;
            self.mark_slow(record.site, span.duration_ns);
            (span.end_ns, span.duration_ns)
        };
        let tag = record.site as usize * Flags::COUNT + usize::from(flags.bits());
        let known = self.targets.get(tag).copied().unwrap_or(Target::UNKNOWN);
        let Target { series, skipped } = if known.series == Target::UNKNOWN.series {
            self.intern(record.site, flags, tag)?
        } else {
            known
        };
        self.skipped += u64::from(skipped);
        Some(Row { series, thread, end_ns, duration_ns })
    }

    /// Lets the site of a call know what is slow there.
    #[inline]
    fn mark_slow(&mut self, site: u32, duration_ns: u64) {
        let told = match self.slow_marks.get_mut(site as usize) {
            Some(mark) => mark.add(duration_ns),
            None => return self.add_slow_mark(site),
        };
        if let Some(slow_ns) = told {
            self.engine.thresholds.set(site, self.conversion.ticks(slow_ns));
        }
    }

    /// Begins to look at the calls of a site, from the next one on.
    #[cold]
    fn add_slow_mark(&mut self, site: u32) {
        let sites = lock(&self.engine.sites);
        for site in u32::try_from(self.slow_marks.len()).unwrap_or(u32::MAX)..=site {
            let Some(site) = sites.get(site) else { break };
            let is_given = site.form.slow_ns.is_some();
            self.slow_marks.push(if is_given { SlowMark::GIVEN } else { SlowMark::default() });
        }
    }

    /// Whether it is of a call that began in a pause of which this process knew nothing yet.
    fn is_unseen(&self, record: &Record) -> bool {
        let is_given = record.flags().is_ok_and(|flags| record.given_end_ns(flags).is_some());
        record.start < self.unseen_before && !is_given
    }

    #[cold]
    fn intern(&mut self, site: u32, flags: Flags, tag: usize) -> Option<Target> {
        let site = lock(&self.engine.sites).get(site)?.clone();
        let mut lane = lock(&self.engine.lane);
        let Lane::Open(open) = &mut *lane else { return None };
        let names = Arc::make_mut(&mut open.state.names);
        let SiteForm { weight, status_class, .. } = site.form;
        let entry = SeriesEntry { name: 0, flags, weight, status_class };
        let series = names.intern(&site.name, &site.source, entry);
        if self.targets.len() <= tag {
            self.targets.resize(tag + 1, Target::UNKNOWN);
        }
        let target = Target { series, skipped: weight - 1 };
        self.targets[tag] = target;
        Some(target)
    }
}
