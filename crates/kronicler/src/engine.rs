//! The engine of one open database: what its threads share.
//!
//! ```text
//!  rings --drain--> memtable --disk thread--> head log, lane
//!  (Rings)          (Memtable)                (Lane)
//! ```
//!
//! Three locks, always taken in this order: rings, memtable, lane. That of the control is not
//! taken while one of them is held. The drain empties the
//! rings; it is run by its thread and by whoever wants to read its own writes. Only the disk
//! thread touches files.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use kronicler_format::{Counters, Run};
use kronicler_queue::{Bell, Producer, ring};
use kronicler_stats::Moments;
use kronicler_store::{Catalog, Directory, LaneState, LaneView, LaneWriter, Snapshot, StoreError};

use crate::control::Control;
use crate::details::Details;
use crate::hooks::Hooked;
use crate::memtable::{MEMTABLE_ROW_COUNT_MAX, Memtable};
use crate::options::Options;
use crate::rings::Rings;
use crate::sites::Sites;
use crate::tally::Tally;
use crate::thresholds::Thresholds;

/// Bytes that all live rings of a database may take together.
const RINGS_SIZE_BYTES_MAX: u64 = 16 << 20;

/// Where the life of an engine stands.
#[derive(Debug, Default)]
pub(crate) enum Lane {
    /// Nothing was captured yet: no thread runs, no file was touched.
    #[default]
    Idle,
    /// The disk thread is taking a lane and reading what is in it.
    Opening,
    /// Rows are taken.
    Open(Box<OpenLane>),
    /// The files cannot be written, for this reason.
    Failed(String),
    /// It was closed.
    Closed,
}

impl Lane {
    /// The number of the lane, while it is open.
    pub fn number(&self) -> Option<u16> {
        match self {
            Self::Open(open) => Some(open.state.head.lane),
            _ => None,
        }
    }
}

/// A lane that this process owns.
#[derive(Debug)]
pub(crate) struct OpenLane {
    pub state: LaneState,
    pub path: PathBuf,
    /// Calls that the lane had seen when its rows and counters were last begun anew.
    pub seen_before: u64,
    /// Counters of the lane at that time.
    pub counters_before: Counters,
}

impl OpenLane {
    pub fn new(writer: &LaneWriter, state: LaneState) -> Box<Self> {
        let counters = state.counters;
        let seen_before =
            state.stored() + counters.skipped_every + counters.dropped() + counters.lost_clock;
        let path = writer.path().to_owned();
        Box::new(Self { path, seen_before, counters_before: counters, state })
    }

    /// Gives the sequence of a row by how many were appended to the memtable before it, unless it
    /// is sealed.
    pub fn seq_of(&self, memtable: &Memtable) -> impl Fn(u64) -> Option<u64> + use<> {
        let (next_seq, sealed_seq) = (self.state.next_seq, self.state.sealed_seq);
        // Rows leave the memtable as they enter the log, so the two count alike.
        let retired = memtable.appended() - memtable.len() as u64;
        move |row| {
            let seq = (next_seq + row).checked_sub(retired)?;
            (seq >= sealed_seq).then_some(seq)
        }
    }
}

/// Moments of the calls with one name in the own lane.
pub(crate) struct OwnMoments {
    /// The series of the name, and how many calls a row of each stands for.
    pub series: Vec<(u32, u64)>,
    /// Moments of its rows that are not sealed.
    pub unsealed: Moments,
    /// The lane, for those that are.
    pub view: LaneView,
}

