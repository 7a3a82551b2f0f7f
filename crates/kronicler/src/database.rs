//! A database: the handle that programs hold.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kronicler_format::{Flags, Hook, Kind, Outcome, Record};
use kronicler_query::{Answer, Filter, FunctionStats, StoredRow};
use kronicler_queue::Producer;
use kronicler_stats::Moments;
use kronicler_store::{Directory, LaneView, RowId, Snapshot, StoreError};

use crate::call_ring::CallRing;
use crate::engine::{Engine, Lane, lock};
use crate::health::Health;
use crate::options::Options;
use crate::sites::SiteForm;
use crate::tally::Tally;
use crate::thread_rings::with_ring;
use crate::threads::attach;
use crate::{Error, registry};

/// A database. Handles are cheap to clone; all of one directory in one process share one engine.
///
/// Nothing is made on disk before the first row. Captures never wait and never fail; what cannot
/// be kept is counted, see [`Database::health`].
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// use kronicler::{Database, Options};
///
/// let db = Database::open(Options::new(dir.path()))?;
/// db.capture("foo", 100, 200)?;
/// assert_eq!(db.average("foo")?, Some(100.0));
/// db.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Database {
    engine: Arc<Engine>,
}

impl Database {
    /// The database of a directory. What is in it already is read now, so that the first question
    /// need not wait for it; what cannot be read is told by the questions.
    ///
    /// # Errors
    /// When it is open in this process with other options.
    pub fn open(options: Options) -> Result<Self, Error> {
        let engine = registry::open(options)?;
        let is_first = lock(&engine.directory).is_none();
        if is_first && let Err(error) = engine.other_lanes(engine.own_lane()) {
            let dir = engine.dir().display();
            log::info!(target: "kronicler", "{dir} cannot be read yet: {error}");
        }
        Ok(Self { engine })
    }

    /// The database that captures where no other is named.
    #[must_use]
    pub fn default_database() -> Self {
        Self { engine: registry::default_engine() }
    }

    /// Sets the options of the default database before its first row.
    ///
    /// # Errors
    /// When it has begun with other options.
    pub fn configure_default(options: Options) -> Result<(), Error> {
        registry::configure_default(options)
    }

