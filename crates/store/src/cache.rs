//! A cache of values in memory, bounded in bytes, that a scan does not empty.
//!
//! What stays is decided by [`S3Fifo`]. Values are handed out as `Arc`s. One that is held outside
//! is pinned: it is not evicted, since that would free nothing and lead to a second copy.
//!
//! Invariants:
//! - the kept values never have more than the capacity in all, pinned ones included;
//! - of a key there is one kept value at most, and whoever inserts it later gets that one;
//! - a value larger than a tenth of the capacity does not fit the small queue, so it is kept only
//!   when its key comes back soon; one larger than half is never kept. With a capacity of 0
//!   nothing is kept, and everything works.
//!
//! One mutex guards all. It is held for a look-up, or for the eviction of a few values, never
//! while a value is loaded; a reader works on a page a hundred times longer than that, so
//! shards would cost memory at their borders and gain nothing.

use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::s3_fifo::S3Fifo;

/// A bounded cache.
///
/// # Examples
/// ```
/// let cache = kronicler_store::Cache::<u32, String>::new(1 << 20);
/// assert!(cache.get(&1).is_none());
/// let inserted = cache.insert(1, "one".to_owned(), 3);
/// assert!(inserted.is_kept);
/// assert_eq!(*cache.get(&1).unwrap(), "one");
/// ```
pub struct Cache<K, V> {
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    values: S3Fifo<K, V>,
    hit_count: u64,
    miss_count: u64,
}

/// What became of a value given to [`Cache::insert`].
#[derive(Debug)]
pub struct Inserted<V> {
    /// The value, or the one that was there before it.
    pub value: Arc<V>,
    /// Whether the cache holds it, too.
    pub is_kept: bool,
}

/// What a cache holds, and what it was good for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheUsage {
    /// Bytes it may hold.
    pub capacity_bytes: usize,
    /// Bytes of the kept values with their entries, never above the capacity.
    pub size_bytes: usize,
    /// Of these, bytes of values that somebody holds.
    pub pinned_bytes: usize,
    /// Bytes that are set aside.
    pub aside_bytes: usize,
    /// Kept values.
    pub entry_count: usize,
    /// Look-ups that found their value.
    pub hit_count: u64,
    /// Look-ups that did not.
    pub miss_count: u64,
    /// Values that made room for others.
    pub eviction_count: u64,
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl<K: Eq + Hash + Clone, V> Cache<K, V> {
    /// Bytes that an entry counts beside those of its value.
    pub const ENTRY_SIZE_BYTES: usize = S3Fifo::<K, V>::ENTRY_SIZE_BYTES;

    /// A cache for `capacity_bytes`, of which nothing is taken yet.
    #[must_use]
    pub fn new(capacity_bytes: usize) -> Self {
        let values = S3Fifo::new(capacity_bytes);
        Self { state: Mutex::new(State { values, hit_count: 0, miss_count: 0 }) }
    }

    /// The value of a key, pinned while the caller holds it.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<Arc<V>> {
        let mut state = self.lock();
        let value = state.values.get(key);
        state.count(value.is_some());
        value
    }

    /// As [`Cache::get`], but the value does not stay longer because of it: for scans, which
    /// see everything once and say nothing about what is needed again.
    #[must_use]
    pub fn peek(&self, key: &K) -> Option<Arc<V>> {
        let mut state = self.lock();
        let value = state.values.peek(key);
        state.count(value.is_some());
        value
    }

    /// Offers a value of `size_bytes`, everything it points to included, and hands it back. When
    /// the key has a value already, because another thread was faster, that one is handed back.
    pub fn insert(&self, key: K, value: V, size_bytes: usize) -> Inserted<V> {
        let value = Arc::new(value);
        let mut state = self.lock();
        if let Some(earlier) = state.values.peek(&key) {
            drop(state);
            return Inserted { value: earlier, is_kept: true };
        }
        let is_kept = state.values.insert(&key, &value, size_bytes);
        Inserted { value, is_kept }
    }

    /// The value of a key, loaded if need be: `load` returns it with its size in bytes. Two
    /// threads that miss at once both load it, and get the same value if it is kept.
    ///
    /// # Errors
    /// Those of `load`; nothing is kept then.
    pub fn get_or_load<E>(
        &self,
        key: &K,
        load: impl FnOnce() -> Result<(V, usize), E>,
    ) -> Result<Arc<V>, E> {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let (value, size_bytes) = load()?;
        Ok(self.insert(key.clone(), value, size_bytes).value)
    }

    /// Takes room out of the capacity for memory that is used elsewhere, until
    /// [`Cache::give_back`]. Values go for it as far as they are not pinned; it is counted in any
    /// case, so that the next ones find no room before it is returned.
    pub fn set_aside(&self, size_bytes: usize) {
        self.lock().values.set_aside(size_bytes);
    }

    /// Returns room that was taken with [`Cache::set_aside`].
    pub fn give_back(&self, size_bytes: usize) {
        self.lock().values.give_back(size_bytes);
    }

    /// Forgets the values of all keys that meet the condition, and says how many there were.
    /// Whoever holds one of them keeps it, but it counts no longer. The condition is called with
    /// the cache locked: it must not use the cache.
    pub fn remove_if(&self, condition: impl FnMut(&K) -> bool) -> usize {
        self.lock().values.remove_if(condition)
    }

    /// What the cache holds. It looks at every entry, so it is for health, not for hot paths.
    #[must_use]
    pub fn usage(&self) -> CacheUsage {
        let state = self.lock();
        let values = &state.values;
        CacheUsage {
            capacity_bytes: values.capacity_bytes(),
            size_bytes: values.size_bytes(),
            pinned_bytes: values.pinned_bytes(),
            aside_bytes: values.aside_bytes(),
            entry_count: values.entry_count(),
            hit_count: state.hit_count,
            miss_count: state.miss_count,
            eviction_count: values.eviction_count(),
        }
    }

    /// Bytes the cache may hold.
    #[must_use]
    pub fn capacity_bytes(&self) -> usize {
        self.lock().values.capacity_bytes()
    }

    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> State<K, V> {
    const fn count(&mut self, is_hit: bool) {
        self.hit_count += is_hit as u64;
        self.miss_count += !is_hit as u64;
    }
}

#[cfg(test)]
mod tests;
