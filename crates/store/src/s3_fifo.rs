//! Which values a cache keeps: S3-FIFO, measured in bytes, with values that must not go.
//!
//! A new value comes into a small queue of a tenth of the room. When it reaches the front it
//! moves to the main queue if it was used at least twice meanwhile; else it goes, and its key
//! becomes a ghost. A key that returns while it is a ghost goes straight to the main queue, where
//! a used value goes round once more for every use, up to three. So a scan passes through the
//! small queue only. Source: Yang, Zhang, Qiu, Yue and Vinayak, "FIFO queues are all you need for
//! cache eviction", SOSP 2023, <https://doi.org/10.1145/3600006.3613147>.
//!
//! Invariants:
//! - every key of `entries` stands in exactly one queue, once, and no other key does;
//! - `size_bytes` of a queue is the sum over its entries;
//! - the sizes of both queues stay within `capacity_bytes`; with `aside_bytes` they exceed it
//!   only as far as values are pinned.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use crate::ghosts::Ghosts;

/// The small queue has one part in so many of the capacity: the paper's 10 %.
const SMALL_PARTS: usize = 10;
/// A single value may have one part in so many of the capacity.
const VALUE_PARTS: usize = 2;
/// Uses that are counted: the paper's two bits.
const USE_COUNT_MAX: u8 = 3;
/// Uses while in the small queue that earn a place in the main queue: the paper's "more than 1".
const USE_COUNT_TO_STAY: u8 = 2;

/// Values by key, with the order in which they go.
#[derive(Debug)]
pub struct S3Fifo<K, V> {
    entries: HashMap<K, Entry<V>>,
    small: Queue<K>,
    main: Queue<K>,
    ghosts: Ghosts,
    aside_bytes: usize,
    capacity_bytes: usize,
    eviction_count: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: Arc<V>,
    size_bytes: usize,
    use_count: u8,
}

/// Keys in the order in which they came.
#[derive(Debug)]
struct Queue<K> {
    keys: VecDeque<K>,
    size_bytes: usize,
}

impl<V> Entry<V> {
    /// Whether somebody outside holds the value. Those who do got it from here, under the lock of
    /// the cache, or from each other: where there is none now, none comes while the lock is held.
    fn is_pinned(&self) -> bool {
        Arc::strong_count(&self.value) > 1
    }
}

impl<K> Queue<K> {
    const fn new() -> Self {
        Self { keys: VecDeque::new(), size_bytes: 0 }
    }

    fn push(&mut self, key: K, size_bytes: usize) {
        self.keys.push_back(key);
        self.size_bytes += size_bytes;
    }
}

impl<K: Eq + Hash + Clone, V> S3Fifo<K, V> {
    /// What an entry costs beside its value: its places in map and queue, later its ghost, all
    /// twice because tables double when they grow, and the two counts of the `Arc`.
    pub const ENTRY_SIZE_BYTES: usize =
        2 * (size_of::<(K, Entry<V>)>() + size_of::<K>() + Ghosts::SIZE_BYTES) + 16;

    pub fn new(capacity_bytes: usize) -> Self {
        Self {
            entries: HashMap::new(),
            small: Queue::new(),
            main: Queue::new(),
            // The paper: as many ghosts as the main queue has places.
            ghosts: Ghosts::new(capacity_bytes - capacity_bytes / SMALL_PARTS),
            aside_bytes: 0,
            capacity_bytes,
            eviction_count: 0,
        }
    }

    /// The value of a key, used once more.
    pub fn get(&mut self, key: &K) -> Option<Arc<V>> {
        let entry = self.entries.get_mut(key)?;
        entry.use_count = USE_COUNT_MAX.min(entry.use_count + 1);
        Some(Arc::clone(&entry.value))
    }

    /// The value of a key, without counting as a use.
    pub fn peek(&self, key: &K) -> Option<Arc<V>> {
        self.entries.get(key).map(|entry| Arc::clone(&entry.value))
    }

    /// Takes a value for a key that has none, unless it finds no place: `false` then.
    pub fn insert(&mut self, key: &K, value: &Arc<V>, value_size_bytes: usize) -> bool {
        let size_bytes = value_size_bytes.saturating_add(Self::ENTRY_SIZE_BYTES);
        if size_bytes > self.capacity_bytes / VALUE_PARTS {
            return false;
        }
        let hash = self.entries.hasher().hash_one(key);
        let returns = self.ghosts.take(hash);
        let fits_small = size_bytes <= self.capacity_bytes / SMALL_PARTS;
        if !(returns || fits_small) || !self.make_room(size_bytes) {
            self.ghosts.add(hash, size_bytes);
            return false;
        }
        let entry = Entry { value: Arc::clone(value), size_bytes, use_count: 0 };
        self.entries.insert(key.clone(), entry);
        let queue = if returns { &mut self.main } else { &mut self.small };
        queue.push(key.clone(), size_bytes);
        true
    }

