//! The thread that reads: takes a snapshot each second and tells which calls have come.
//!
//! Of each lane only the sequences that are new are read. It begins with the last minutes, and goes
//! back to them when the database was cleared or reading was paused for longer.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use kronicler::Reader;
use kronicler_query::{Answer, Filter, Follower, FunctionStats, slowest, stats};
use kronicler_stats::Distribution;
use kronicler_store::{Disk, LaneView, Snapshot, StoreError};

use super::book::{Book, Tell, Unheard};
use super::news::{Look, Losses, News, One, Order, Total, Writer};
use super::ring::{Doing, LAG_NS, NS_PER_SECOND, RING_SECONDS, SLOW_COUNT, complete_before};
use crate::database::POOL_SIZE_BYTES;

/// A look is so long behind a whole second: longer than calls take to come.
const LOOK_DELAY_NS: i64 = LAG_NS + 50_000_000;
/// Threads of a question: it runs beside a service, and nobody waits for it.
const THREAD_COUNT: usize = 1;
/// A snapshot is taken anew so often when files are gone.
const TRY_COUNT_MAX: u32 = 4;
/// Statistics of all that is stored take at most one part in so many of the time.
const REST_FACTOR: u32 = 10;

/// What to read.
pub struct Source {
    /// The database; it need not exist yet.
    pub dir: PathBuf,
    /// Which calls.
    pub filter: Filter,
    /// Time between two looks.
    pub interval: Duration,
}

/// What to read, and whom to tell.
pub struct Reading {
    /// What to read.
    pub source: Source,
    /// Whom to tell.
    pub tell: Tell,
    /// What is asked.
    pub orders: Receiver<Order>,
}

/// Why a look came to nothing.
enum Failure {
    Unheard,
    Engine(kronicler::Error),
}

impl From<Unheard> for Failure {
    fn from(_: Unheard) -> Self {
        Self::Unheard
    }
}

