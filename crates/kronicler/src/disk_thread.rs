//! The disk thread: takes a lane, writes what the memtable holds, syncs, clears, closes.
//!
//! It is the only one that waits for files. While it does, the memtable absorbs rows up to its
//! bound, then the rings do, then captures are dropped and counted.
//!
//! Who removes the files of a running program has cleared it: the next rows begin a new lane.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kronicler_format::{Counters, Row};
use kronicler_store::{Batch, LaneState, LaneWriter, StorageFile, StoreError};

use crate::anew::begin_anew;
use crate::control::Orders;
use crate::engine::{Engine, Lane, OpenLane, lock};
use crate::heed::Heed;
use crate::options::Durability;
use crate::tally::Tally;
use crate::upkeep::Upkeep;

/// How long to wait before a disk that refused is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// What a full batch can make necessary: a seal, a join, a new head, and that rows expire.
const STEPS_PER_BATCH: u32 = 4;
/// What was hooked is written so often at most: while a program loads it changes all the time.
const HOOKS_INTERVAL: Duration = Duration::from_secs(1);
/// Rows are synced so long after they were written at most, with `Durability::Interval`.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// Writes for one engine until that is closed.
pub(crate) fn run(engine: &Arc<Engine>) {
    if let Err(error) = write(engine) {
        engine.fail(error.to_string());
        // Nobody looks any more; what is captured is counted as dropped.
        engine.set_paused(false);
    }
    // A failed engine keeps its thread only to answer orders.
    loop {
        engine.control.report(|orders| {
            orders.synced = orders.synced.max(orders.sync_target);
            orders.has_work = false;
            orders.clear = false;
            orders.look = false;
        });
        if engine.control.lock().close {
            break;
        }
        engine.control.await_order(None);
    }
    release(engine);
    engine.control.report(|orders| orders.is_over = true);
    engine.bell.ring();
}

/// Closes the engine and frees what its handles, which may live on, no longer need.
fn release(engine: &Engine) {
    let mut rings = lock(&engine.rings);
    let mut memtable = lock(&engine.memtable);
    *lock(&engine.lane) = Lane::Closed;
    // The drain may have been quicker than the last look at its rows.
    Tally::add(&engine.tally.dropped_closed, memtable.clear());
    engine.details.clear(true);
    rings.targets = Vec::new();
    drop((rings, memtable));
    engine.set_paused(false);
}

/// Writes until the engine is closed, or fails.
fn write(engine: &Engine) -> Result<(), StoreError> {
    let mut heed = Heed::new(engine);
    if heed.look(engine).paused_ns.is_some() {
        // They were before the first of these calls. One that was about to begin may not know yet.
        std::thread::sleep(Duration::from_millis(1));
        let now = lock(&engine.options).clock.now();
        lock(&engine.rings).forget_before(now);
    }
    let (writer, state) = match open(engine) {
        // Space comes back; what else keeps a directory from being made rarely does.
        Err(error) if error.is_disk_full() => reopen(engine)?,
        opened => opened?,
    };
    *lock(&engine.lane) = Lane::Open(OpenLane::new(&writer, state));
    engine.control.report(|_| {});
    engine.bell.ring();
    let mut end = Writing::new(engine, writer, &mut heed).run()?;
    while matches!(end, End::Removed) {
        log::warn!(target: "kronicler", "{} was removed: begun anew", engine.dir().display());
        *lock(&engine.logged) = Counters::default();
        let (writer, state) = reopen(engine)?;
        begin_anew(engine, &writer, state, None);
        end = Writing::new(engine, writer, &mut heed).run()?;
    }
    Ok(())
}

fn open(engine: &Engine) -> Result<(LaneWriter, LaneState), StoreError> {
    let storage = Arc::clone(&lock(&engine.options).storage);
    let (writer, state) =
        LaneWriter::open(&storage, engine.dir(), engine.run(), engine.lost_at_most())?;
    log::info!(
        target: "kronicler",
        "lane {} of {} is open with {} rows", writer.lane(), engine.dir().display(), state.stored()
    );
    Ok((writer, state))
}

/// Opens until it works: whoever removes the files may not have come to an end.
fn reopen(engine: &Engine) -> Result<(LaneWriter, LaneState), StoreError> {
    loop {
        match open(engine) {
            Err(error) if !engine.control.lock().close => pause_after(engine, &error),
            result => return result,
        }
    }
}

