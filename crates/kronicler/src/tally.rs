//! Counts of what happened to calls in this run, kept by whoever sees it happen.

use std::sync::atomic::{AtomicU64, Ordering};

use kronicler_format::Counters;

/// Counts of this run that no ring keeps. Plain counts: nothing is ordered by them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Calls that rows stand for besides their own, where only one in so many was recorded. Counted
    /// when a row is taken: a record that gets lost before counts as one call.
    pub skipped_every: AtomicU64,
    /// Calls on threads that got no ring.
    pub dropped_thread: AtomicU64,
    /// Records taken from a ring while the store could not be written.
    pub dropped_store: AtomicU64,
    /// Calls after the database was closed.
    pub dropped_closed: AtomicU64,
    /// Records whose times cannot be trusted.
    pub lost_clock: AtomicU64,
}

impl Tally {
    pub fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }

    /// Forgets all counts.
    pub fn begin_anew(&self) {
        let all = [
            &self.skipped_every,
            &self.dropped_thread,
            &self.dropped_store,
            &self.dropped_closed,
            &self.lost_clock,
        ];
        all.into_iter().for_each(|counter| counter.store(0, Ordering::Relaxed));
    }

    /// These counts, and the drops that the rings have counted.
    pub fn counters(&self, dropped_ring: u64) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            skipped_every: read(&self.skipped_every),
            dropped_ring,
            dropped_thread: read(&self.dropped_thread),
            dropped_store: read(&self.dropped_store),
            dropped_closed: read(&self.dropped_closed),
            lost_clock: read(&self.lost_clock),
            ..Counters::default()
        }
    }
}
