//! What a database says about itself: where every call that was seen has gone.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use kronicler_format::Counters;
use kronicler_store::{LaneState, PoolUsage, Snapshot};

use crate::engine::{Engine, Lane, OpenLane, lock};
use crate::rings::RingTotals;

/// What a database says about itself.
///
/// `seen = stored + pending + skipped + dropped + lost` and `stored = live + expired + quarantined`
/// hold exactly; calls that died with a process which did not end in order are not among them, they
/// are `lost_at_most`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// The directory.
    pub dir: PathBuf,
    /// `idle`, `opening`, `open`, `stalled`, `failed`, `closed`, or `reader`.
    pub state: &'static str,
    /// Why it is stalled or failed.
    pub error: Option<String>,
    /// Whether captures into the directory are paused, by whoever wishes it for all processes.
    pub is_paused: bool,
    /// The lane that this process writes.
    pub lane: Option<u16>,
    /// How many lanes the database has.
    pub lane_count: usize,
    /// Where ticks come from: `tsc`, `counter` or `os`.
    pub clock: &'static str,
    /// Calls seen.
    pub seen: u64,
    /// Rows ever stored.
    pub stored: u64,
    /// Rows that can be read.
    pub live: u64,
    /// Rows that were let go because they were old or too many; their statistics stay.
    pub expired: u64,
    /// Rows that were stored and found damaged.
    pub quarantined: u64,
    /// Calls in rings and memtable, on their way.
    pub pending: u64,
    /// What happened to calls that became no row.
    pub counters: Counters,
    /// Threads that capture now.
    pub ring_count: usize,
    /// Names known.
    pub name_count: usize,
    /// Bytes of the head logs.
    pub log_size_bytes: u64,
    /// Segments that hold the sealed rows.
    pub segment_count: usize,
    /// Bytes of the segments.
    pub segment_size_bytes: u64,
    /// Bytes of the statistics of expired rows.
    pub history_size_bytes: u64,
    /// The bufferpool of this process.
    pub pool: PoolUsage,
    /// Head logs that cannot be read at all.
    pub unreadable_heads: u32,
}

impl Health {
    /// What can be told from a snapshot alone.
    #[must_use]
    pub fn of_snapshot(dir: PathBuf, snapshot: &Snapshot) -> Self {
        let mut health = Self {
            dir,
            state: "reader",
            clock: crate::clock::process_clock().name(),
            is_paused: snapshot.paused_ns.is_some(),
            lane_count: snapshot.lanes.len(),
            unreadable_heads: snapshot.unreadable_heads,
            ..Self::default()
        };
        for view in &snapshot.lanes {
            health.add_state(&view.state);
            health.pending += view.pending.len() as u64;
            health.counters.merge(&view.state.counters);
        }
        health.seen = health.accounted();
        health
    }

    /// Calls whose whereabouts are known.
    const fn accounted(&self) -> u64 {
        let counters = &self.counters;
        self.stored
            + self.pending
            + counters.skipped_every
            + counters.dropped()
            + counters.lost_clock
    }
}

impl Engine {
    /// Adds to what the other lanes tell: this process's own lane and rings. `None` when `own` is
    /// no longer the own lane.
    pub fn own_health(&self, own: Option<u16>, mut health: Health) -> Option<Health> {
        health.error = self.control.lock().failure.clone();
        let rings = lock(&self.rings);
        let memtable = lock(&self.memtable);
        let lane = lock(&self.lane);
        if lane.number() != own {
            return None;
        }
        health.pool = self.catalog().pool_usage();
        let totals = rings.totals();
        let run = self.counters(totals.dropped);
        health.clock = lock(&self.options).clock.name();
        health.ring_count = rings.ring_count();
        health.pending += totals.pushed - totals.taken + memtable.len() as u64;
        if matches!(&*lane, Lane::Opening | Lane::Open(_)) {
            health.is_paused = self.is_paused.load(Ordering::Relaxed);
        }
        health.state = match &*lane {
            Lane::Idle => "idle",
            Lane::Opening => "opening",
            Lane::Open(_) if health.error.is_some() => "stalled",
            Lane::Open(_) => "open",
            Lane::Failed(_) => "failed",
            Lane::Closed => "closed",
        };
        match &*lane {
            // What is in the log of this run was found there, with the other lanes.
            Lane::Failed(_) | Lane::Closed => {
                let mut late = run.since(&lock(&self.logged));
                if matches!(*lane, Lane::Closed) {
                    // Closing logged what had been dropped: the ring is full of later calls.
                    late.dropped_closed += std::mem::take(&mut late.dropped_ring);
                }
                health.counters.merge(&late);
                health.seen = health.accounted();
            }
            Lane::Idle | Lane::Opening => health.add_run(&run, &totals),
            Lane::Open(open) => {
                health.add_run(&run, &totals);
                health.add_lane(open);
            }
        }
        Some(health)
    }
}

impl Health {
    fn add_run(&mut self, run: &Counters, rings: &RingTotals) {
        self.seen += rings.pushed + rings.dropped + run.dropped_thread + run.dropped_closed;
        self.seen += run.skipped_every;
        self.counters.merge(run);
    }

    fn add_lane(&mut self, open: &OpenLane) {
        self.lane = Some(open.state.head.lane);
        self.lane_count += 1;
        self.add_state(&open.state);
        self.seen += open.seen_before;
        self.counters.merge(&open.counters_before);
    }

    fn add_state(&mut self, state: &LaneState) {
        self.stored += state.stored();
        self.live += state.live();
        self.expired += state.floor_seq;
        self.quarantined += state.quarantined();
        self.name_count += state.names.names().len();
        self.log_size_bytes += state.offset;
        self.segment_count += state.segments.len();
        let segments = state.segments.iter().map(|segment| segment.size_bytes);
        self.segment_size_bytes += segments.sum::<u64>();
        let histories = state.histories.iter().map(|history| history.size_bytes);
        self.history_size_bytes += histories.sum::<u64>();
    }
}