fn pause_after(engine: &Engine, error: &StoreError) {
    log::warn!(target: "kronicler", "rows wait in memory: {error}");
    engine.control.report(|orders| orders.failure = Some(error.to_string()));
    engine.control.pause(RETRY_PAUSE);
    engine.control.lock().has_work = true;
}

fn open_head(engine: &Engine, writer: &LaneWriter) -> Option<Arc<dyn StorageFile>> {
    let storage = Arc::clone(&lock(&engine.options).storage);
    storage.open(writer.path()).ok()
}

/// Why a lane is no longer written.
enum End {
    Closed,
    /// Somebody has removed its files.
    Removed,
}

/// The disk thread while its lane can be written.
struct Writing<'a> {
    engine: &'a Engine,
    writer: LaneWriter,
    /// The head log, to see whether it is still there.
    head: Option<Arc<dyn StorageFile>>,
    durability: Durability,
    dirty_since: Option<Instant>,
    /// When what was hooked may be written next.
    hooks_due: Instant,
    upkeep: Upkeep,
    heed: &'a mut Heed,
}

impl<'a> Writing<'a> {
    fn new(engine: &'a Engine, writer: LaneWriter, heed: &'a mut Heed) -> Self {
        let (durability, upkeep) = {
            let options = lock(&engine.options);
            (options.durability, Upkeep::new(&options))
        };
        let head = open_head(engine, &writer);
        // Opening wrote the frame of this run.
        let now = Instant::now();
        let (dirty_since, hooks_due) = (Some(now), now);
        Self { engine, writer, head, durability, dirty_since, hooks_due, upkeep, heed }
    }

    fn run(mut self) -> Result<End, StoreError> {
        loop {
            self.engine.control.await_order(Some(self.deadline()));
            let (is_closing, is_clearing, is_asked, sync_target) = {
                let mut orders = self.engine.control.lock();
                orders.has_work = false;
                (orders.close, orders.clear, orders.look, orders.sync_target)
            };
            // Not at the end: who removes the files of a program that ends wants them gone.
            if !is_closing && self.is_removed() {
                return Ok(End::Removed);
            }
            if is_clearing {
                self.clear(None);
            }
            self.heed(is_asked);
            if is_closing {
                let mut written = self.write_batch();
                while matches!(written, Ok(true)) {
                    written = self.write_batch();
                }
                if written.is_ok() {
                    self.write_hooks();
                }
                return self.end(written.map(|_| ()));
            }
            let written = self.write_batch();
            if written.is_ok() && Instant::now() >= self.hooks_due {
                self.write_hooks();
            }
            // What is in the log becomes durable, and old rows make room, on a full disk, too.
            if self.is_sync_due(sync_target) {
                self.sync();
            }
            let has_stepped = self.keep_up();
            if let Err(error) = written {
                pause_after(self.engine, &error);
            } else if !has_stepped && self.writer.has_failed() {
                // Nothing is durable until there is a new head.
                self.engine.control.pause(RETRY_PAUSE);
            }
        }
    }

    /// Takes a step of the upkeep, if one is due; says whether one was. Where more rows wait it
    /// takes all that a batch can make necessary: if rows went first nothing was ever sealed, and
    /// nothing joined or let go if each batch had one step.
    fn keep_up(&mut self) -> bool {
        for step in 0..STEPS_PER_BATCH {
            if !self.upkeep.step(self.engine, &mut self.writer) {
                return step > 0;
            }
            self.note_step();
            if !self.has_rows() {
                break;
            }
        }
        true
    }

    /// When the thread has something to do of its own accord.
    fn deadline(&self) -> Instant {
        let hooks_due = self.engine.hooked.is_changed().then_some(self.hooks_due);
        let others = [self.sync_deadline(), self.heed.deadline(self.engine), hooks_due];
        others.into_iter().flatten().fold(self.upkeep.deadline(&self.writer), Instant::min)
    }

    /// Does what the control file wants, if it is asked to or it is time to look. Rows are written
    /// only by who has looked within the last second.
    fn heed(&mut self, is_asked: bool) {
        let is_awake = || self.has_rows() || self.heed.deadline(self.engine).is_some();
        let is_time = is_asked || self.heed.is_due() && is_awake();
        if !is_time {
            return;
        }
        let control = self.heed.look(self.engine);
        let is_cleared = match &*lock(&self.engine.lane) {
            Lane::Open(open) => control.is_cleared(&open.state.head.uuid),
            _ => false,
        };
        if is_cleared {
            let since_ns = control.cleared_ns;
            self.clear(Some(since_ns));
        }
        self.engine.control.report(|orders| orders.look = false);
    }

