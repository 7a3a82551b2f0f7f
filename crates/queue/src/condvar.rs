//! Sleeping while a word has a value, where there is no futex, and under loom.
//!
//! The lock is what a futex has inside: a waker that comes between the sleeper's look at the
//! word and its sleep waits for the lock, so its call is not lost.

use std::sync::PoisonError;
use std::time::Duration;

use crate::sync::{AtomicU32, Condvar, Mutex, Ordering};

/// Where the drain sleeps.
#[derive(Debug)]
pub(crate) struct Waiter {
    lock: Mutex<()>,
    condvar: Condvar,
}

impl Waiter {
    pub(crate) fn new() -> Self {
        Self { lock: Mutex::new(()), condvar: Condvar::new() }
    }

    /// Sleeps while `word` is `expected`, at most `duration`; may return early for no reason.
    pub(crate) fn wait(&self, word: &AtomicU32, expected: u32, duration: Option<Duration>) {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if word.load(Ordering::Relaxed) != expected {
            return;
        }
        match duration {
            None => drop(self.condvar.wait(guard)),
            Some(duration) => drop(self.condvar.wait_timeout(guard, duration)),
        }
    }

    /// Wakes whoever sleeps on `word`, which was changed before.
    pub(crate) fn wake(&self, _word: &AtomicU32) {
        drop(self.lock.lock());
        self.condvar.notify_all();
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_sleeper_is_woken_and_a_changed_word_is_not_slept_on() {
        // Promise: no wake-up is missed where there is no futex.
        let shared = Arc::new((Waiter::new(), AtomicU32::new(1)));
        let sleeper = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                while shared.1.load(Ordering::Acquire) == 1 {
                    shared.0.wait(&shared.1, 1, None);
                }
            }
        });
        shared.1.store(0, Ordering::Release);
        shared.0.wake(&shared.1);
        sleeper.join().unwrap();
        shared.0.wait(&shared.1, 1, None);
        shared.0.wait(&shared.1, 0, Some(Duration::from_millis(1)));
    }
}