impl From<kronicler::Error> for Failure {
    fn from(error: kronicler::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

/// Reads until nobody listens any more.
pub fn run(reading: Reading) {
    let mut thread = Thread {
        reader: None,
        follower: Follower::default(),
        book: Book::default(),
        wanted: Wanted::default(),
        is_first: true,
        missed: 0,
        reading,
    };
    while thread.step().is_ok() {}
}

struct Thread {
    reading: Reading,
    reader: Option<Reader>,
    follower: Follower,
    book: Book,
    wanted: Wanted,
    is_first: bool,
    missed: u64,
}

/// What was asked for.
#[derive(Default)]
struct Wanted {
    is_paused: bool,
    is_all: bool,
    one: Option<Arc<str>>,
    /// How far lanes were when statistics of all were told last.
    told: Option<Vec<([u8; 16], u64, u64)>>,
    /// They are not told before.
    rest_until: Option<Instant>,
}

impl Thread {
    fn step(&mut self) -> Result<(), Unheard> {
        match self.look() {
            Ok(()) => {}
            Err(Failure::Unheard) => return Err(Unheard),
            Err(Failure::Engine(error)) => self.tell(News::Failed(error.to_string()))?,
        }
        self.wait()
    }

    fn tell(&self, news: News) -> Result<(), Unheard> {
        if (self.reading.tell)(news) { Ok(()) } else { Err(Unheard) }
    }

    fn look(&mut self) -> Result<(), Failure> {
        let at_ns = now_ns();
        if self.reader.is_none() {
            self.reader = self.open()?;
            if self.reader.is_none() {
                let look = Look { at_ns, is_first: true, ..Look::default() };
                return Ok(self.tell(News::Look(Box::new(look)))?);
            }
            self.begin(at_ns)?;
        }
        let mut snapshot = self.snapshot()?;
        if !self.wanted.is_paused {
            let mut is_partial = false;
            for attempt in 1..=TRY_COUNT_MAX {
                let answer = self.pass(&snapshot, at_ns)?;
                is_partial = answer.is_partial;
                if !answer.is_stale || attempt == TRY_COUNT_MAX {
                    break;
                }
                snapshot = self.snapshot()?;
            }
            // Backdated rows that come from now on are counted rather than passed over.
            self.follower.filter.since_ns = self.reading.source.filter.since_ns;
            let look = self.describe(&snapshot, at_ns, is_partial);
            self.is_first = false;
            self.tell(News::Look(Box::new(look)))?;
        }
        self.answer(&snapshot)
    }

    /// The reader; `None` while there is no database.
    fn open(&self) -> Result<Option<Reader>, Failure> {
        let dir = &self.reading.source.dir;
        match Reader::with_limits(Arc::new(Disk), dir, POOL_SIZE_BYTES, THREAD_COUNT) {
            Ok(reader) => Ok(Some(reader)),
            Err(kronicler::Error::Store(StoreError::NotFound { .. })) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn snapshot(&self) -> Result<Snapshot, Failure> {
        self.reader.as_ref().map_or_else(|| Ok(Snapshot::default()), |r| Ok(r.snapshot()?))
    }

    /// Goes back to the last minutes of a database that is not known.
    fn begin(&mut self, at_ns: i64) -> Result<(), Unheard> {
        self.book = Book::default();
        self.missed = 0;
        self.go_back(at_ns);
        self.tell(News::Begin(at_ns))
    }

    fn go_back(&mut self, at_ns: i64) {
        self.follower = Follower::new(self.reading.source.filter.clone());
        self.limit(at_ns);
        self.is_first = true;
    }

    /// Passes over rows that are too old to be shown.
    fn limit(&mut self, at_ns: i64) {
        let oldest_ns = (complete_before(at_ns) - RING_SECONDS) * NS_PER_SECOND;
        let since_ns = self.reading.source.filter.since_ns.unwrap_or(i64::MIN).max(oldest_ns);
        self.follower.filter.since_ns = Some(since_ns);
    }

    /// Tells the calls of a snapshot that are new.
    fn pass(&mut self, snapshot: &Snapshot, at_ns: i64) -> Result<Answer<()>, Failure> {
        let Self { follower, book, reading, .. } = self;
        // A listener that is gone is noticed when something is told next.
        let answer = follower.look(snapshot, |view, seq, row| {
            book.add(view, seq, row);
            if book.is_full() {
                _ = book.send(&reading.tell);
            }
        })?;
        book.send(&reading.tell)?;
        if answer.value.is_cleared {
            self.begin(at_ns)?;
            return self.pass(snapshot, at_ns);
        }
        self.missed += answer.value.missed;
        Ok(answer.map(|_| ()))
    }

    fn describe(&self, snapshot: &Snapshot, at_ns: i64, is_partial: bool) -> Look {
        let lanes = || snapshot.lanes.iter();
        let losses = lanes().fold(Losses::default(), |sum, view| {
            let counters = &view.state.counters;
            Losses {
                dropped: sum.dropped + counters.dropped(),
                lost: sum.lost + counters.lost_clock,
                lost_at_most: sum.lost_at_most + counters.lost_at_most,
            }
        });
        let segments = || lanes().flat_map(|view| view.state.segments.iter());
        let blocks = || lanes().flat_map(|view| view.state.blocks());
        let firsts = segments().map(|one| one.min_end_ns);
        let lasts = segments().map(|one| one.max_end_ns);
        Look {
            at_ns,
            is_first: self.is_first,
            lanes: snapshot.lanes.len(),
            open_lanes: lanes().filter(|view| !view.state.is_closed).count(),
            writers: writers(snapshot),
            losses,
            first_end_ns: firsts.chain(blocks().map(|block| block.min_end_ns)).min(),
            last_end_ns: lasts.chain(blocks().map(|block| block.max_end_ns)).max(),
            is_partial,
            missed: self.missed,
            paused_ns: snapshot.paused_ns,
        }
    }

    /// Tells statistics of all that is stored, if they are wanted and something has come.
    fn answer(&mut self, snapshot: &Snapshot) -> Result<(), Failure> {
        let is_resting = self.wanted.rest_until.is_some_and(|until| Instant::now() < until);
        if !self.wanted.is_all || is_resting {
            return Ok(());
        }
        let place = |view: &LaneView| (view.state.head.uuid, view.state.floor_seq, view.end_seq());
        let places = Some(snapshot.lanes.iter().map(place).collect());
        if self.wanted.told == places {
            return Ok(());
        }
        let started = Instant::now();
        let filter = &self.reading.source.filter;
        let totals = self.ask(snapshot, |snapshot| stats(snapshot, filter))?;
        self.tell(News::All(totals.iter().map(total).collect()))?;
        if let Some(name) = self.wanted.one.clone() {
            self.tell_one(snapshot, &name)?;
        }
        self.wanted.told = places;
        self.wanted.rest_until = Some(Instant::now() + started.elapsed() * REST_FACTOR);
        Ok(())
    }

    fn tell_one(&self, snapshot: &Snapshot, name: &str) -> Result<(), Failure> {
        let filter = Filter { name: Some(name.to_owned()), ..self.reading.source.filter.clone() };
        let found = self.ask(snapshot, |snapshot| stats(snapshot, &filter))?;
        let Some(function) = found.into_iter().next() else { return Ok(()) };
        let limit = SLOW_COUNT * 4;
        let rows = self.ask(snapshot, |snapshot| slowest(snapshot, &filter, limit))?;
        let FunctionStats { name, errors, moments, sketch, .. } = function;
        let doing = Doing { errors, durations: Distribution { moments, sketch } };
        let one = One { name, doing, slowest: rows.iter().collect() };
        Ok(self.tell(News::One(Box::new(one)))?)
    }

    fn ask<T>(
        &self,
        snapshot: &Snapshot,
        question: impl FnMut(&Snapshot) -> Result<Answer<T>, StoreError>,
    ) -> Result<T, Failure> {
        let mut first = Some(snapshot.clone());
        let next = || first.take().map_or_else(|| self.snapshot(), Ok);
        Ok(kronicler_query::ask(next, question)?.value)
    }

    /// Waits until the next look is due or something is asked.
    fn wait(&mut self) -> Result<(), Unheard> {
        let deadline = Instant::now() + pause(now_ns(), self.reading.source.interval);
        loop {
            let rest = deadline.saturating_duration_since(Instant::now());
            let order = if self.wanted.is_paused {
                self.reading.orders.recv().map_err(|_| Unheard)?
            } else {
                match self.reading.orders.recv_timeout(rest) {
                    Ok(order) => order,
                    Err(RecvTimeoutError::Timeout) => return Ok(()),
                    Err(RecvTimeoutError::Disconnected) => return Err(Unheard),
                }
            };
            if self.take(order)? {
                return Ok(());
            }
        }
    }

    /// Takes an order; says whether there is something to do at once.
    fn take(&mut self, order: Order) -> Result<bool, Unheard> {
        match order {
            Order::Pause(is_paused) => {
                self.wanted.is_paused = is_paused;
                self.limit(now_ns());
                Ok(!is_paused)
            }
            Order::All(is_all) => {
                self.wanted.is_all = is_all;
                (self.wanted.told, self.wanted.rest_until) = (None, None);
                Ok(is_all)
            }
            Order::One(one) => {
                self.wanted.one = one;
                (self.wanted.told, self.wanted.rest_until) = (None, None);
                Ok(self.wanted.is_all)
            }
            Order::Again => {
                self.go_back(now_ns());
                self.tell(News::Again)?;
                Ok(true)
            }
        }
    }
}

fn total(function: &FunctionStats) -> Total {
    let max = function.moments.max().unwrap_or(0);
    let [median, p95, p99] = [0.5, 0.95, 0.99].map(|q| function.quantile(q).unwrap_or(0));
    Total {
        name: function.name.clone(),
        calls: function.moments.count(),
        errors: function.errors,
        sum_ns: function.moments.sum(),
        quantiles_ns: [median, p95, p99, max],
    }
}

/// Who writes, each once; who wrote last, if nobody does.
fn writers(snapshot: &Snapshot) -> Vec<Writer> {
    let lanes = snapshot.lanes.iter();
    let mut runs: Vec<_> =
        lanes.filter_map(|view| Some((!view.state.is_closed, view.state.runs.last()?))).collect();
    runs.sort_by_key(|(is_open, run)| std::cmp::Reverse((*is_open, run.start_ns)));
    let is_any_open = runs.first().is_some_and(|(is_open, _)| *is_open);
    let count = if is_any_open { runs.len() } else { 1 };
    let wanted = runs.into_iter().filter(|(is_open, _)| *is_open == is_any_open).take(count);
    wanted
        .map(|(_, run)| Writer {
            service: run.service.clone(),
            version: run.version.clone(),
            host: run.host.clone(),
            pid: run.pid,
        })
        .collect()
}

/// How long it is until the next look: a little after a whole interval.
fn pause(now_ns: i64, interval: Duration) -> Duration {
    let interval_ns = i64::try_from(interval.as_nanos()).unwrap_or(i64::MAX).max(1);
    let passed = now_ns.saturating_sub(LOOK_DELAY_NS).rem_euclid(interval_ns);
    Duration::from_nanos((interval_ns - passed).unsigned_abs())
}

/// The present in nanoseconds since the Unix epoch.
fn now_ns() -> i64 {
    let passed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(passed.as_nanos()).unwrap_or(i64::MAX)
}