/// What the threads of a database share.
#[derive(Debug)]
pub(crate) struct Engine {
    pub id: u32,
    pub options: Mutex<Options>,
    pub dir: OnceLock<PathBuf>,
    pub sites: Mutex<Sites>,
    pub bell: Arc<Bell>,
    pub rings: Mutex<Rings>,
    pub memtable: Mutex<Memtable>,
    /// Above which duration a call of a site is slow.
    pub thresholds: Arc<Thresholds>,
    /// Details of calls on their way.
    pub details: Arc<Details>,
    /// What was hooked in this process.
    pub hooked: Hooked,
    pub lane: Mutex<Lane>,
    /// What the views of all snapshots share, made with the first.
    pub catalog: OnceLock<Arc<Catalog>>,
    pub directory: Mutex<Option<Directory>>,
    pub control: Control,
    pub tally: Tally,
    /// Counters of this run that are in the log.
    pub logged: Mutex<Counters>,
    /// Whether the lane failed or was closed: seen without its lock, which the disk thread may
    /// hold for a millisecond.
    pub is_refusing: AtomicBool,
    /// Whether the control file of the directory has paused captures.
    pub is_paused: AtomicBool,
    rings_size_bytes: AtomicU64,
}

/// The id of the default database.
pub(crate) const DEFAULT_ID: u32 = 0;

static NEXT_ID: AtomicU32 = AtomicU32::new(DEFAULT_ID + 1);