    /// Leaves this much room free, as far as values that are not pinned can make way.
    pub fn set_aside(&mut self, size_bytes: usize) {
        self.make_room(size_bytes);
        self.aside_bytes = self.aside_bytes.saturating_add(size_bytes);
    }

    /// Takes back room that was set aside.
    pub fn give_back(&mut self, size_bytes: usize) {
        self.aside_bytes = self.aside_bytes.saturating_sub(size_bytes);
    }

    /// Forgets the values of these keys, pinned or not, and says how many there were.
    pub fn remove_if(&mut self, mut condition: impl FnMut(&K) -> bool) -> usize {
        // All are asked before anything changes: the condition may panic.
        let asked = self.entries.keys().filter(|key| condition(key));
        let gone: HashSet<K> = asked.cloned().collect();
        for queue in [&mut self.small, &mut self.main] {
            queue.keys.retain(|key| !gone.contains(key));
        }
        self.entries.retain(|key, _| !gone.contains(key));
        for queue in [&mut self.small, &mut self.main] {
            let sizes = queue.keys.iter().filter_map(|key| self.entries.get(key));
            queue.size_bytes = sizes.map(|entry| entry.size_bytes).sum();
        }
        gone.len()
    }

    pub fn entry_count(&self) -> usize {
        self.entries.len()
    }

    pub const fn eviction_count(&self) -> u64 {
        self.eviction_count
    }

    pub const fn aside_bytes(&self) -> usize {
        self.aside_bytes
    }

    pub const fn capacity_bytes(&self) -> usize {
        self.capacity_bytes
    }

    /// Bytes of all entries.
    pub const fn size_bytes(&self) -> usize {
        self.small.size_bytes + self.main.size_bytes
    }

    /// Bytes of the entries whose value is in use outside.
    pub fn pinned_bytes(&self) -> usize {
        let pinned = self.entries.values().filter(|entry| entry.is_pinned());
        pinned.map(|entry| entry.size_bytes).sum()
    }

    /// Lets values go until `wanted_bytes` are free; `false` when too many are pinned.
    ///
    /// It ends: a pinned value is passed once in the small queue, and in the main queue once
    /// between two that are not pinned, and of those each goes in its fourth round at the latest.
    fn make_room(&mut self, wanted_bytes: usize) -> bool {
        let small_capacity_bytes = self.capacity_bytes / SMALL_PARTS;
        let (mut small_pinned, mut main_pinned) = (0, 0);
        while self.is_short_of(wanted_bytes) {
            let small_is_spent = small_pinned >= self.small.keys.len();
            let main_is_spent = main_pinned >= self.main.keys.len();
            if small_is_spent && main_is_spent {
                return false;
            }
            let small_is_next = main_is_spent || self.small.size_bytes > small_capacity_bytes;
            let from_small = small_is_next && !small_is_spent;
            let is_pinned = if from_small { self.pass_small() } else { self.pass_main() };
            match (is_pinned, from_small) {
                (true, true) => small_pinned += 1,
                (true, false) => main_pinned += 1,
                // The main queue may have a new last one, or one that was not spared for ever.
                (false, _) => main_pinned = 0,
            }
        }
        true
    }

    const fn is_short_of(&self, wanted_bytes: usize) -> bool {
        let taken_bytes = self.size_bytes().saturating_add(self.aside_bytes);
        taken_bytes.saturating_add(wanted_bytes) > self.capacity_bytes
    }

    /// Decides on the front of the small queue; `true` when it is pinned and went to the back.
    fn pass_small(&mut self) -> bool {
        let Some(key) = self.small.keys.pop_front() else { return false };
        let Some(entry) = self.entries.get_mut(&key) else { return false };
        if entry.is_pinned() {
            self.small.keys.push_back(key);
            return true;
        }
        let size_bytes = entry.size_bytes;
        self.small.size_bytes -= size_bytes;
        if entry.use_count >= USE_COUNT_TO_STAY {
            entry.use_count = 0;
            self.main.push(key, size_bytes);
        } else {
            self.ghosts.add(self.entries.hasher().hash_one(&key), size_bytes);
            self.evict(&key);
        }
        false
    }

    /// Decides on the front of the main queue; `true` when it is pinned and went to the back.
    fn pass_main(&mut self) -> bool {
        let Some(key) = self.main.keys.pop_front() else { return false };
        let Some(entry) = self.entries.get_mut(&key) else { return false };
        let is_pinned = entry.is_pinned();
        if is_pinned || entry.use_count > 0 {
            entry.use_count -= u8::from(!is_pinned);
            self.main.keys.push_back(key);
            return is_pinned;
        }
        self.main.size_bytes -= entry.size_bytes;
        self.evict(&key);
        false
    }

    fn evict(&mut self, key: &K) {
        self.entries.remove(key);
        self.eviction_count += 1;
    }
}

#[cfg(test)]
mod tests;
