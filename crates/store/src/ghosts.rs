//! Keys that a cache gave up lately, as hashes, without their values: the ghosts of S3-FIFO.
//!
//! Invariants: the ghosts in the queue stand for at most `capacity_bytes` of values; a hash in
//! `numbers` has exactly one entry with its number in the queue, all other entries are stale.

use std::collections::{HashMap, VecDeque};

/// Hashes of keys, oldest first.
#[derive(Debug)]
pub struct Ghosts {
    /// By hash, the number of its live entry in the queue.
    numbers: HashMap<u64, u64>,
    queue: VecDeque<Ghost>,
    next_number: u64,
    size_bytes: usize,
    capacity_bytes: usize,
}

#[derive(Debug)]
struct Ghost {
    hash: u64,
    number: u64,
    /// Of the value that was given up.
    size_bytes: usize,
}

impl Ghosts {
    /// What one ghost costs in memory.
    pub const SIZE_BYTES: usize = size_of::<Ghost>() + size_of::<(u64, u64)>();

    /// Room for the ghosts of values of `capacity_bytes` in all.
    #[must_use]
    pub fn new(capacity_bytes: usize) -> Self {
        let (numbers, queue) = (HashMap::new(), VecDeque::new());
        Self { numbers, queue, next_number: 0, size_bytes: 0, capacity_bytes }
    }

    /// Remembers a key whose value had `size_bytes`; the oldest make room for it.
    pub fn add(&mut self, hash: u64, size_bytes: usize) {
        if size_bytes > self.capacity_bytes {
            return;
        }
        while self.size_bytes > self.capacity_bytes - size_bytes {
            let Some(oldest) = self.queue.pop_front() else { break };
            self.size_bytes -= oldest.size_bytes;
            if self.numbers.get(&oldest.hash) == Some(&oldest.number) {
                self.numbers.remove(&oldest.hash);
            }
        }
        self.numbers.insert(hash, self.next_number);
        self.queue.push_back(Ghost { hash, number: self.next_number, size_bytes });
        self.next_number += 1;
        self.size_bytes += size_bytes;
    }

    /// Whether a key is remembered; if so it is forgotten, since its value comes back.
    pub fn take(&mut self, hash: u64) -> bool {
        self.numbers.remove(&hash).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_ghosts_are_remembered() {
        // Promise: as many ghosts as stand for the capacity, the oldest vanish first.
        let mut ghosts = Ghosts::new(100);
        (0..20).for_each(|hash| ghosts.add(hash, 10));
        assert_eq!((ghosts.queue.len(), ghosts.size_bytes), (10, 100));
        assert!((0..10).all(|hash| !ghosts.take(hash)));
        assert!((10..20).all(|hash| ghosts.take(hash)));
        assert!((0..20).all(|hash| !ghosts.take(hash)));
        ghosts.add(1, 101);
        assert!(!ghosts.take(1));
    }

    #[test]
    fn a_ghost_that_came_again_counts_from_then() {
        // Promise: the stale entry of a key does not take its live one along.
        let mut ghosts = Ghosts::new(30);
        ghosts.add(1, 10);
        assert!(ghosts.take(1));
        ghosts.add(2, 10);
        ghosts.add(1, 10);
        ghosts.add(3, 10);
        assert!(ghosts.take(1) && ghosts.take(2) && ghosts.take(3));
    }
}