    /// Tells databases of this process apart; never reused. The default database is 0.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.engine.id
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.engine.dir()
    }

    /// The site of a name: what a [`Record`] carries instead of it.
    ///
    /// A name taken from a function is told apart from the same name elsewhere by its source
    /// (`file:line`); one that the user chose is not.
    #[must_use]
    pub fn site(&self, name: &str, source: &str, is_chosen: bool) -> u32 {
        self.site_of_form(name, source, is_chosen, SiteForm::default())
    }

    /// As [`Database::site`], for records that stand for several calls, or for http answers of
    /// one status class.
    #[must_use]
    pub fn site_of_form(&self, name: &str, source: &str, is_chosen: bool, form: SiteForm) -> u32 {
        let form = SiteForm { weight: form.weight.max(1), ..form };
        let site = {
            let mut sites = lock(&self.engine.sites);
            if is_chosen {
                sites.explicit(name, source, form)
            } else {
                sites.implicit(name, source, form)
            }
        };
        if let Some(slow_ns) = form.slow_ns {
            self.engine.thresholds.set(site, crate::clock::ticks(slow_ns));
        }
        site
    }

    /// Whether it has been closed: a thread may let go of its ring then.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.engine.is_closed()
    }

    /// Frees the rings of threads that are gone, or that have let go of them. While the database
    /// is open its drain does so.
    pub fn free_rings(&self) {
        self.engine.drain_now();
    }

    /// Tells what was hooked in this process, or could not be: for people who ask what is captured.
    /// Of what was told before of the same thing that counts which has wrapped more. Makes no file:
    /// it is written when there are rows.
    pub fn tell_hook(&self, hook: &Hook) {
        if self.engine.hooked.add(hook) {
            self.engine.control.order(|orders| orders.has_work = true);
        }
    }

    /// Makes a ring for a thread that captures; the first starts the engine. `None` when there
    /// is no memory left for rings, or the database is closed: call
    /// [`Database::count_ringless`] for each call then.
    #[must_use]
    pub fn attach(&self, thread: u32) -> Option<Producer> {
        attach(&self.engine, thread).map(|(producer, _)| producer)
    }

    /// As [`Database::attach`], for a thread that tells details of slow and failed calls.
    #[must_use]
    pub fn attach_with_details(&self, thread: u32) -> Option<CallRing> {
        let (producer, key) = attach(&self.engine, thread)?;
        Some(CallRing::new(&self.engine, producer, key))
    }

    /// Counts a call on a thread that has no ring.
    pub fn count_ringless(&self) {
        let tally = &self.engine.tally;
        let is_closed = self.engine.is_closed();
        Tally::add(if is_closed { &tally.dropped_closed } else { &tally.dropped_thread }, 1);
    }

    /// Inserts a row with times given by hand, nanoseconds since the Unix epoch (or any other
    /// zero). Never drops it: waits while the disk does not keep up.
    ///
    /// # Errors
    /// When `end_ns` is before `start_ns`, when the disk does not answer within the exit budget,
    /// or when the database is closed or cannot be written.
    pub fn capture(&self, name: &str, start_ns: u64, end_ns: u64) -> Result<(), Error> {
        let latest = i64::MAX.cast_unsigned();
        if end_ns < start_ns || end_ns > latest {
            return Err(Error::InvalidOption {
                option: "end",
                value: end_ns.to_string(),
                remedy: "it must not be before start, nor beyond 2^63 - 1",
            });
        }
        let site = self.site(name, "", true);
        let flags = Flags::new(Outcome::Ok, Kind::Manual).bits();
        let record = Record::new(start_ns, end_ns, site, flags);
        self.with_ring(|ring| self.insert(ring, record))
    }

    /// Pushes a record that must not be dropped.
    ///
    /// # Errors
    /// As [`Database::capture`].
    pub fn insert(&self, ring: Option<&mut Producer>, record: Record) -> Result<(), Error> {
        if self.engine.is_refusing.load(Ordering::Relaxed) {
            self.check_writable()?;
        }
        let Some(ring) = ring else {
            let (dir, limit) = (self.dir().to_owned(), "threads with a ring");
            let source = std::io::Error::other(limit);
            return Err(StoreError::Io { action: "capture into", path: dir, source }.into());
        };
        if ring.is_full() {
            self.make_room(|| !ring.is_full())?;
        }
        ring.push(record);
        Ok(())
    }

    /// The rows as they are now, all of this process's own captures among them.
    ///
    /// # Errors
    /// When the directory or a log cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        self.engine.snapshot()
    }

    /// Asks a question of the query crate, on a new snapshot when files were replaced meanwhile.
    ///
    /// # Errors
    /// As [`Database::snapshot`].
    pub fn ask<T>(
        &self,
        question: impl FnMut(&Snapshot) -> Result<Answer<T>, StoreError>,
    ) -> Result<Answer<T>, Error> {
        kronicler_query::ask(|| self.snapshot(), question)
    }

    /// Mean duration of all calls with this name in nanoseconds, from running totals.
    ///
    /// # Errors
    /// As [`Database::snapshot`].
    pub fn average(&self, name: &str) -> Result<Option<f64>, Error> {
        Ok(self.moments(name)?.mean())
    }

    /// Exact moments of all calls with this name, from running totals.
    ///
    /// # Errors
    /// As [`Database::snapshot`].
    pub fn moments(&self, name: &str) -> Result<Moments, Error> {
        self.engine.moments(name)
    }

    /// Statistics by function.
    ///
    /// # Errors
    /// As [`Database::snapshot`].
    pub fn stats(&self, filter: &Filter) -> Result<Vec<FunctionStats>, Error> {
        Ok(self.ask(|snapshot| kronicler_query::stats(snapshot, filter))?.value)
    }

    /// The row with this id, or `None` when there is none.
    ///
    /// # Errors
    /// As [`Database::snapshot`].
    pub fn fetch(&self, id: RowId) -> Result<Option<StoredRow>, Error> {
        Ok(self.ask(|snapshot| kronicler_query::fetch(snapshot, id))?.value.found())
    }

    /// What the database says about itself. Lanes of others that cannot be read are not in it.
    #[must_use]
    pub fn health(&self) -> Health {
        self.engine.heed();
        self.engine.drain_now();
        loop {
            let own = self.engine.own_lane();
            let (others, error) = match self.engine.other_lanes(own) {
                Ok(others) => (others, None),
                Err(error) => (Snapshot::default(), Some(error.to_string())),
            };
            let health = Health::of_snapshot(self.dir().to_owned(), &others);
            // Opened or closed meanwhile: the own lane would be counted twice, or not at all.
            if let Some(health) = self.engine.own_health(own, health) {
                return Health { error: health.error.or(error), ..health };
            }
        }
    }

    /// Waits until all that was captured before survives a power cut.
    ///
    /// # Errors
    /// When the disk does not answer within the exit budget, or cannot be written.
    pub fn flush(&self) -> Result<(), Error> {
        let budget = lock(&self.engine.options).exit_budget;
        let deadline = Instant::now() + budget;
        let marks = lock(&self.engine.rings).marks();
        if matches!(*lock(&self.engine.lane), Lane::Idle) {
            return Ok(());
        }
        self.await_taken(&marks, deadline)?;
        let target = lock(&self.engine.memtable).appended();
        // Details may come after their rows were synced: then those are synced once more.
        let is_again = self.engine.details.has_placed();
        self.engine.control.order(|orders| {
            orders.sync_target = orders.sync_target.max(target);
            if is_again {
                orders.synced = orders.synced.min(target.saturating_sub(1));
            }
        });
        let is_synced =
            self.engine.control.await_progress(deadline, |orders| orders.synced >= target);
        self.check_writable()?;
        if is_synced { Ok(()) } else { Err(self.stalled(budget)) }
    }

    /// Stores what was captured and lets the lane go. Captures from here on are counted as
    /// dropped. A second close does nothing.
    ///
    /// # Errors
    /// When the disk does not answer within the exit budget, or cannot be written.
    pub fn close(&self) -> Result<(), Error> {
        let budget = lock(&self.engine.options).exit_budget;
        self.engine.begin_close();
        let is_over = self.engine.await_close(Instant::now() + budget);
        let failure = self.engine.control.lock().failure.clone();
        match failure {
            _ if !is_over => Err(self.stalled(budget)),
            Some(cause) => Err(Error::StoreFailed { dir: self.dir_text(), cause }),
            None => Ok(()),
        }
    }

    /// Whether there is a database in a directory.
    #[must_use]
    pub fn exists(dir: impl AsRef<Path>) -> bool {
        Directory::exists(&kronicler_store::Disk, dir.as_ref())
    }

    pub(crate) const fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Calls `f` with the ring of the calling Rust thread.
    pub(crate) fn with_ring<T>(&self, f: impl FnOnce(Option<&mut Producer>) -> T) -> T {
        with_ring(&self.engine, f)
    }

    /// Waits until the rings are empty up to these marks.
    fn await_taken(&self, marks: &[(u64, u64)], deadline: Instant) -> Result<(), Error> {
        loop {
            self.engine.drain_now();
            self.check_writable()?;
            if lock(&self.engine.rings).has_passed(marks) {
                return Ok(());
            }
            self.await_disk(deadline)?;
        }
    }

    /// Drains on the calling thread until there is room in its ring.
    fn make_room(&self, mut has_room: impl FnMut() -> bool) -> Result<(), Error> {
        let deadline = Instant::now() + lock(&self.engine.options).exit_budget;
        loop {
            self.engine.drain_now();
            self.check_writable()?;
            if has_room() {
                return Ok(());
            }
            self.await_disk(deadline)?;
        }
    }

    /// Waits for the disk thread to come forward, a little.
    fn await_disk(&self, deadline: Instant) -> Result<(), Error> {
        const PATIENCE: Duration = Duration::from_millis(5);
        let now = Instant::now();
        if now >= deadline {
            return Err(self.stalled(lock(&self.engine.options).exit_budget));
        }
        let logged = self.engine.control.lock().logged;
        let until = deadline.min(now + PATIENCE);
        self.engine.control.await_progress(until, |orders| orders.logged > logged);
        Ok(())
    }

    fn check_writable(&self) -> Result<(), Error> {
        match &*lock(&self.engine.lane) {
            Lane::Failed(cause) => {
                Err(Error::StoreFailed { dir: self.dir_text(), cause: cause.clone() })
            }
            Lane::Closed => Err(Error::Closed { dir: self.dir_text() }),
            Lane::Idle | Lane::Opening | Lane::Open(_) => Ok(()),
        }
    }

    pub(crate) fn stalled(&self, waited: Duration) -> Error {
        let cause = self.engine.control.lock().failure.clone();
        match cause {
            Some(cause) => Error::StoreFailed { dir: self.dir_text(), cause },
            None => Error::Stalled { dir: self.dir_text(), waited },
        }
    }

    fn dir_text(&self) -> String {
        self.dir().display().to_string()
    }
}