/// An id that no other engine of this process has.
pub(crate) fn next_id() -> u32 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// A lock that outlives a panic of another holder: what it guards is counts and rows, which
/// every holder leaves whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    pub fn new(id: u32, options: Options) -> Arc<Self> {
        Arc::new(Self {
            id,
            options: Mutex::new(options),
            dir: OnceLock::new(),
            sites: Mutex::default(),
            bell: Bell::new(),
            rings: Mutex::new(Rings::new()),
            memtable: Mutex::default(),
            thresholds: Arc::new(Thresholds::new()),
            details: Arc::default(),
            hooked: Hooked::default(),
            lane: Mutex::default(),
            catalog: OnceLock::new(),
            directory: Mutex::default(),
            control: Control::default(),
            tally: Tally::default(),
            logged: Mutex::default(),
            is_refusing: AtomicBool::new(false),
            is_paused: AtomicBool::new(false),
            rings_size_bytes: AtomicU64::new(0),
        })
    }

    /// The directory, fixed at the first use.
    pub fn dir(&self) -> &PathBuf {
        self.dir.get_or_init(|| lock(&self.options).resolve_dir())
    }

    /// Makes a ring for a thread, and a key that no other has. `None` when the rings of this
    /// database have all the memory they may have.
    pub fn add_ring(&self, thread: u32) -> Option<(Producer, u64)> {
        let capacity = {
            let options = lock(&self.options);
            if thread == 0 { options.ring_capacity_main } else { options.ring_capacity_worker }
        };
        let size_bytes = ring_size_bytes(capacity);
        let taken = self.rings_size_bytes.fetch_add(size_bytes, Ordering::Relaxed);
        let has_room = taken + size_bytes <= RINGS_SIZE_BYTES_MAX;
        let made = has_room.then(|| ring(capacity, thread, Arc::clone(&self.bell)).ok()).flatten();
        let Some((producer, consumer)) = made else {
            self.release_ring(capacity);
            return None;
        };
        let key = lock(&self.rings).add(consumer);
        Some((producer, key))
    }

    /// Whether it is closed, which is for ever.
    pub fn is_closed(&self) -> bool {
        self.is_refusing.load(Ordering::Relaxed) && matches!(*lock(&self.lane), Lane::Closed)
    }

    /// Gives the memory of a ring back to the others.
    pub fn release_ring(&self, capacity: u32) {
        self.rings_size_bytes.fetch_sub(ring_size_bytes(capacity), Ordering::Relaxed);
    }

    /// Who writes, as it is stored once per run.
    pub fn run(&self) -> Run {
        let options = lock(&self.options);
        Run {
            service: options.service.clone(),
            version: options.version.clone(),
            instance: options.instance.clone(),
            host: crate::host::name(),
            pid: std::process::id(),
            start_ns: crate::host::now_ns(),
            clock: options.clock.name().to_owned(),
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            max_bytes: options.max_bytes,
            max_age_ns: u64::try_from(options.max_age.as_nanos()).unwrap_or(u64::MAX),
            durability: options.durability.name().to_owned(),
            ..Run::default()
        }
    }

    /// What a run of these options that dies loses at most: its rings and its memtable.
    pub fn lost_at_most(&self) -> u64 {
        let rings = RINGS_SIZE_BYTES_MAX / kronicler_format::RECORD_SIZE_BYTES as u64;
        rings + MEMTABLE_ROW_COUNT_MAX as u64
    }

    /// Counts of this run, with those that the rings keep.
    pub fn counters(&self, dropped_ring: u64) -> Counters {
        let details_dropped = self.details.dropped();
        Counters { details_dropped, ..self.tally.counters(dropped_ring) }
    }

    /// Gives the store up: what is captured from here on is counted as dropped.
    pub fn fail(&self, cause: String) {
        log::warn!(target: "kronicler", "captures are dropped: {cause}");
        self.is_refusing.store(true, Ordering::Relaxed);
        {
            let mut memtable = lock(&self.memtable);
            let mut lane = lock(&self.lane);
            if !matches!(*lane, Lane::Closed) {
                *lane = Lane::Failed(cause.clone());
            }
            Tally::add(&self.tally.dropped_store, memtable.clear());
            self.details.clear(true);
        }
        self.control.report(|orders| {
            orders.failure = Some(cause);
            orders.synced = orders.synced.max(orders.sync_target);
        });
    }

    /// What is known of the calls with this name in the own lane, without reading a file.
    pub fn own_moments(&self, name: &str) -> Option<OwnMoments> {
        let catalog = Arc::clone(self.catalog());
        let memtable = lock(&self.memtable);
        let lane = lock(&self.lane);
        let Lane::Open(open) = &*lane else { return None };
        let names = &open.state.names;
        let series = names.series_of(name).iter().map(|&id| (id, names.weight_of(id)));
        let series: Vec<(u32, u64)> = series.collect();
        let mut unsealed = Moments::new();
        for &(id, weight) in &series {
            let windows = open.state.windows.iter().filter_map(|window| window.totals.get(id));
            memtable
                .moments(id)
                .chain(windows.map(|summary| &summary.moments))
                .for_each(|moments| unsealed.merge_many(moments, weight));
        }
        let state = open.state.sealed_part();
        let view = LaneView::new(catalog, open.path.clone(), state, Arc::default());
        Some(OwnMoments { series, unsealed, view })
    }

    /// What the views of all snapshots share.
    pub fn catalog(&self) -> &Arc<Catalog> {
        self.catalog.get_or_init(|| {
            let options = lock(&self.options);
            Catalog::new(Arc::clone(&options.storage), options.pool_size_bytes)
        })
    }

    /// The lanes that other processes write, or nobody: all but the own one.
    pub fn other_lanes(&self, own: Option<u16>) -> Result<Snapshot, StoreError> {
        self.with_directory(|directory| directory.snapshot(own))
    }

    /// What all processes of the directory are to heed.
    pub fn to_heed(&self) -> Result<kronicler_format::Control, StoreError> {
        self.with_directory(|directory| {
            directory.refresh()?;
            Ok(directory.controls().control.clone())
        })
    }

    fn with_directory<T>(&self, ask: impl FnOnce(&mut Directory) -> T) -> T {
        let catalog = Arc::clone(self.catalog());
        let mut directory = lock(&self.directory);
        ask(directory.get_or_insert_with(|| Directory::with_catalog(catalog, self.dir().clone())))
    }

    /// The own lane as queries see it: what is in the log, then what waits in memory.
    pub fn own_view(&self) -> Option<LaneView> {
        let catalog = Arc::clone(self.catalog());
        let memtable = lock(&self.memtable);
        let lane = lock(&self.lane);
        let Lane::Open(open) = &*lane else { return None };
        let placed = self.details.before(u64::MAX, open.seq_of(&memtable));
        let view = LaneView::new(catalog, open.path.clone(), open.state.clone(), memtable.rows());
        Some(view.with_details(placed.details.into()))
    }
}

fn ring_size_bytes(capacity: u32) -> u64 {
    u64::from(capacity) * kronicler_format::RECORD_SIZE_BYTES as u64
}
