//! How many files may be open for reading at once: whoever opens one takes a slot first.
//!
//! Rule: a thread holds at most one slot at a time, and gives it back before it waits for another
//! thread or runs code of a user. Then every holder goes on without a second one, so each slot
//! comes back and nobody waits for ever.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Descriptors that the readers of a process have open at once.
pub const DESCRIPTOR_COUNT_MAX: usize = 16;

/// A number of slots; clones share them.
#[derive(Debug, Clone)]
pub struct Slots {
    shared: Arc<Shared>,
}

/// A slot that is held until this is dropped.
#[derive(Debug)]
pub struct Slot {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    free_count: Mutex<usize>,
    freed: Condvar,
}

impl Default for Slots {
    fn default() -> Self {
        Self::new(DESCRIPTOR_COUNT_MAX)
    }
}

impl Slots {
    /// This many slots, at least one.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let free_count = Mutex::new(count.max(1));
        Self { shared: Arc::new(Shared { free_count, freed: Condvar::new() }) }
    }

    /// Takes a slot and waits for one if none is free. See the rule at the top of the file.
    #[must_use]
    pub fn acquire(&self) -> Slot {
        let free_count = self.shared.lock();
        let waited = self.shared.freed.wait_while(free_count, |count| *count == 0);
        let mut free_count = waited.unwrap_or_else(PoisonError::into_inner);
        *free_count -= 1;
        Slot { shared: Arc::clone(&self.shared) }
    }

    /// Slots that nobody holds.
    #[must_use]
    pub fn free_count(&self) -> usize {
        *self.shared.lock()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *self.shared.lock() += 1;
        self.shared.freed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.free_count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn no_more_slots_are_held_than_there_are() {
        // Promise: however many threads read, the limit holds, and all of them get their turn.
        let slots = Slots::new(3);
        let (held, highest) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let slot = slots.acquire();
                        highest
                            .fetch_max(held.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        thread::yield_now();
                        held.fetch_sub(1, Ordering::SeqCst);
                        drop(slot);
                    }
                });
            }
        });
        assert!(highest.into_inner() <= 3);
        assert_eq!(slots.free_count(), 3);
    }

    #[test]
    fn who_waits_gets_the_slot_that_is_given_back() {
        // Promise: a thread that finds none waits, and goes on as soon as one is free.
        let slots = Slots::new(0);
        let only = slots.acquire();
        assert_eq!(slots.free_count(), 0);
        let (sender, receiver) = channel();
        thread::scope(|scope| {
            let clone = slots.clone();
            scope.spawn(move || sender.send(clone.acquire()).unwrap());
            assert!(receiver.try_recv().is_err());
            drop(only);
            drop(receiver.recv().unwrap());
        });
        assert_eq!(slots.free_count(), 1);
    }

    #[test]
    fn a_panic_gives_its_slot_back() {
        // Promise: a reader that fails in the middle takes no slot along.
        let slots = Slots::default();
        let held = slots.acquire();
        let failed = thread::spawn(move || {
            let _held = held;
            panic!("a reader fails");
        });
        assert!(failed.join().is_err());
        assert_eq!(slots.free_count(), DESCRIPTOR_COUNT_MAX);
    }
}