impl Engine {
    /// Begins to close: no more than the last rows is written from here on.
    pub(crate) fn begin_close(&self) {
        self.is_refusing.store(true, Ordering::Relaxed);
        let mut lane = lock(&self.lane);
        if matches!(*lane, Lane::Idle) {
            *lane = Lane::Closed;
            self.control.report(|orders| orders.is_over = true);
        }
    }

    /// Waits until all is stored and the lane is let go; says whether it is.
    pub(crate) fn await_close(&self, deadline: Instant) -> bool {
        self.await_open_until(deadline);
        while self.drain_now().left > 0 && Instant::now() < deadline {
            let logged = self.control.lock().logged;
            let until = deadline.min(Instant::now() + Duration::from_millis(5));
            self.control.await_progress(until, |orders| orders.logged > logged || orders.is_over);
        }
        self.control.order(|orders| orders.close = true);
        self.bell.ring();
        self.control.await_progress(deadline, |orders| orders.is_over)
    }

    /// Waits while the lane is being opened, at most for the exit budget; whether it is open.
    pub(crate) fn await_open(&self) -> bool {
        let budget = lock(&self.options).exit_budget;
        self.await_open_until(Instant::now() + budget)
    }

    fn await_open_until(&self, deadline: Instant) -> bool {
        if matches!(*lock(&self.lane), Lane::Opening) {
            let is_opening = || matches!(*lock(&self.lane), Lane::Opening);
            self.control.await_progress(deadline, |_| !is_opening());
        }
        matches!(*lock(&self.lane), Lane::Open(_))
    }

