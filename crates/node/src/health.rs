//! Health on its way to JavaScript.

use kronicler::{Health, PoolUsage};
use napi_derive::napi;

/// Where every call that was seen has gone.
#[napi(object, object_from_js = false)]
pub struct NativeHealth {
    /// The directory.
    pub dir: String,
    /// How it is.
    pub state: String,
    /// Why it is stalled or failed.
    pub error: Option<String>,
    /// Whether captures are paused by the control file of the directory.
    pub paused: bool,
    /// The lane that this process writes.
    pub lane: Option<u32>,
    /// Lanes of the database.
    pub lane_count: u32,
    /// Where ticks come from.
    pub clock: String,
    /// Calls seen.
    pub seen: f64,
    /// Rows ever stored.
    pub stored: f64,
    /// Rows that can be read.
    pub live: f64,
    /// Rows that were let go.
    pub expired: f64,
    /// Rows found damaged.
    pub quarantined: f64,
    /// Calls on their way.
    pub pending: f64,
    /// Left out by the option `every`.
    pub skipped_every: f64,
    /// Dropped because a ring was full.
    pub dropped_ring: f64,
    /// Dropped because a thread got no ring.
    pub dropped_thread: f64,
    /// Dropped because the store could not be written.
    pub dropped_store: f64,
    /// Dropped because the database was closed.
    pub dropped_closed: f64,
    /// Lost because the clock jumped.
    pub lost_clock: f64,
    /// Lost with processes that did not end in order, at most.
    pub lost_at_most: f64,
    /// Details that could not be kept, of calls that were.
    pub details_dropped: f64,
    /// Threads that capture.
    pub ring_count: u32,
    /// Names known.
    pub name_count: u32,
    /// Bytes of the head logs.
    pub log_size_bytes: f64,
    /// Files of sealed rows.
    pub segments: u32,
    /// Their bytes.
    pub segment_bytes: f64,
    /// Bytes of the statistics of expired rows.
    pub history_bytes: f64,
    /// The bufferpool of this process.
    pub pool: NativePool,
    /// Head logs that cannot be read.
    pub unreadable_heads: u32,
}

/// What the bufferpool holds, and what it was good for.
#[napi(object, object_from_js = false)]
pub struct NativePool {
    /// Bytes of the kept pages.
    pub bytes: f64,
    /// Bytes that it may hold.
    pub capacity: f64,
    /// Bytes of kept pages that are being read.
    pub pinned: f64,
    /// Bytes of pages that are being read and not kept.
    pub unkept: f64,
    /// Kept pages.
    pub pages: f64,
    /// Pages that were found.
    pub hits: f64,
    /// Pages that were read and decoded.
    pub misses: f64,
    /// Of these, pages of large scans, which are not kept.
    pub bypassed: f64,
    /// Of these, pages that found no place.
    pub refused: f64,
    /// Pages that made room for others.
    pub evicted: f64,
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles; counts are below 2^53")]
impl NativePool {
    const fn new(usage: &PoolUsage) -> Self {
        Self {
            bytes: usage.size_bytes as f64,
            capacity: usage.capacity_bytes as f64,
            pinned: usage.pinned_bytes as f64,
            unkept: usage.unkept_bytes as f64,
            pages: usage.page_count as f64,
            hits: usage.hit_count as f64,
            misses: usage.miss_count as f64,
            bypassed: usage.bypass_count as f64,
            refused: usage.refused_count as f64,
            evicted: usage.eviction_count as f64,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript has doubles; counts are below 2^53")]
impl NativeHealth {
    pub(crate) fn new(health: Health) -> Self {
        let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let counters = &health.counters;
        Self {
            dir: health.dir.display().to_string(),
            state: health.state.to_owned(),
            error: health.error,
            paused: health.is_paused,
            lane: health.lane.map(u32::from),
            lane_count: small(health.lane_count),
            clock: health.clock.to_owned(),
            seen: health.seen as f64,
            stored: health.stored as f64,
            live: health.live as f64,
            expired: health.expired as f64,
            quarantined: health.quarantined as f64,
            pending: health.pending as f64,
            skipped_every: counters.skipped_every as f64,
            dropped_ring: counters.dropped_ring as f64,
            dropped_thread: counters.dropped_thread as f64,
            dropped_store: counters.dropped_store as f64,
            dropped_closed: counters.dropped_closed as f64,
            lost_clock: counters.lost_clock as f64,
            lost_at_most: counters.lost_at_most as f64,
            details_dropped: counters.details_dropped as f64,
            ring_count: small(health.ring_count),
            name_count: small(health.name_count),
            log_size_bytes: health.log_size_bytes as f64,
            segments: small(health.segment_count),
            segment_bytes: health.segment_size_bytes as f64,
            history_bytes: health.history_size_bytes as f64,
            pool: NativePool::new(&health.pool),
            unreadable_heads: health.unreadable_heads,
        }
    }
}
