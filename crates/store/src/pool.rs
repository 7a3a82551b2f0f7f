//! The bufferpool: decoded pages of segments, shared by all readers of a process.
//!
//! Pages are immutable and their key names their content, so a kept page is always clean and
//! never out of date. A reader holds a [`PinnedPage`] while it looks at a page.
//!
//! Invariants:
//! - pages that are kept have at most the capacity in all, see [`Cache`];
//! - pages that are handed out without being kept, because they were read by a large scan or
//!   found no place, count to the capacity while they are held: for them kept pages go, unless
//!   all of those are pinned. Only what readers hold at one time can exceed the capacity;
//! - a large scan leaves the kept pages as they are, but for the room of the pages it holds.

use std::borrow::Borrow;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::cache::Cache;

/// A scan larger than one part in so many of the capacity bypasses the pool.
const SCAN_PARTS: usize = 2;

/// Which page: a page of a chunk of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageKey {
    /// Of the lane; it changes when the lane is cleared.
    pub uuid: [u8; 16],
    /// Of the chunk.
    pub first_seq: u64,
    /// Of the chunk: one that was put together from smaller ones begins where the first began.
    pub row_count: u32,
    /// Index of the page in the chunk.
    pub page: u32,
}

/// How a page is about to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It may be needed again: it is kept if it finds a place.
    Point,
    /// One of more pages than the pool should hold: it is looked up, but not kept.
    Scan,
}

/// Decoded pages, bounded in bytes.
#[derive(Debug)]
pub struct Pool<V> {
    cache: Arc<Cache<PageKey, V>>,
    // Statistics only, which order nothing else: relaxed.
    bypass_count: AtomicU64,
    refused_count: AtomicU64,
}

/// A page that stays in memory while this is held.
#[derive(Debug)]
pub struct PinnedPage<V> {
    // Dropped before the room is given back.
    page: Arc<V>,
    _room: Option<Room<V>>,
}

/// Room of a page that is not kept; given back when it is dropped.
#[derive(Debug)]
struct Room<V> {
    cache: Arc<Cache<PageKey, V>>,
    size_bytes: usize,
}

/// What the pool holds, and what it was good for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolUsage {
    /// Bytes it may hold.
    pub capacity_bytes: usize,
    /// Bytes of the kept pages, never above the capacity.
    pub size_bytes: usize,
    /// Of these, bytes of pages that readers hold now.
    pub pinned_bytes: usize,
    /// Bytes of pages that readers hold now and that are not kept.
    pub unkept_bytes: usize,
    /// Kept pages.
    pub page_count: usize,
    /// Pages that were found.
    pub hit_count: u64,
    /// Pages that were not, so that they were read and decoded.
    pub miss_count: u64,
    /// Of these, pages that were not kept because a large scan read them.
    pub bypass_count: u64,
    /// Of these, pages that were not kept because they found no place.
    pub refused_count: u64,
    /// Pages that made room for others.
    pub eviction_count: u64,
}

impl<V> Deref for PinnedPage<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.page
    }
}

impl<V> Borrow<V> for PinnedPage<V> {
    fn borrow(&self) -> &V {
        &self.page
    }
}

impl<V> Drop for Room<V> {
    fn drop(&mut self) {
        self.cache.give_back(self.size_bytes);
    }
}

impl<V> Pool<V> {
    /// Bytes that a kept page counts beside those of its values.
    pub const PAGE_OVERHEAD_BYTES: usize = Cache::<PageKey, V>::ENTRY_SIZE_BYTES;

    /// A pool for `capacity_bytes`; with 0 it keeps nothing and works.
    #[must_use]
    pub fn new(capacity_bytes: usize) -> Self {
        Self {
            cache: Arc::new(Cache::new(capacity_bytes)),
            bypass_count: AtomicU64::new(0),
            refused_count: AtomicU64::new(0),
        }
    }

    /// How a scan of pages with `total_bytes` in memory is to read them: one larger than half of
    /// the pool would fill it with what is not needed again.
    #[must_use]
    pub fn begin_scan(&self, total_bytes: usize) -> Access {
        let is_large = total_bytes > self.cache.capacity_bytes() / SCAN_PARTS;
        if is_large { Access::Scan } else { Access::Point }
    }

    /// A page, loaded if it is not kept: `load` returns it with the bytes it takes in memory. The
    /// pool is not locked meanwhile. Two threads that miss the same page at once both load it, and
    /// get the same one if it is kept.
    ///
    /// # Errors
    /// Those of `load`; nothing is kept then.
    pub fn get<E>(
        &self,
        key: &PageKey,
        access: Access,
        load: impl FnOnce() -> Result<(V, usize), E>,
    ) -> Result<PinnedPage<V>, E> {
        let found = match access {
            Access::Point => self.cache.get(key),
            Access::Scan => self.cache.peek(key),
        };
        if let Some(page) = found {
            return Ok(PinnedPage { page, _room: None });
        }
        let (page, size_bytes) = load()?;
        if access == Access::Scan {
            self.bypass_count.fetch_add(1, Ordering::Relaxed);
            return Ok(self.unkept(Arc::new(page), size_bytes));
        }
        let inserted = self.cache.insert(*key, page, size_bytes);
        if inserted.is_kept {
            return Ok(PinnedPage { page: inserted.value, _room: None });
        }
        self.refused_count.fetch_add(1, Ordering::Relaxed);
        Ok(self.unkept(inserted.value, size_bytes))
    }

    /// Forgets the pages whose keys meet the condition, as those of a cleared lane or an expired
    /// segment, and says how many there were. Readers keep what they hold. A reader that is
    /// loading such a page may still bring it in: it is never wrong, and goes when room is needed.
    /// The condition must not use the pool.
    pub fn remove_if(&self, condition: impl FnMut(&PageKey) -> bool) -> usize {
        self.cache.remove_if(condition)
    }

    /// What the pool holds. It looks at every page's entry, so it is for health, not for hot paths.
    #[must_use]
    pub fn usage(&self) -> PoolUsage {
        let cache = self.cache.usage();
        PoolUsage {
            capacity_bytes: cache.capacity_bytes,
            size_bytes: cache.size_bytes,
            pinned_bytes: cache.pinned_bytes,
            unkept_bytes: cache.aside_bytes,
            page_count: cache.entry_count,
            hit_count: cache.hit_count,
            miss_count: cache.miss_count,
            bypass_count: self.bypass_count.load(Ordering::Relaxed),
            refused_count: self.refused_count.load(Ordering::Relaxed),
            eviction_count: cache.eviction_count,
        }
    }

    fn unkept(&self, page: Arc<V>, size_bytes: usize) -> PinnedPage<V> {
        self.cache.set_aside(size_bytes);
        let room = Room { cache: Arc::clone(&self.cache), size_bytes };
        PinnedPage { page, _room: Some(room) }
    }
}

#[cfg(test)]
mod tests;