    /// Follows the writer, perhaps to a new head, and looks for the next step.
    fn note_step(&mut self) {
        self.engine.details.count_dropped(self.writer.take_dropped_details());
        self.head = open_head(self.engine, &self.writer);
        let is_clean = !self.writer.is_dirty();
        if is_clean {
            self.dirty_since = None;
        }
        self.engine.control.report(|orders| {
            orders.has_work = true;
            if is_clean {
                orders.synced = orders.synced.max(orders.logged);
            }
        });
    }

    /// Whether rows would go into a file that nobody finds any more.
    fn is_removed(&self) -> bool {
        let stat = || self.head.as_ref().and_then(|head| head.stat().ok());
        self.has_rows() && stat().is_some_and(|stat| stat.removed)
    }

    fn sync_deadline(&self) -> Option<Instant> {
        let is_timed = self.durability == Durability::Interval;
        self.dirty_since.filter(|_| is_timed).map(|since| since + SYNC_INTERVAL)
    }

    fn is_sync_due(&self, sync_target: u64) -> bool {
        // Once for all: the rows that come before the mark may take several batches.
        let is_met = |orders: &Orders| orders.synced < sync_target && sync_target <= orders.logged;
        let (is_ordered, is_dirty) = (is_met(&self.engine.control.lock()), self.writer.is_dirty());
        let is_overdue = self.sync_deadline().is_some_and(|deadline| Instant::now() >= deadline);
        is_ordered || is_overdue || is_dirty && self.durability == Durability::Sync
    }

    /// Writes the oldest rows and counters that wait; says whether there were any.
    fn write_batch(&mut self) -> Result<bool, StoreError> {
        let rows = lock(&self.engine.memtable).take_batch();
        let counters = self.changed_counters();
        if rows.is_empty() && counters.is_none() && !self.engine.details.has_placed() {
            return Ok(false);
        }
        if !rows.is_empty() {
            self.upkeep.keep_space(self.engine, &mut self.writer, rows.len())?;
            self.heed.note_rows();
        }
        if !rows.is_empty() || counters.is_some() {
            self.write(&rows, counters)?;
        }
        self.write_details()?;
        self.note_logged();
        if self.has_rows() {
            self.engine.control.lock().has_work = true;
        }
        Ok(true)
    }

    fn has_rows(&self) -> bool {
        lock(&self.engine.memtable).len() > 0
    }

    fn write(&mut self, rows: &[Row], counters: Option<Counters>) -> Result<(), StoreError> {
        let (names, first_seq) = {
            let lane = lock(&self.engine.lane);
            let Lane::Open(open) = &*lane else { return Ok(()) };
            (Arc::clone(&open.state.names), open.state.next_seq)
        };
        let now_ns = crate::host::now_ns();
        let batch = Batch { names: &names, rows, first_seq, counters, now_ns };
        let result = self.writer.append(&batch);
        // The drain copies the dictionary when it adds a name while somebody else holds it.
        drop(names);
        self.dirty_since.get_or_insert_with(Instant::now);
        let recovered = self.absorb(result.is_ok(), first_seq, rows);
        result.and(recovered)
    }

    /// Writes the details of rows that are in the log.
    fn write_details(&mut self) -> Result<(), StoreError> {
        let (next_seq, placed) = {
            let memtable = lock(&self.engine.memtable);
            let lane = lock(&self.engine.lane);
            let Lane::Open(open) = &*lane else { return Ok(()) };
            let end = memtable.appended() - memtable.len() as u64;
            (open.state.next_seq, self.engine.details.before(end, open.seq_of(&memtable)))
        };
        if !placed.details.is_empty() {
            let result = self.writer.append_details(&placed.details);
            self.dirty_since.get_or_insert_with(Instant::now);
            let recovered = self.absorb(result.is_ok(), next_seq, &[]);
            result.and(recovered)?;
        }
        self.engine.details.retire(&placed);
        Ok(())
    }