    /// Takes in what was captured before: everybody reads their own calls. While there is no room
    /// for them in memory this waits, as long as the disk answers.
    fn take_in(&self) {
        self.heed();
        let marks = lock(&self.rings).marks();
        let is_open = self.await_open();
        let deadline = Instant::now() + lock(&self.options).exit_budget;
        while self.drain_now().left > 0 && is_open && !lock(&self.rings).has_passed(&marks) {
            let (logged, has_failed) = {
                let orders = self.control.lock();
                (orders.logged, orders.failure.is_some())
            };
            let now = Instant::now();
            if has_failed || now >= deadline {
                return;
            }
            let until = deadline.min(now + Duration::from_millis(5));
            self.control.await_progress(until, |orders| orders.logged > logged);
        }
    }

    /// All lanes as they are now, the own one with what waits in memory.
    fn snapshot(&self) -> Result<Snapshot, Error> {
        self.take_in();
        let own = self.own_view();
        // Chosen first: a lane that is opened meanwhile is read from its log, once.
        let mut snapshot = self.other_lanes(own.as_ref().map(LaneView::lane))?;
        if let Some(view) = own {
            let at = snapshot.lanes.partition_point(|other| other.lane() < view.lane());
            snapshot.lanes.insert(at, view);
        }
        Ok(snapshot)
    }

    /// Moments of all calls with this name, without a walk over the rows that wait.
    fn moments(&self, name: &str) -> Result<Moments, Error> {
        self.take_in();
        let own = self.own_moments(name);
        let others = self.other_lanes(own.as_ref().map(|own| own.view.lane()))?;
        let mut moments = kronicler_query::moments(&others, name)?.value;
        if let Some(own) = own {
            moments.merge(&own.unsealed);
            let sealed = own.view.sealed_moments()?;
            for &(id, weight) in &own.series {
                sealed.get(id).into_iter().for_each(|part| moments.merge_many(part, weight));
            }
        }
        Ok(moments)
    }

    /// The lane that this process writes now.
    pub(crate) fn own_lane(&self) -> Option<u16> {
        lock(&self.lane).number()
    }
}