    /// Writes what was hooked, if that has changed. It is no reason to stop, or to try sooner than
    /// in a while, that it cannot be written.
    fn write_hooks(&mut self) {
        let Some(hooks) = self.engine.hooked.take_changed() else { return };
        self.hooks_due = Instant::now() + HOOKS_INTERVAL;
        let next_seq = match &*lock(&self.engine.lane) {
            Lane::Open(open) => open.state.next_seq,
            _ => return,
        };
        let result = self.writer.append_hooks(&hooks);
        self.dirty_since.get_or_insert_with(Instant::now);
        let recovered = self.absorb(result.is_ok(), next_seq, &[]);
        if let Err(error) = result.and(recovered) {
            self.engine.hooked.forget_written();
            log::info!(target: "kronicler", "what was hooked cannot be written yet: {error}");
        }
    }

    /// Lets the lane know of the rows that are in the log now, and the memtable forget them.
    fn absorb(&mut self, is_written: bool, first_seq: u64, rows: &[Row]) -> Result<(), StoreError> {
        let mut memtable = lock(&self.engine.memtable);
        let mut lane = lock(&self.engine.lane);
        let Lane::Open(open) = &mut *lane else { return Ok(()) };
        let result = if is_written {
            self.writer.absorb_into(&mut open.state, rows);
            Ok(())
        } else {
            self.writer.recover(&mut open.state)
        };
        let logged = open.state.next_seq - first_seq;
        memtable.retire(usize::try_from(logged).unwrap_or(usize::MAX));
        let waiting = memtable.len() as u64;
        let logged = memtable.appended() - waiting;
        drop(lane);
        drop(memtable);
        self.engine.control.report(|orders| {
            orders.logged = logged;
            if is_written {
                orders.failure = None;
            }
        });
        // Rows may be waiting in the rings for room in the memtable.
        self.engine.bell.ring();
        result
    }

    /// The lane's counters with those of this run, when they are not yet in the log.
    fn changed_counters(&self) -> Option<Counters> {
        let dropped_ring = lock(&self.engine.rings).totals().dropped;
        let lane = lock(&self.engine.lane);
        let Lane::Open(open) = &*lane else { return None };
        let mut counters = self.engine.counters(dropped_ring);
        counters.merge(&open.counters_before);
        (counters != open.state.counters).then_some(counters)
    }

    /// Remembers which counters of this run a reader finds in the log.
    fn note_logged(&self) {
        let lane = lock(&self.engine.lane);
        if let Lane::Open(open) = &*lane {
            *lock(&self.engine.logged) = open.state.counters.since(&open.counters_before);
        }
    }

    /// Syncs the head log. When that fails the next step of the upkeep makes a new one, which is
    /// synced as a whole: this one is never synced again.
    fn sync(&mut self) {
        if self.writer.has_failed() {
            return;
        }
        let logged = self.engine.control.lock().logged;
        let result = self.writer.sync();
        self.engine.control.report(|orders| match &result {
            Ok(()) => orders.synced = orders.synced.max(logged),
            Err(error) => orders.failure = Some(error.to_string()),
        });
        match result {
            Ok(()) => self.dirty_since = None,
            Err(error) => log::warn!(target: "kronicler", "a new log is made: {error}"),
        }
    }

    /// Begins a new head, then lets everyone see it at once; with the rows that wait and ended
    /// since.
    fn clear(&mut self, since_ns: Option<i64>) {
        let result = self.writer.clear(self.engine.run());
        let engine = self.engine;
        match result {
            Ok(state) => {
                self.head = open_head(engine, &self.writer);
                begin_anew(engine, &self.writer, state, since_ns);
            }
            Err(error) => engine.control.report(|orders| orders.failure = Some(error.to_string())),
        }
        engine.control.report(|orders| {
            orders.clear = false;
            orders.cleared += 1;
        });
    }

    /// Ends, and makes durable what is in the log, also when more could not be written.
    fn end(mut self, written: Result<(), StoreError>) -> Result<End, StoreError> {
        match &written {
            Ok(()) => self.close(),
            Err(_) => self.sync(),
        }
        written.map(|()| End::Closed)
    }

    fn close(mut self) {
        let engine = self.engine;
        self.upkeep.finish(engine, &mut self.writer);
        let state = {
            let mut lane = lock(&engine.lane);
            match std::mem::replace(&mut *lane, Lane::Closed) {
                Lane::Open(open) => open.state,
                other => {
                    *lane = other;
                    return;
                }
            }
        };
        if let Err(error) = self.writer.close(&state) {
            engine.control.report(|orders| orders.failure = Some(error.to_string()));
        }
    }
}
